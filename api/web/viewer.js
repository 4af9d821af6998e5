// The view of one job: how it goes, its pages as they are read, and the tools over them.
import { attempt } from "./attempt.js";
import { button, make } from "./dom.js";
import { ended, follow } from "./follow.js";
import { reason, say } from "./i18n.js";
import { choosing, Fields } from "./fields.js";
import { jobActions } from "./jobactions.js";
import { neighbours } from "./neighbours.js";
import { nearness, Pictures } from "./pictures.js";
import { Review, sayDoubtful } from "./review.js";
import { badge, documentName, moment, sayProgress, troubles, turn } from "./rows.js";
import { load, words } from "./service.js";
import { Sheet } from "./sheet.js";
import { onKeys } from "./shortcuts.js";
import { copy, doubting, searching, takingAway, zooming } from "./tools.js";
import { Thumbnails } from "./thumbnails.js";
import { localFiles } from "./uploads.js";

/** Show a job in `root`; answers what leaves it again. */
export function openJob(id, root) {
  const leaving = new AbortController();
  const view = new View(id, root, leaving.signal);
  view.run().catch((error) => leaving.signal.aborted || view.fail(error));
  return () => {
    leaving.abort();
    view.close();
  };
}

class View {
  constructor(id, root, signal) {
    Object.assign(this, { id, signal, sheets: new Map(), hits: [], marks: new Map() });
    this.pictures = new Pictures(id, signal);
    this.pages = make("div", { className: "pages" });
    this.thumbnails = new Thumbnails(this.pictures, (number) => this.goTo(number));
    this.doubt = doubting(() => (this.sheets.forEach((sheet) => sheet.weigh()), this.countDoubtful()));
    this.review = new Review(this);
    this.reviewing = button("review", () => this.review.go());
    this.fields = new Fields(this);
    this.choice = choosing(() => this.showText(), () => this.showFields());
    this.zoom = zooming(this.pages);
    this.threshold = this.doubt.threshold;
    this.copy = copy;
    this.title = make("h1", { tabIndex: -1, say: "loading" });
    this.facts = make("p", { className: "hint" });
    this.heard = make("p", { className: "away", role: "status" });
    this.bar = make("progress", { max: 1, label: "reading", hidden: true });
    this.troubles = make("div", {});
    this.actions = make("div", { className: "buttons" });
    this.tools = make("div", { className: "tools", role: "group", label: "tools", hidden: true });
    this.back = make("a", { href: "#/", say: "back" });
    this.around = make("nav", { className: "around", label: "inBatch", hidden: true });
    const path = make("div", { className: "path" }, this.back, this.around);
    const head = make("div", { className: "head" }, path, this.title, this.facts, this.actions, this.bar, this.troubles, this.heard);
    root.replaceChildren(head, this.tools, make("div", { className: "result" }, this.thumbnails.node, this.pages));
    // What was noticed before a sheet was dropped may be told after it.
    this.near = nearness(null, "800px 0px", (node) => this.sheetOf(node)?.come(), (node) => this.sheetOf(node)?.go());
    this.middle = nearness(null, "-45% 0px -45% 0px", (node) => this.thumbnails.current(Number(node.dataset.page)));
  }

  async run() {
    this.show(await load(`/v1/jobs/${this.id}`, this.signal));
    this.listen();
    if (this.job.batch_id) this.showAround().catch(() => {}); // a convenience
    this.preview();
    await follow(this.id, { onPage: (page) => this.onPage(page), onJob: (job) => this.show(job) }, this.signal);
    this.dropUnread();
    this.fillTools();
  }

  listen() {
    const go = (link) => () => this.around.querySelector(link)?.click();
    const shown = () => [...this.sheets.values()].find((sheet) => sheet.items?.[sheet.marked]);
    onKeys({
      "/": () => this.tools.querySelector("input[type=search]")?.focus(),
      d: () => this.review.go(),
      e: () => shown()?.open(shown().marked),
      f: () => (this.showsFields ? this.showText() : this.showFields()),
      n: go(".behind"), p: go(".before"),
      "+": () => this.zoom.by(1), "-": () => this.zoom.by(-1), 0: () => this.zoom.by(0),
    }, this.signal);
  }

  /** Links to the documents before and behind this one in its batch. */
  async showAround() {
    this.around.replaceChildren(...(await neighbours(this.job, this.signal)));
    this.around.hidden = !this.around.children.length;
  }

  isFirst(sheet) {
    return sheet.number === Math.min(...[...this.sheets.values()].filter((other) => other.read !== false).map((other) => other.number));
  }

  showText() {
    if (!this.showsFields) return;
    this.showsFields = false;
    this.showColumns();
  }

  async showFields() {
    const loaded = this.fields.found || (await attempt(() => this.fields.load(this.job.options.extract ?? "auto").then(() => true)));
    if (!loaded || this.signal.aborted) return;
    this.showsFields = true;
    this.showColumns();
  }

  showColumns() {
    this.choice.set(this.showsFields);
    this.sheets.forEach((sheet) => sheet.showColumn());
  }

  /** A line has changed: so may the fields have, which are found in the lines. */
  onCorrected() {
    this.fields.found = null;
    this.search.forget();
    this.countDoubtful();
  }

  countDoubtful() {
    sayDoubtful(this.reviewing, [...this.sheets.values()]);
  }

  close() {
    this.near.disconnect();
    this.middle.disconnect();
    this.thumbnails.close();
  }

  sheetOf(node) {
    return this.sheets.get(Number(node.dataset.page));
  }

