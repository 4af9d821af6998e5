// The language of the page: the browser's or the chosen one, and every text that has been said in it.
const loaders = { vi: () => import("./vi.js"), en: () => import("./en.js") };
const kept = "docchu.language";
let language = "en";
let words = {};

export const currentLanguage = () => language;
export const otherLanguage = () => (language === "vi" ? "en" : "vi");

export function t(key, ...values) {
  const found = words[key];
  return typeof found === "function" ? found(...values) : (found ?? key);
}

/** The reason in words: ours for a known code, the service's otherwise. */
export function reason(code, detail) {
  const said = words.codes?.[code];
  return typeof said === "function" ? said(detail) : (said ?? detail ?? code);
}
export const typeName = (type) => words.types?.[type] ?? plainName(type);
export const fieldName = (name) => words.fields?.[name] ?? plainName(name);
const plainName = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");
export const formatName = (format) => words.formats?.[format] ?? format;

/** Set an element's text, so that it follows the language; values may be functions of it. */
export function say(node, key, ...values) {
  node.dataset.i18n = key;
  node.saying = values;
  node.textContent = t(key, ...spoken(values));
  return node;
}

/** The same for what assistive technology calls the element. */
export function label(node, key, ...values) {
  node.dataset.i18nLabel = key;
  node.labelling = values;
  node.setAttribute("aria-label", t(key, ...spoken(values)));
  if (node.type === "search") node.placeholder = node.ariaLabel;
  return node;
}

const spoken = (values) => values.map((value) => (typeof value === "function" ? value() : value));

export async function speak(chosen) {
  words = (await loaders[chosen]()).default;
  language = chosen;
  document.documentElement.lang = chosen;
  for (const node of document.querySelectorAll("[data-i18n]")) {
    say(node, node.dataset.i18n, ...(node.saying ?? []));
  }
  for (const node of document.querySelectorAll("[data-i18n-label]")) {
    label(node, node.dataset.i18nLabel, ...(node.labelling ?? []));
  }
}

export async function choose(chosen) {
  await speak(chosen);
  localStorage.setItem(kept, chosen);
}

/** What was chosen before, else the first of the browser's languages that there is. */
export function preferred() {
  const wanted = [localStorage.getItem(kept), ...navigator.languages];
  return wanted.map((tag) => tag?.slice(0, 2).toLowerCase()).find((tag) => tag in loaders) ?? "en";
}
