// Starts the page: the language, the files that come in, and which view is shown.
import { byId } from "./dom.js";
import { leaveHome, openHome, refresh, setUpHome } from "./home.js";
import { choose, otherLanguage, preferred, speak, t } from "./i18n.js";
import { forget, show as showKey } from "./key.js";
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
    const show = id.startsWith("bat_") ? (await import("./batch.js")).openBatch : (await import("./viewer.js")).openJob;
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
  await choose(otherLanguage());
  showSwitch();
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
takeFiles((address, single) => {
  if (single && !byId("home").hidden) location.hash = address;
  else if (byId("home").hidden) location.hash = "#/";
  else refresh();
});
addEventListener("hashchange", open);
document.documentElement.classList.add("ready");
open();