  fail(error) {
    this.title.textContent = "";
    this.facts.replaceChildren(make("span", { className: "reason", say: ["cannotLoad", () => words(error)] }));
    const again = button(error.status === 401 ? "enterKey" : "tryAgain", () => {
      this.facts.replaceChildren();
      this.actions.replaceChildren();
      this.run().catch((next) => this.signal.aborted || this.fail(next));
    });
    if (![404, 410].includes(error.status)) this.actions.replaceChildren(again);
  }

  show(job) {
    if (this.job && ended(this.job)) return; // a slower answer of before
    if (this.job?.status !== job.status) say(this.heard, job.status);
    this.job = job;
    delete this.title.dataset.i18n;
    this.title.textContent = job.custom_id ?? documentName(job);
    document.title = `${this.title.textContent} · Docchu`;
    if (job.batch_id) say(this.back, "backToBatch").href = `#/batches/${job.batch_id}`;
    const count = make("span", {});
    if (!ended(job)) sayProgress(count, job);
    else if (job.document.num_pages) say(count, "pages", job.document.num_pages);
    const made = make("time", { dateTime: job.created_at, say: ["plain", () => moment(job.created_at)] });
    const waits = make("span", { say: ["plain", () => (ended(job) ? "" : turn(job))] });
    this.facts.replaceChildren(badge(job.status), " ", count, count.textContent ? " · " : "", waits, waits.textContent ? " · " : "", made);
    this.bar.hidden = ended(job);
    if (job.progress.pages_total) this.bar.value = job.progress.pages_done / job.progress.pages_total;
    this.troubles.replaceChildren(...troubles(job));
    this.showActions(job);
    if (ended(job)) this.fillTools();
  }

  showActions(job) {
    const state = ended(job);
    if (this.shownActions === state) return; // the focus may be on one of them
    this.shownActions = state;
    const focused = this.actions.contains(document.activeElement);
    this.actions.replaceChildren(...jobActions(job, (changed) => this.show(changed)));
    if (focused) this.title.focus();
  }

  /** The file that was just chosen, while nothing is read of it yet. */
  preview() {
    const file = localFiles.get(this.id);
    if (!file || file.type === "image/tiff") return;
    this.sheet(1).preview(file);
  }

  onPage({ page, read, code, detail }) {
    const sheet = this.sheet(page);
    const why = code && (() => reason(code, detail));
    sheet.read = read;
    if (read === false) sheet.fail(why);
    else {
      sheet.flaw = why;
      this.near.observe(sheet.node);
    }
    this.middle.observe(sheet.node);
    this.thumbnails.add(page, read !== false);
    this.countPage();
  }

  /** Progress between two looks at the job: the events tell of each page. */
  async countPage() {
    if (ended(this.job)) return;
    const done = [...this.sheets.values()].filter((sheet) => sheet.read !== undefined).length;
    if (this.job.progress.pages_total === null) {
      this.asked ??= load(`/v1/jobs/${this.id}`, this.signal).then((job) => this.show(job), () => (this.asked = null));
      return;
    }
    this.show({ ...this.job, status: "running", progress: { ...this.job.progress, pages_done: Math.max(done, this.job.progress.pages_done) } });
  }

  sheet(number) {
    if (this.sheets.has(number)) return this.sheets.get(number);
    const sheet = new Sheet(number, this);
    this.sheets.set(number, sheet);
    const after = [...this.sheets.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
    this.pages.insertBefore(sheet.node, this.sheets.get(after)?.node ?? null);
    return sheet;
  }

  /** Take away the preview of a document that turned out to have no such page. */
  dropUnread() {
    for (const [number, sheet] of this.sheets) {
      if (sheet.read === undefined) sheet.node.remove(), this.sheets.delete(number);
    }
  }

  onFilled(sheet) {
    this.zoom.fit(sheet.picture);
    this.countDoubtful();
    sheet.highlight(this.hits.filter((hit) => hit.page === sheet.number));
  }

  fillTools() {
    const wasRead = [...this.sheets.values()].some(({ read }) => read || read === null);
    const hasResult = wasRead || ["succeeded", "partial"].includes(this.job.status);
    if (this.hasResult === hasResult) return; // the focus may be on one of the tools
    this.hasResult = hasResult;
    this.search = searching(this.id, (hits) => this.showHits(hits), (hit) => this.goToHit(hit));
    const whole = hasResult ? [this.search.group, ...takingAway(this.id, documentName(this.job))] : [];
    const own = hasResult ? [this.choice.group, make("div", { className: "group" }, this.reviewing, this.doubt.group)] : [this.doubt.group];
    this.tools.replaceChildren(...own, this.zoom.group, ...whole);
    this.tools.hidden = !hasResult && !this.sheets.size;
    if (hasResult && this.job.options.extract) this.showFields();
  }

  showHits(hits) {
    const touched = new Set([...this.hits, ...hits].map((hit) => hit.page));
    this.hits = hits;
    for (const page of touched) this.sheets.get(page)?.highlight(hits.filter((hit) => hit.page === page));
  }

  async goToHit({ page, line }) {
    const sheet = this.sheet(page); // the search may know the page before the events told of it
    await sheet.come();
    sheet.items?.[line]?.scrollIntoView({ block: "center" });
    sheet.reveal(line);
  }

  goTo(number) {
    const { node } = this.sheets.get(number);
    node.scrollIntoView({ block: "start" });
    node.querySelector("h2").focus({ preventScroll: true });
  }
}
