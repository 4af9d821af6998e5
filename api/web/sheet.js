// One page: its picture with the lines drawn over it, and its text beside it; each marks the other.
import { attempt } from "./attempt.js";
import { button, drawn, make } from "./dom.js";
import { checkedMark, cropOf, edit } from "./editing.js";
import { drawBox, drawnText, scrollTo } from "./drawing.js";
import { FieldColumn } from "./fields.js";
import { say } from "./i18n.js";
import { showBlob } from "./pictures.js";
import { load, put, words } from "./service.js";
import { partsOf, shownTable } from "./tables.js";
import { marked, plainText, startsParagraph } from "./text.js";

export class Sheet {
  constructor(number, view) {
    this.number = number;
    this.view = view;
    this.lines = null;
    this.marked = this.editing = -1;
    this.image = make("img", { alt: "" });
    this.paper = make("div", { className: "paper", role: "img", label: ["pictureOf", number] }, this.image);
    this.picture = make("div", { className: "picture" }, this.paper);
    this.text = make("div", { className: "text" }, make("p", { className: "hint", say: "loading" }));
    this.node = make(
      "section",
      { className: "sheet", id: `page-${number}`, data: { page: number }, label: ["page", number] },
      make("h2", { say: ["page", number], tabIndex: -1 }),
      this.picture,
      this.text,
    );
  }

  /** Show what there is: called each time that the page comes near. */
  come() {
    this.near = true;
    this.loading ??= this.load();
    this.loading.then(() => this.near && this.showPicture());
    return this.loading;
  }

  /** Let go of the picture; the text stays, so that nothing moves. */
  go() {
    this.near = false;
    this.image.removeAttribute("src");
    this.hasPicture = false;
  }

  async load() {
    try {
      const page = await load(`/v1/jobs/${this.view.id}/pages/${this.number}`, this.view.signal);
      this.fill(page);
    } catch (error) {
      if (this.view.signal.aborted) return;
      this.fail(() => words(error));
      this.loading = error.status === 0 ? null : this.loading;
    }
  }

  /** Show the file that the reader chose, until the page is read. */
  async preview(file) {
    if (this.lines || !(await showBlob(this.image, file))) return;
    if (!this.lines) this.picture.style.aspectRatio = this.paper.style.aspectRatio = `${this.image.naturalWidth} / ${this.image.naturalHeight}`;
  }

  async showPicture() {
    if (this.hasPicture || !this.lines) return;
    this.hasPicture = true;
    const shown = await this.view.pictures.show(this.image, this.number);
    if (!shown) {
      this.image.removeAttribute("src");
      this.hasPicture = false;
      this.writeLines();
    }
    if (!this.near) this.go();
  }

  /** Without a picture, as of a page whose text came with its PDF: the lines where they stand. */
  writeLines() {
    if (this.written) return;
    this.written = true;
    this.svg.prepend(...this.lines.map(drawnText));
  }

  fill(page) {
    this.node.classList.remove("failed");
    this.lines = page.lines;
    this.width = page.width;
    this.node.style.setProperty("--ratio", page.width / page.height);
    this.paper.style.aspectRatio = this.picture.style.aspectRatio = `${page.width} / ${page.height}`;
    this.shapes = page.lines.map((line, index) => drawn("polygon", { points: line.box.map((point) => point.join(",")).join(" "), "data-line": index }));
    this.svg?.remove();
    this.svg = drawn("svg", { viewBox: `0 0 ${page.width} ${page.height}`, "aria-hidden": "true", preserveAspectRatio: "none" }, ...this.shapes);
    this.paper.append(this.svg);
    this.parts = partsOf(page);
    this.items = [];
    const list = make("div", { className: "parts" }, ...this.parts.map((part) => this.shown(part)));
    const copy = button("copyPage", () => this.view.copy(plainText(this.parts, this.lines)), { className: "quiet", say: ["copyPage", this.number] });
    const note = this.flaw ? [make("p", { className: "reason", say: ["flawed", this.flaw] })] : [];
    this.reading = [...note, ...(this.items.length ? [list, make("p", { className: "hint", say: "howToCorrect" }), copy] : [make("p", { className: "hint", say: "noText" })])];
    this.items.forEach((_, index) => this.write(index));
    this.showColumn();
    this.listen(list);
    this.weigh();
    this.view.onFilled(this);
  }

  /** A run of lines, or a table. */
  shown({ table, lines }) {
    for (const index of lines) {
      this.items[index] = make(table ? "div" : "li", { className: "line", tabIndex: index ? -1 : 0, data: { line: index } });
      if (!table && index > lines[0] && startsParagraph(this.lines[index - 1], this.lines[index])) this.items[index].classList.add("paragraph");
    }
    if (table) return shownTable(table, this.items, this.view.copy);
    return make("ol", { className: "lines", label: ["linesOf", this.number] }, ...lines.map((index) => this.items[index]));
  }

  /** The text beside the picture, or the fields, as the reader has chosen. */
  showColumn() {
    if (!this.lines) return;
    this.box(null);
    this.column = this.view.showsFields ? new FieldColumn(this, this.view.fields, this.view.isFirst(this)) : null;
    this.column?.show();
    this.text.replaceChildren(...(this.column ? [this.column.node] : this.reading));
  }

