// Making elements, the toast, and the two dialogs.
import { label, say } from "./i18n.js";

const namespace = "http://www.w3.org/2000/svg";
export const byId = (id) => document.getElementById(id);

/** Make an element; `say` and `label` hold a key of the words, or a key with its values. */
export function make(tag, { say: said, label: labelled, on = {}, data = {}, ...properties } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  for (const [name, listener] of Object.entries(on)) node.addEventListener(name, listener);
  Object.assign(node.dataset, data);
  if (said) say(node, ...[said].flat());
  if (labelled) label(node, ...[labelled].flat());
  node.append(...children);
  return node;
}

export function drawn(tag, attributes, ...children) {
  const node = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function button(said, onClick, properties = {}) {
  return make("button", { type: "button", say: said, on: { click: onClick }, ...properties });
}

let hiding = 0;
export function toast(key, ...values) {
  const node = say(byId("toast"), key, ...values);
  node.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => node.classList.remove("shown"), 4000);
}

/** Show a dialog until it is closed; whether it was closed by its main button. */
export function ask(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "cancel";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok"), { once: true });
    dialog.showModal();
  });
}

export function confirmErasing(name) {
  say(byId("confirm-text"), "confirmErase", name);
  return ask(byId("confirm-dialog"));
}
