// What is asked for with each document that comes in: pages, fields, the text layer, a password.
import { byId, make } from "./dom.js";
import { say, t, typeName } from "./i18n.js";

const names = ["pages", "extract", "text_layer", "language_model"];

export function setUpOptions() {
  const types = document.documentElement.dataset.types.split(" ").filter(Boolean);
  const choices = [["", "extractNone"], ["auto", "extractAuto"], ...types.map((type) => [type, "plain", () => typeName(type)])];
  byId("option-extract").append(...choices.map(([value, ...said]) => make("option", { value, say: said })));
  byId("options-form").addEventListener("input", show);
  byId("options-form").addEventListener("submit", (event) => event.preventDefault());
  show();
}

/** Put what was chosen into a form; a password goes with one document, never with a batch. */
export function addOptions(form, isBatch) {
  const given = new FormData(byId("options-form"));
  for (const name of [...names, ...(isBatch ? [] : ["password"])]) {
    const value = given.get(name).trim();
    if (value) form.append(name, value);
  }
}

/** How many are other than usual: they are out of sight while the list is closed. */
function show() {
  const given = new FormData(byId("options-form"));
  const count = [...given.values()].filter((value) => value.trim()).length;
  say(byId("chosen"), "plain", () => (count ? t("chosen", count) : ""));
}
