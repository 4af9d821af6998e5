// A small picture of each page to go there by; loaded when it comes into view.
import { make } from "./dom.js";
import { nearness } from "./pictures.js";

export class Thumbnails {
  constructor(pictures, onGo) {
    this.pictures = pictures;
    this.onGo = onGo;
    this.items = new Map();
    this.list = make("ol", {});
    this.node = make("nav", { className: "thumbnails", label: "thumbnails", hidden: true }, this.list);
    this.near = nearness(this.node, "200px", (item) => this.load(item), (item) => this.unload(item));
  }

  add(number, read) {
    if (this.items.has(number)) return;
    const image = make("img", { alt: "" });
    const go = make("button", { type: "button", label: ["page", number], on: { click: () => this.onGo(number) } }, image, make("span", { textContent: number, ariaHidden: "true" }));
    const item = make("li", { data: { page: number }, className: read ? "" : "failed" }, go);
    this.items.set(number, item);
    const after = [...this.items.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
    this.list.insertBefore(item, this.items.get(after) ?? null);
    this.node.hidden = this.items.size < 2;
    if (read) this.near.observe(item);
  }

  load(item) {
    const image = item.querySelector("img");
    if (!image.src) this.pictures.show(image, Number(item.dataset.page));
  }

  unload(item) {
    item.querySelector("img").removeAttribute("src");
  }

  current(number) {
    this.list.querySelector("[aria-current]")?.removeAttribute("aria-current");
    const item = this.items.get(number);
    item?.firstChild.setAttribute("aria-current", "true");
    if (item) this.node.scrollTo(item.offsetLeft - this.node.clientWidth / 2, item.offsetTop - this.node.clientHeight / 2);
  }

  close() {
    this.near.disconnect();
  }
}
