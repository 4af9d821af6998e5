// The text of a page: its paragraphs, what is marked in a line, and all of it to be copied.
import { make } from "./dom.js";
import { tabbed } from "./tables.js";

/** The parts of a page (tables.js) as plain text; lines that are no text are left out. */
export function plainText(parts, lines) {
  const text = ({ table, lines: own }) => {
    if (table) return tabbed(table);
    return own.filter((index) => lines[index].text).map((index) => (index > own[0] && startsParagraph(lines[index - 1], lines[index]) ? "\n" : "") + lines[index].text).join("\n");
  };
  return parts.map(text).join("\n\n");
}

export function* marked(text, hits) {
  let at = 0;
  for (const { start, end, current } of hits) {
    yield text.slice(at, start);
    yield make("mark", { textContent: text.slice(start, end), className: current ? "current" : "" });
    at = end;
  }
  yield text.slice(at);
}


/** As the service does it for plain text: the gap is clearly more than the leading of running text. */
export function startsParagraph(above, below) {
  const span = ({ box }) => [Math.min(...box.map(([, y]) => y)), Math.max(...box.map(([, y]) => y))];
  const [top, bottom] = span(above);
  const gap = span(below)[0] - bottom;
  return gap < top - bottom || gap > 0.9 * (bottom - top);
}
