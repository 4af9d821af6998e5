// The tools over a result: search, zoom, the threshold of doubt, copying, downloads.
import { button, make, toast } from "./dom.js";
import { jobDownloads, resultOf } from "./downloads.js";
import { label, say } from "./i18n.js";
import { findAll, textsOf } from "./search.js";
import { call, words } from "./service.js";

const keptThreshold = "docchu.threshold";
const zooms = [1, 1.5, 2, 3, 4];

/** Copy text, or what a promise of text brings, as `html`, too, if given; the older way where the page is on plain http. */
export async function copy(text, html) {
  try {
    if (navigator.clipboard && window.ClipboardItem) {
      // A promise inside: Safari allows copying only from within the click itself.
      const blob = Promise.resolve(text).then((value) => new Blob([value], { type: "text/plain" }));
      const rich = html ? { "text/html": new Blob([html], { type: "text/html" }) } : {};
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob, ...rich })]);
    } else copyBySelection(await text);
    toast("copied");
  } catch (error) {
    toast(error.name === "Problem" ? "plain" : "copyFailed", () => words(error));
  }
}

function copyBySelection(text) {
  const area = make("textarea", { value: text, className: "away" });
  const before = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  before?.focus();
  if (!copied) throw new Error("copy");
}

/** Copying and downloading the whole result. */
export function takingAway(id, name) {
  const text = () => call(resultOf(id, "text")).then((answer) => answer.text());
  return [button("copyText", () => copy(text())), jobDownloads(id, name)];
}

/** Zoom of all pictures by a variable of `pages`. */
export function zooming(pages) {
  let at = 0;
  const value = make("output", { textContent: "100%" });
  const set = (to) => {
    at = Math.min(Math.max(to, 0), zooms.length - 1);
    pages.style.setProperty("--zoom", zooms[at]);
    pages.classList.toggle("zoomed", at > 0);
    for (const picture of pages.querySelectorAll(".picture")) reachable(picture, at > 0);
    say(value, "percent", zooms[at]);
  };
  set(0);
  const group = make(
    "div",
    { className: "group zoom", role: "group", label: "zoom" },
    button("plain", () => set(at - 1), { say: ["plain", "−"], label: "zoomOut" }),
    value,
    button("plain", () => set(at + 1), { say: ["plain", "+"], label: "zoomIn" }),
    button("zoomFit", () => set(0)),
  );
  return { group, fit: (picture) => reachable(picture, at > 0), by: (step) => set(step ? at + step : 0) };
}

/** What can be scrolled must be reached with the keyboard. */
function reachable(picture, can) {
  if (!can) return ["tabindex", "role", "aria-label", "data-i18n-label"].forEach((name) => picture.removeAttribute(name));
  picture.tabIndex = 0;
  picture.setAttribute("role", "group");
  label(picture, "pictureOf", Number(picture.closest(".sheet").dataset.page));
}

/** The confidence under which a line stands out. */
export function doubting(onChange) {
  const output = make("output", {});
  const range = make("input", { type: "range", min: 50, max: 100, step: 5, id: "threshold", value: localStorage.getItem(keptThreshold) ?? 80 });
  const threshold = () => range.value / 100;
  const show = () => say(output, "percent", threshold());
  range.addEventListener("input", () => {
    localStorage.setItem(keptThreshold, range.value);
    show();
    onChange(threshold());
  });
  show();
  const group = make("div", { className: "group doubt" }, make("label", { htmlFor: "threshold", say: "threshold" }), range, output);
  return { group, threshold };
}

/** Search through the whole result, which is loaded at the first use; `onHits` shows, `onGo` goes to. */
export function searching(id, onHits, onGo) {
  let pages = null;
  let hits = [];
  let at = -1;
  const input = make("input", { type: "search", maxLength: 200, label: "search" });
  const count = make("span", { className: "count", role: "status" });
  const move = (step) => {
    if (!hits.length) return;
    at = (at + step + hits.length) % hits.length;
    hits.forEach((hit, index) => (hit.current = index === at));
    say(count, "found", at + 1, hits.length);
    onHits(hits);
    onGo(hits[at]);
  };
  const search = async () => {
    pages ??= call(resultOf(id, "json")).then(textsOf);
    const query = input.value;
    const found = findAll(await pages, query);
    if (query !== input.value) return;
    [hits, at] = [found, -1];
    onHits(hits);
    if (hits.length) move(1);
    else if (query.trim()) say(count, "found", 0, 0);
    else say(count, "plain", "");
  };
  input.addEventListener("input", () => search().catch((error) => ((pages = null), toast("plain", () => words(error)))));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") move(event.shiftKey ? -1 : 1);
  });
  const group = make("div", { className: "group search", role: "search" }, input, button("plain", () => move(-1), { say: ["plain", "↑"], label: "previous" }), button("plain", () => move(1), { say: ["plain", "↓"], label: "next" }), count);
  return { group, forget: () => (pages = null) };
}
