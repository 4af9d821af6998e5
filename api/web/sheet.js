// One page: its picture with the lines drawn over it, and its text beside it; each marks the other.
import { button, drawn, make } from "./dom.js";
import { say } from "./i18n.js";
import { showBlob } from "./pictures.js";
import { load, words } from "./service.js";
import { partsOf, shownTable, tabbed } from "./tables.js";

export class Sheet {
  constructor(number, view) {
    this.number = number;
    this.view = view; // { id, signal, pictures, tools, localFile, onMark }
    this.lines = null;
    this.marked = -1;
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
    const texts = this.lines.map(({ text, box: [[left, top], [right], [, bottom]] }) =>
      drawn("text", { x: left, y: bottom - (bottom - top) / 5, textLength: Math.max(right - left, 1), lengthAdjust: "spacingAndGlyphs", "font-size": (bottom - top) * 0.8 }, text),
    );
    this.shapes[0]?.parentNode.prepend(...texts);
  }

  fill(page) {
    this.node.classList.remove("failed");
    this.lines = page.lines;
    this.paper.style.aspectRatio = this.picture.style.aspectRatio = `${page.width} / ${page.height}`;
    this.shapes = page.lines.map((line, index) => drawn("polygon", { points: line.box.map((point) => point.join(",")).join(" "), "data-line": index }));
    this.paper.append(drawn("svg", { viewBox: `0 0 ${page.width} ${page.height}`, "aria-hidden": "true", preserveAspectRatio: "none" }, ...this.shapes));
    this.parts = partsOf(page);
    this.items = [];
    const list = make("div", { className: "parts" }, ...this.parts.map((part) => this.shown(part)));
    const copy = button("copyPage", () => this.view.copy(this.plainText()), { className: "quiet", say: ["copyPage", this.number] });
    const note = this.flaw ? [make("p", { className: "reason", say: ["flawed", this.flaw] })] : [];
    this.text.replaceChildren(...note, ...(this.items.length ? [list, copy] : [make("p", { className: "hint", say: "noText" })]));
    this.listen(list);
    this.weigh(this.view.threshold());
    this.view.onFilled(this);
  }

  /** A run of lines, or a table. */
  shown({ table, lines }) {
    for (const index of lines) {
      this.items[index] = make(table ? "div" : "li", { className: "line", textContent: this.lines[index].text, tabIndex: index ? -1 : 0, data: { line: index } });
      if (!table && index > lines[0] && startsParagraph(this.lines[index - 1], this.lines[index])) this.items[index].classList.add("paragraph");
    }
    if (table) return shownTable(table, this.items, this.view.copy);
    return make("ol", { className: "lines", label: ["linesOf", this.number] }, ...lines.map((index) => this.items[index]));
  }

  fail(why) {
    this.node.classList.add("failed");
    this.text.replaceChildren(make("p", { className: "reason", say: ["notRead", why] }));
  }

  /** Let the lines that are less sure than `threshold` stand out. */
  weigh(threshold) {
    this.lines?.forEach((line, index) => {
      const low = line.confidence < threshold;
      this.shapes[index].classList.toggle("low", low);
      this.items[index].classList.toggle("low", low);
      this.items[index].querySelector(".unsure")?.remove();
      if (low) this.items[index].append(make("span", { className: "unsure", say: ["unsure", line.confidence] }));
    });
  }

  listen(list) {
    for (const side of [this.paper, list]) {
      side.addEventListener("pointerover", (event) => this.mark(lineOf(event)));
      side.addEventListener("pointerleave", () => this.mark(-1));
    }
    this.paper.addEventListener("click", (event) => this.focusLine(lineOf(event)));
    list.addEventListener("click", (event) => this.reveal(lineOf(event)));
    list.addEventListener("focusin", (event) => this.reveal(lineOf(event)));
    list.addEventListener("focusout", () => this.mark(-1));
    list.addEventListener("keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    const last = this.items.length - 1;
    const at = lineOf(event);
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
    if (index < 0 || this.picture.scrollWidth <= this.picture.clientWidth) return;
    const [shape, frame] = [this.shapes[index].getBoundingClientRect(), this.picture.getBoundingClientRect()];
    this.picture.scrollBy(shape.left - frame.left - 40, shape.top - frame.top - frame.height / 2);
  }

  mark(index) {
    if (index === this.marked) return;
    for (const part of [this.shapes?.[this.marked], this.items?.[this.marked]]) part?.classList.remove("marked");
    this.marked = index;
    for (const part of [this.shapes?.[index], this.items?.[index]]) part?.classList.add("marked");
  }

  plainText() {
    const text = ({ table, lines }) => {
      if (table) return tabbed(table);
      return lines.map((index) => (index > lines[0] && startsParagraph(this.lines[index - 1], this.lines[index]) ? "\n" : "") + this.lines[index].text).join("\n");
    };
    return this.parts.map(text).join("\n\n");
  }

  /** Wrap what a search found; `hits` are [line, start, end, current], in order. */
  highlight(hits) {
    this.items?.forEach((item, index) => {
      const own = hits.filter((hit) => hit.line === index);
      this.shapes[index].classList.toggle("hit", own.length > 0);
      if (!own.length && !item.querySelector("mark")) return;
      const unsure = item.querySelector(".unsure");
      item.replaceChildren(...marked(this.lines[index].text, own), ...(unsure ? [unsure] : []));
    });
  }
}

function* marked(text, hits) {
  let at = 0;
  for (const { start, end, current } of hits) {
    yield text.slice(at, start);
    yield make("mark", { textContent: text.slice(start, end), className: current ? "current" : "" });
    at = end;
  }
  yield text.slice(at);
}

const lineOf = (event) => Number(event.target.closest("[data-line]")?.dataset.line ?? -1);

/** As the service does it for plain text: the gap is clearly more than the leading of running text. */
function startsParagraph(above, below) {
  const span = ({ box }) => [Math.min(...box.map(([, y]) => y)), Math.max(...box.map(([, y]) => y))];
  const [top, bottom] = span(above);
  const gap = span(below)[0] - bottom;
  return gap < top - bottom || gap > 0.9 * (bottom - top);
}
