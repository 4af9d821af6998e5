// Menus of what can be taken away, and the taking: of a document's result, and of a whole batch's.
import { make, toast } from "./dom.js";
import { batchEnded } from "./batches.js";
import { formatName } from "./i18n.js";
import { currentKey } from "./key.js";
import { call, words } from "./service.js";

/** A button that opens a list; `choices` are pairs of what is said of each and what it does. */
function menu(choices) {
  const node = make("details", { className: "menu" }, make("summary", { say: "download" }));
  const items = choices.map(([said, format, take]) =>
    make("li", {}, make("button", { type: "button", say: ["plain", said], data: { format }, on: { click: () => (take(), (node.open = false)) } })),
  );
  const list = make("ul", {}, ...items);
  node.append(list);
  // The tools are one row that scrolls sideways: what opens from it stands over the page.
  node.addEventListener("toggle", () => {
    if (!node.open) return;
    const { bottom, right } = node.getBoundingClientRect();
    list.style.top = `${bottom + 4}px`;
    list.style.left = `${Math.max(8, Math.min(right - list.offsetWidth, innerWidth - list.offsetWidth - 8))}px`;
    list.style.maxHeight = `${innerHeight - bottom - 16}px`;
    addEventListener("scroll", () => (node.open = false), { once: true });
  });
  document.addEventListener("click", (event) => node.contains(event.target) || (node.open = false));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !node.open) return;
    node.open = false;
    node.firstChild.focus();
  });
  return node;
}

/** Where a result is, or what was read of a document that was canceled. */
export const resultOf = (id, format) => `/v1/jobs/${id}/result?format=${format}&partial=true`;

/** The formats of a document's result. */
export function jobDownloads(id, name) {
  const formats = document.documentElement.dataset.formats.split(" ");
  return menu(formats.map((format) => [() => formatName(format), format, () => save(resultOf(id, format), `${name}.${format}`)]));
}

/** The results of a batch: line by line at any time, as a zip once it has ended. */
export function batchDownloads(batch) {
  const results = batch.links.results;
  const zip = (as) => [() => formatName(`zip-${as}`), `zip-${as}`, () => saveLarge(`${results}?format=zip&as=${as}`, `${batch.id}.zip`)];
  const lines = [() => formatName("ndjson"), "ndjson", () => saveLarge(results, `${batch.id}.ndjson`)];
  return menu(batchEnded(batch) ? [zip("text"), zip("docx"), zip("json"), lines] : [lines]);
}

/** Straight to the disk, however large it is, where the browser needs no key for it. */
function saveLarge(path, name) {
  if (currentKey()) return save(path, name);
  make("a", { href: path, download: name }).click();
}

async function save(path, name) {
  try {
    const answer = await call(path);
    const address = URL.createObjectURL(await answer.blob());
    make("a", { href: address, download: fileName(answer, name) }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  } catch (error) {
    toast("downloadFailed", () => words(error));
  }
}

/** As the service names it (RFC 6266), else as we do. */
function fileName(answer, name) {
  const header = answer.headers.get("Content-Disposition") ?? "";
  const encoded = header.match(/filename\*=UTF-8''([^;]+)/i)?.[1];
  return encoded ? decodeURIComponent(encoded) : (header.match(/filename="?([^";]+)"?/)?.[1] ?? name);
}
