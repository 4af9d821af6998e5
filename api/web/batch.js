// The view of one batch: how it goes, its documents with their failures, and its results to take away.
import { attempt } from "./attempt.js";
import { batchEnded, batchFacts, batchName, cancelBatch, eraseBatch } from "./batches.js";
import { button, make, toast } from "./dom.js";
import { batchDownloads } from "./downloads.js";
import { say, t } from "./i18n.js";
import { JobList } from "./joblist.js";
import { documentName, setShare } from "./rows.js";
import { call, load, words } from "./service.js";

const interval = 1500; // ms between two looks at a batch that has not ended
const pageSize = 50;
const final = [401, 403, 404, 410];
const kinds = ["", "failed", "partial", "succeeded", "running", "queued", "canceled"];

/** Show a batch in `root`; answers what leaves it again. */
export function openBatch(id, root) {
  const leaving = new AbortController();
  const view = new View(id, root, leaving.signal);
  view.run();
  return () => leaving.abort();
}

class View {
  constructor(id, root, signal) {
    Object.assign(this, { id, signal, shown: pageSize, counted: "" });
    this.title = make("h1", { tabIndex: -1, say: "loading" });
    this.facts = make("div", { className: "facts" });
    this.bar = make("progress", { max: 1, label: "reading", hidden: true });
    this.heard = make("p", { className: "away", role: "status" });
    this.actions = make("div", { className: "buttons" });
    const head = make("div", { className: "head" }, make("a", { href: "#/", say: "back" }), this.title, this.facts, this.bar, this.actions, this.heard);
    this.kind = make("select", { id: "kind", on: { change: () => this.choose(pageSize) } });
    for (const kind of kinds) this.kind.append(make("option", { value: kind, say: kind || "allKinds" }));
    this.downloads = make("div", { className: "group" });
    const choice = make("div", { className: "group" }, make("label", { htmlFor: "kind", say: "showKind" }), this.kind);
    this.tools = make("div", { className: "tools", role: "group", label: "tools", hidden: true }, choice, this.downloads);
    this.note = make("p", { className: "hint", role: "status" });
    this.rows = make("ul", { className: "rows", label: "inBatch" });
    this.list = new JobList(this.rows, (job) => job.custom_id ?? documentName(job), () => []);
    this.more = button("more", () => this.choose(this.shown + pageSize), { hidden: true });
    root.replaceChildren(head, this.tools, make("div", { className: "narrow" }, this.note, this.rows, this.more));
  }

  async run() {
    while (!this.signal.aborted) {
      try {
        if (!document.hidden) this.show(await load(`/v1/batches/${this.id}`, this.signal));
        await this.follow();
      } catch (error) {
        if (this.signal.aborted) return;
        if (!this.batch || final.includes(error.status)) return this.fail(error);
      }
      if (this.batch && batchEnded(this.batch)) return;
      await new Promise((resolve) => setTimeout(resolve, interval));
    }
  }

  fail(error) {
    this.title.textContent = "";
    this.facts.replaceChildren(make("p", { className: "reason", say: ["cannotLoad", () => words(error)] }));
    const again = button(error.status === 401 ? "enterKey" : "tryAgain", () => (this.actions.replaceChildren(), this.run()));
    this.actions.replaceChildren(...([404, 410].includes(error.status) ? [] : [again]));
  }

  show(batch) {
    const before = this.batch?.status;
    this.batch = batch;
    say(this.title, "plain", () => batchName(batch));
    document.title = `${batchName(batch)} · Docchu`;
    this.facts.replaceChildren(...batchFacts(batch));
    this.bar.hidden = batchEnded(batch);
    const { pages_done: done, pages_total: total } = batch.progress;
    setShare(this.bar, total ? done / total : null);
    if (before === batch.status) return;
    say(this.heard, batch.status);
    this.showActions(batch);
    this.tools.hidden = false;
    this.downloads.replaceChildren(batchDownloads(batch));
  }

  showActions(batch) {
    const post = (what) => async () => {
      const answer = await attempt(() => call(`/v1/batches/${this.id}/${what}`, { method: "POST" }));
      if (!answer) return;
      const isOver = batchEnded(this.batch);
      this.show(await answer.json());
      if (isOver) this.run(); // nobody looks at it any more
    };
    const focused = this.actions.contains(document.activeElement);
    const erase = async () => (await eraseBatch(batch)) && (location.hash = "#/");
    const buttons = [button("erase", erase, { className: "danger" })];
    if (!batchEnded(batch)) buttons.unshift(button("cancel", () => cancelBatch(batch)));
    if (batch.status === "open") buttons.unshift(button("closeBatch", post("close"), { className: "primary" }));
    if (batchEnded(batch) && batch.counts.failed) buttons.unshift(button("readAgain", post("retry"), { className: "primary" }));
    this.actions.replaceChildren(...buttons);
    if (focused) this.title.focus();
  }

  /** Load the documents again where the batch's counts have changed. */
  async follow() {
    const counted = JSON.stringify([this.batch?.counts, this.batch?.progress]);
    if (!this.batch || counted === this.counted) return;
    this.counted = counted;
    await this.showJobs();
  }

  choose(count) {
    this.shown = count;
    this.showJobs().catch((error) => this.signal.aborted || toast("plain", () => words(error)));
  }

  async showJobs() {
    const kind = this.kind.value;
    const query = new URLSearchParams({ limit: Math.min(this.shown, 1000), ...(kind && { status: kind }) });
    const { jobs, next_cursor: next } = await load(`/v1/batches/${this.id}/jobs?${query}`, this.signal);
    if (kind !== this.kind.value) return;
    this.list.show(jobs);
    this.more.hidden = next === null;
    say(this.note, "plain", () => (jobs.length ? "" : t("noneOfThem")));
  }
}
