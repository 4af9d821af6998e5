// The API key: asked for when the service wants one, kept in this tab's session only.
import { ask, byId } from "./dom.js";
import { say } from "./i18n.js";

const kept = "docchu.key";
let asking = null;

export const currentKey = () => sessionStorage.getItem(kept);

export function headers() {
  const key = currentKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Ask for a key in place of `refused`; whether there is another one now. */
export async function another(refused) {
  if (currentKey() !== refused) return true; // another request has asked meanwhile
  asking ??= askOnce(refused).finally(() => (asking = null));
  return asking;
}

export function forget() {
  sessionStorage.removeItem(kept);
  show();
}

export function show() {
  byId("forget-key").hidden = !currentKey();
}

async function askOnce(refused) {
  const input = byId("key");
  input.value = "";
  say(byId("key-reason"), refused ? "keyWrong" : "keyWanted");
  const given = (await ask(byId("key-dialog"))) && input.value.trim();
  input.value = "";
  if (!given) return false;
  sessionStorage.setItem(kept, given);
  show();
  return true;
}
