// Finds text in lines; without regard to diacritics if the query has none, never to case.
import { blocks } from "./service.js";

/** Each character without case, and without its marks if `bare`; always as many as there were. */
function folded(text, bare) {
  return Array.from(text, (character) => {
    const lower = character.toLowerCase();
    return bare ? plain(lower) : lower;
  });
}

// Everything but the first of a decomposed character is a mark; đ has none that could come off.
const plain = (character) => (character === "đ" ? "d" : character.normalize("NFD").replace(/(?!^)\p{M}/gu, ""));
const isPlain = (text) => folded(text, true).join("") === folded(text, false).join("");

/** Where `query` is in `text`: [start, end] in UTF-16 units, in order, without overlaps. */
export function find(text, query) {
  const wanted = query.normalize("NFC").trim();
  if (!wanted) return [];
  const bare = isPlain(wanted);
  const needle = folded(wanted, bare).join("");
  const parts = folded(text, bare);
  const originals = Array.from(text);
  const ends = []; // for each unit of the folded text: which character it is of
  parts.forEach((part, index) => ends.push(...Array(part.length).fill(index)));
  const hay = parts.join("");
  const starts = originals.reduce((all, one) => [...all, all.at(-1) + one.length], [0]);
  const hits = [];
  for (let at = hay.indexOf(needle); at >= 0; at = hay.indexOf(needle, at + needle.length)) {
    hits.push([starts[ends[at]], starts[ends[at + needle.length - 1] + 1]]);
  }
  return hits;
}

/** All hits in a document: [{page, line, start, end}], from its pages' texts. */
export function findAll(pages, query) {
  return pages.flatMap(({ page, lines }) =>
    lines.flatMap((text, line) => find(text, query).map(([start, end]) => ({ page, line, start, end }))),
  );
}

/** The texts of all lines of a result in JSON, page by page: the rest of it is let go as it comes. */
export async function textsOf(answer) {
  const pages = [];
  for await (const text of blocks(answer, "\n")) {
    if (!text.startsWith('{"page"')) continue; // what stands around the pages
    const { page, lines } = JSON.parse(text.replace(/,$/, ""));
    pages.push({ page, lines: lines.map((line) => line.text) });
  }
  return pages;
}
