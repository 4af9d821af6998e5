// Tables of a page: shown as tables, and copied so that a spreadsheet takes them.
import { button, make } from "./dom.js";

/** What stands on a page in reading order: runs of lines, and tables, with the numbers of their lines. */
export function partsOf({ lines, tables = [] }) {
  const owners = new Map(tables.flatMap((table) => table.cells.flatMap((cell) => cell.lines.map((line) => [line, table]))));
  const parts = [];
  lines.forEach((_, line) => {
    const table = owners.get(line) ?? null;
    if (parts.at(-1)?.table !== table || !parts.length) parts.push({ table, lines: [] });
    parts.at(-1).lines.push(line);
  });
  return parts;
}

/** A table with its lines, `items` by their numbers, and a button that copies it. */
export function shownTable(table, items, copy) {
  const node = grid(table, (cell) => cell.lines.map((line) => items[line]));
  const copyIt = () => copy(tabbed(table), grid(table, (cell) => [cell.text]).outerHTML);
  return make("div", { className: "table" }, make("div", { className: "wide" }, node), button("copyTable", copyIt, { className: "quiet" }));
}

/** A row a line, a tab between cells; where a cell goes on, nothing stands. */
export function tabbed({ num_rows, num_columns, cells }) {
  const rows = Array.from({ length: num_rows }, () => Array(num_columns).fill(""));
  for (const { row, column, text } of cells) rows[row][column] = text;
  return rows.map((row) => row.join("\t").replace(/\t+$/, "")).join("\n");
}

function grid({ num_rows, cells }, content) {
  const rows = Array.from({ length: num_rows }, () => make("tr"));
  for (const cell of cells) {
    const place = make(cell.row ? "td" : "th", {}, ...content(cell));
    if (cell.row_span > 1) place.rowSpan = cell.row_span;
    if (cell.column_span > 1) place.colSpan = cell.column_span;
    rows[cell.row].append(place);
  }
  return make("table", {}, make("tbody", {}, ...rows));
}
