// Starts the page: the language, the files that come in, and which view is shown.
import { attempt } from "./attempt.js";
import { button, byId, make } from "./dom.js";
import { leaveHome, openHome, refresh, setUpHome } from "./home.js";
import { choose, otherLanguage, preferred, speak, t } from "./i18n.js";
import { forget, show as showKey } from "./key.js";
import { present, watched } from "./presence.js";
import { setUpOptions } from "./options.js";
import { Problem } from "./service.js";
import { setUpShortcuts } from "./shortcuts.js";
import { takeFiles } from "./uploads.js";

let leave = null;
let opened = 0;
const names = { vi: "Tiếng Việt", en: "English" };

async function open() {
  const turn = ++opened;
  leave?.();
  leave = null;
  const [, id] = location.hash.match(/^#\/(?:jobs|batches)\/((?:job|bat)_[\w-]+)$/) ?? [];
  if (id) {
    leaveHome();
    byId("job").hidden = false;
    byId("job").replaceChildren(make("h1", { tabIndex: -1, say: "loading" }));
    const show = await watched(viewOf(id)).catch(() => showUnfetched);
    if (turn !== opened) return; // the reader has gone on meanwhile
    leave = show(id, byId("job"));
  } else {
    byId("job").hidden = true;
    byId("job").replaceChildren();
    document.title = t("homeTitle");
    openHome();
  }
  if (turn > 1) byId(id ? "job" : "home").querySelector("h1")?.focus();
}

async function viewOf(id) {
  if (id.startsWith("bat_")) return (await import("./batch.js")).openBatch;
  return (await import("./viewer.js")).openJob;
}

/** In the place of a view whose script cannot be fetched. */
function showUnfetched(id, root) {
  const title = make("h1", { tabIndex: -1, say: "unfetched" });
  // Browsers may remember that a script is not there: the page has to be fetched again.
  const again = button("tryAgain", () => present().then(() => location.reload()));
  root.replaceChildren(make("div", { className: "head" }, make("a", { href: "#/", say: "back" }), title, again));
  present();
}

function showSwitch() {
  const node = byId("language");
  node.textContent = names[otherLanguage()];
  node.lang = otherLanguage();
  if (!byId("home").hidden) document.title = t("homeTitle");
}

await speak(preferred());
showSwitch();
showKey();
byId("language").addEventListener("click", async () => {
  const unfetched = () => Promise.reject(new Problem(0));
  if (await attempt(() => watched(choose(otherLanguage())).then(() => true, unfetched))) showSwitch();
});
byId("forget-key").addEventListener("click", () => {
  forget();
  refresh();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address says which view is shown
  byId("main").querySelector("section:not([hidden]) h1")?.focus();
});
setUpHome();
setUpOptions();
setUpShortcuts();
takeFiles((address, single) => {
  if (single && !byId("home").hidden) location.hash = address;
  else if (byId("home").hidden) location.hash = "#/";
  else refresh();
});
addEventListener("hashchange", open);
document.documentElement.classList.add("ready");
open();
