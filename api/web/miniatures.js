// The first page of each document of a list, small; fetched when its row comes into view.
import { make } from "./dom.js";
import { wantedPages } from "./follow.js";
import { nearness, showBlob } from "./pictures.js";
import { call } from "./service.js";

const side = 160; // pixels: twice what is shown

/** The first page that was read; 0 where there is none, or none is known yet. */
export function firstPage(job) {
  if (!["succeeded", "partial"].includes(job.status)) return 0;
  const unread = new Set((job.error?.pages ?? []).map(({ page }) => page));
  return wantedPages(job.options.pages, job.document.num_pages ?? 0).find((page) => !unread.has(page)) ?? 0;
}

export class Miniatures {
  constructor() {
    this.near = nearness(null, "200px", (node) => this.load(node));
  }

  /** Page 0: there is none, and a sheet of paper stands for it. */
  of(id, page) {
    const image = make("img", { alt: "" });
    const node = make("div", { className: "miniature", ariaHidden: "true", data: { id, page } }, image);
    if (page) this.near.observe(node);
    return node;
  }

  async load(node) {
    if (node.loading || node.dataset.shown) return;
    node.loading = true;
    const { id, page } = node.dataset;
    try {
      const blob = await (await call(`/v1/jobs/${id}/pages/${page}/image?max_side=${side}`)).blob();
      if (blob.size && (await showBlob(node.firstChild, blob))) node.dataset.shown = "yes";
      this.near.unobserve(node);
    } catch {
      // A sheet of paper stands for it.
    }
    node.loading = false;
  }
}