  /** Mark a place on the picture that is no line's. */
  box(box) {
    drawBox(this.svg, box);
  }

  /** Write a line as it is now: what it says, what was found in it, and who looked at it. */
  write(index, hits = []) {
    const { text, correction } = this.lines[index];
    const isNone = correction?.kind === "not_text";
    const words = isNone ? [make("s", { textContent: correction.original })] : marked(text, hits);
    this.items[index].classList.toggle("none", isNone);
    this.items[index].replaceChildren(...words, ...checkedMark(correction));
  }

  /** The lines that stand out and that nobody has looked at. */
  doubtful() {
    if (!this.lines) return [];
    return [...this.lines.keys()].filter((index) => this.isLow(this.lines[index]));
  }

  isLow({ confidence, correction }) {
    return confidence < this.view.threshold() && (!correction || correction.kind === "as_read");
  }

  /** Open the editor in a line; as one of a row (`isRow`), the next one in doubt follows. */
  open(index, isRow = false) {
    const line = this.lines[index];
    const path = `/v1/jobs/${this.view.id}/pages/${this.number}/lines/${index}`;
    const save = async (said) => {
      this.lines[index] = (await attempt(() => put(path, said))) ?? line;
      return this.lines[index] !== line;
    };
    const leave = async (step) => {
      this.editing = -1;
      this.write(index);
      this.weighLine(index);
      this.view.onCorrected(this);
      if (isRow && step && (await this.view.review.go(step, this.number, index))) return;
      this.focusLine(Math.min(isRow ? index : index + Math.max(step, 0), this.items.length - 1));
    };
    this.view.showText();
    if (this.editing >= 0) this.write(this.editing), this.weighLine(this.editing);
    this.editing = index;
    const crop = cropOf(this.image, line.box, this.width);
    const name = () => line.text;
    edit(this.items[index], { text: line.text, name, none: ["not_text", "notText"], crop, correction: line.correction, save, leave, isRow });
    this.items[index].scrollIntoView({ block: "nearest" });
    this.reveal(index);
    return true;
  }

  fail(why) {
    this.node.classList.add("failed");
    this.text.replaceChildren(make("p", { className: "reason", say: ["notRead", why] }));
  }

  /** Let the lines that are less sure than `threshold` stand out. */
  weigh() {
    this.lines?.forEach((_, index) => index === this.editing || this.weighLine(index));
    this.column?.show();
  }

  weighLine(index) {
    const low = this.isLow(this.lines[index]);
    for (const part of [this.shapes[index], this.items[index]]) part.classList.toggle("low", low);
    this.items[index].querySelector(".unsure")?.remove();
    if (low) this.items[index].append(make("span", { className: "unsure", say: ["unsure", this.lines[index].confidence] }));
  }

  listen(list) {
    for (const side of [this.paper, list]) {
      side.addEventListener("pointerover", (event) => this.mark(lineOf(event)));
      side.addEventListener("pointerleave", () => this.mark(-1));
    }
    this.paper.addEventListener("click", (event) => this.focusLine(lineOf(event)));
    list.addEventListener("click", (event) => this.onClick(event));
    list.addEventListener("focusin", (event) => this.reveal(lineOf(event)));
    list.addEventListener("focusout", () => this.mark(-1));
    list.addEventListener("keydown", (event) => this.onKey(event));
    list.addEventListener("dblclick", (event) => lineOf(event) >= 0 && this.open(lineOf(event)));
  }

  /** A second tap on a line opens it, as two clicks do. */
  onClick(event) {
    const at = lineOf(event);
    this.reveal(at);
    if (event.pointerType === "touch" && at >= 0 && at === this.tapped) this.open(at);
    this.tapped = at;
  }

  onKey(event) {
    const last = this.items.length - 1;
    const at = lineOf(event);
    if (event.key === "Enter" && event.target === this.items[at]) event.preventDefault(), this.open(at);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.focusLine(Math.min(Math.max(to, 0), last));
  }

  focusLine(index) {
    if (index < 0) return;
    for (const item of this.items) item.tabIndex = -1;
    this.items[index].tabIndex = 0;
    this.items[index].focus({ preventScroll: true });
    this.items[index].scrollIntoView({ block: "nearest" });
    this.reveal(index);
  }

  /** Mark a line, and bring it into view inside a picture that is zoomed. */
  reveal(index) {
    this.mark(index);
    if (index >= 0) scrollTo(this.picture, this.shapes[index]);
  }

  mark(index) {
    if (index === this.marked) return;
    for (const part of [this.shapes?.[this.marked], this.items?.[this.marked]]) part?.classList.remove("marked");
    this.marked = index;
    for (const part of [this.shapes?.[index], this.items?.[index]]) part?.classList.add("marked");
  }

  /** Wrap what a search found; `hits` are [line, start, end, current], in order. */
  highlight(hits) {
    this.items?.forEach((item, index) => {
      const own = hits.filter((hit) => hit.line === index);
      this.shapes[index].classList.toggle("hit", own.length > 0);
      if (index === this.editing || (!own.length && !item.querySelector("mark"))) return;
      this.write(index, own);
      this.weighLine(index);
    });
  }
}

const lineOf = (event) => Number(event.target.closest("[data-line]")?.dataset.line ?? -1);
