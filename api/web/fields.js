// What a document says, beside the picture: each field marks its box, warnings stand over them, and
// what is wrong is set right in its place.
import { attempt } from "./attempt.js";
import { make } from "./dom.js";
import { checkedMark, cropOf, edit } from "./editing.js";
import { fieldName, say, t, typeName } from "./i18n.js";
import { blocks, call, put } from "./service.js";

/** The fields of a document, loaded once for each type that is asked for. */
export class Fields {
  constructor(view) {
    this.view = view;
    this.found = null;
  }

  /** `type`: `auto`, or a type of document. */
  async load(type) {
    const answer = await call(`/v1/jobs/${this.view.id}/result?format=json&partial=true&extract=${type}`, { signal: this.view.signal });
    let last = "";
    for await (const text of blocks(answer, "\n")) if (text.startsWith("]")) last = text; // the pages are let go as they come
    this.found = JSON.parse(last.replace(/^\],\s*/, "{")).fields;
  }

  /** Those of one page; of the first shown page also the type, the warnings, and what has no place. */
  of(page, isFirst) {
    const own = (field) => field.page === page || (isFirst && field.page === null);
    const plain = Object.entries(this.found.fields).filter(([, field]) => own(field));
    const items = this.found.items.map((item, index) => [index + 1, item]).filter(([, item]) => Object.values(item).some(own));
    return { plain, items, absent: isFirst ? Object.entries(this.found.absent ?? {}) : [] };
  }

  async correct(name, said) {
    const body = { document_type: this.found.document_type, ...said };
    const found = await attempt(() => put(`/v1/jobs/${this.view.id}/fields/${encodeURIComponent(name)}`, body));
    if (found) this.found = found;
    return Boolean(found);
  }
}

/** The fields of one page, in a column beside its picture. */
export class FieldColumn {
  constructor(sheet, fields, isFirst) {
    Object.assign(this, { sheet, fields, isFirst });
    this.node = make("div", { className: "field-column" });
  }

  show() {
    this.rows = [];
    const { plain, items, absent } = this.fields.of(this.sheet.number, this.isFirst);
    const { document_type: type, confidence, warnings } = this.fields.found;
    const head = this.isFirst ? [make("p", { className: "type", say: type ? ["typeOf", () => typeName(type), confidence] : "noType" }), ...warnings.map(shownWarning)] : [];
    const list = make("dl", { className: "field-list" });
    for (const [name, field] of plain) list.append(...this.row(name, field, fieldName(name)));
    for (const [name, correction] of absent) list.append(...this.row(name, { text: "", confidence: 1, correction }, fieldName(name)));
    const table = items.length ? [this.table(items)] : [];
    const none = !plain.length && !table.length && !absent.length && !this.isFirst ? [make("p", { className: "hint", say: "noFields" })] : [];
    this.node.replaceChildren(...head, ...(list.children.length ? [list] : []), ...table, ...none);
  }

  row(name, field, title) {
    const value = make("dd", {}, this.value(name, field, title));
    return [make("dt", { textContent: title }), value];
  }

  /** What is shown of a field: a button that marks its box, and opens the editor. */
  value(name, field, title) {
    const shown = make("button", { type: "button", className: "value", data: { field: name } });
    label(shown, title, field);
    if (field.text) shown.append(field.text);
    else shown.append(make("i", { say: "saidAbsent" }));
    const exact = field.value !== null && field.value !== undefined && String(field.value) !== field.text;
    if (exact) shown.append(make("span", { className: "hint exact", textContent: `${field.value}${field.currency ? ` ${field.currency}` : ""}` }));
    const isWarned = this.fields.found.warnings.some((warning) => warning.fields.includes(name));
    if (!field.correction && (field.confidence < this.sheet.view.threshold() || isWarned)) shown.classList.add("low"), shown.append(make("span", { className: "unsure", say: ["unsure", field.confidence] }));
    shown.append(...checkedMark(field.correction));
    const mark = () => this.sheet.box(field.page === this.sheet.number ? field.box : null);
    shown.addEventListener("focus", mark);
    shown.addEventListener("pointerenter", mark);
    for (const gone of ["blur", "pointerleave"]) shown.addEventListener(gone, () => this.sheet.box(null));
    shown.addEventListener("click", () => this.open(shown.parentNode, name, field, title));
    this.rows.push(shown);
    return shown;
  }

  table(items) {
    const columns = [...new Set(items.flatMap(([, item]) => Object.keys(item)))];
    const head = make("tr", {}, make("th", { textContent: "#" }), ...columns.map((name) => make("th", { textContent: fieldName(name) })));
    const rows = items.map(([number, item]) =>
      make("tr", {}, make("td", { textContent: number }), ...columns.map((name) => make("td", {}, item[name] ? this.value(`items[${number}].${name}`, item[name], `${fieldName(name)} ${number}`) : ""))),
    );
    return make("div", { className: "wide table" }, make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
  }

  open(host, name, field, title) {
    const at = this.rows.findIndex((row) => row.dataset.field === name);
    const editor = edit(host, {
      text: field.text,
      name: title,
      none: ["absent", "saysAbsent"],
      crop: field.page === this.sheet.number ? cropOf(this.sheet.image, field.box, this.sheet.width) : null,
      correction: field.correction,
      save: (said) => this.fields.correct(name, said),
      leave: (step) => {
        this.show();
        // Warnings stand on the first page, whatever page a field is on.
        for (const other of this.sheet.view.sheets.values()) if (other !== this.sheet) other.column?.show();
        this.rows[Math.min(Math.max(at + step, 0), this.rows.length - 1)]?.focus();
      },
    });
    this.sheet.box(field.page === this.sheet.number ? field.box : null);
    return editor;
  }
}

function label(node, title, field) {
  node.setAttribute("aria-label", `${title}: ${field.text || t("saidAbsent")}`);
}

function shownWarning({ detail, found }) {
  const sides = found.length > 1 ? make("span", { className: "sides", textContent: found.join(" ≠ ") }) : "";
  return make("p", { className: "warning" }, make("span", { textContent: detail }), " ", sides);
}

/** The choice between the text and the fields of a document. */
export function choosing(onText, onFields) {
  const text = make("button", { type: "button", say: "asText", ariaPressed: "true", on: { click: () => onText() } });
  const fields = make("button", { type: "button", say: "asFields", ariaPressed: "false", on: { click: () => onFields() } });
  const set = (isFields) => ((text.ariaPressed = String(!isFields)), (fields.ariaPressed = String(isFields)));
  return { group: make("div", { className: "group switch", role: "group", label: "shownAs" }, text, fields), set };
}
