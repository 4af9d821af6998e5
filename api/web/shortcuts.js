// Keys that do something wherever the focus is, and the sheet that tells of them.
import { ask, byId, make } from "./dom.js";
import { t } from "./i18n.js";

const kept = "docchu.single-keys";
const handlers = new Map();
const told = [
  ["/", "keySearch"], ["d", "keyDoubtful"], ["e", "keyEdit"], ["+ − 0", "keyZoom"], ["f", "keyFields"],
  ["n p", "keyNeighbours"], ["↑ ↓", "keyLines"], ["Enter", "keyEnter"], ["Shift + Enter", "keyNotText"],
  ["Tab", "keyTab"], ["Esc", "keyEscape"], ["?", "help"],
];

const isOn = () => localStorage.getItem(kept) !== "off";

/** Let keys do something until `signal` aborts; `actions` by the key. */
export function onKeys(actions, signal) {
  for (const [key, action] of Object.entries(actions)) handlers.set(key, action);
  signal?.addEventListener("abort", () => Object.entries(actions).forEach(([key, action]) => handlers.get(key) === action && handlers.delete(key)));
}

export function setUpShortcuts() {
  onKeys({ "?": showHelp });
  byId("show-help").addEventListener("click", showHelp);
  byId("single-keys").addEventListener("change", ({ target }) => localStorage.setItem(kept, target.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    const action = handlers.get(event.key);
    if (!action || event.ctrlKey || event.metaKey || event.altKey || isBusy(event.target) || !isOn()) return;
    event.preventDefault();
    action();
  });
}

/** Where somebody writes, keys are letters; speech input writes anywhere, so all can be switched off. */
const isBusy = (target) => target.closest("input, textarea, select, dialog, [contenteditable]") && target.type !== "range";

function showHelp() {
  const rows = told.flatMap(([keys, said]) => [make("dt", {}, ...keys.split(" ").map((key) => (key === "+" && keys.length > 5 ? " + " : make("kbd", { textContent: key })))), make("dd", { textContent: t(said) })]);
  byId("help-keys").replaceChildren(...rows);
  byId("single-keys").checked = isOn();
  ask(byId("help-dialog"));
}
