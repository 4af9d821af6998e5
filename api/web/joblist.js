// A list of documents with what became of each; a row changes only where something changed.
import { make } from "./dom.js";
import { ended } from "./follow.js";
import { say } from "./i18n.js";
import { firstPage, Miniatures } from "./miniatures.js";
import { badge, moment, row, sayProgress, troubles, turn } from "./rows.js";

export class JobList {
  /** `nameOf` says what a job is called, `actionsOf` what can be done with it. */
  constructor(node, nameOf, actionsOf) {
    Object.assign(this, { node, nameOf, actionsOf, rows: new Map(), miniatures: new Miniatures() });
  }

  show(jobs) {
    const present = new Set(jobs.map((job) => job.id));
    for (const [id, { node }] of this.rows) if (!present.has(id)) node.remove(), this.rows.delete(id);
    jobs.forEach((job, index) => {
      const node = this.update(job);
      if (this.node.children[index] !== node) this.node.insertBefore(node, this.node.children[index] ?? null);
    });
  }

  /** Change a row only where something changed, so that the focus stays where it is. */
  update(job) {
    const known = this.rows.get(job.id) ?? { node: make("li"), state: "" };
    this.rows.set(job.id, known);
    const state = `${job.status} ${job.progress.pages_done} ${job.progress.pages_total} ${ended(job) ? "" : turn(job)}`;
    if (known.state === state && known.found === JSON.stringify(job.found)) return known.node;
    const before = known.state.split(" ")[0];
    const found = JSON.stringify(job.found);
    const isSame = before === job.status && known.found === found;
    Object.assign(known, { state, found });
    if (isSame) showProgress(known.node, job);
    else this.fill(known.node, job);
    return known.node;
  }

  fill(node, job) {
    const name = this.nameOf(job);
    const title = make("a", { href: `#/jobs/${job.id}`, textContent: name });
    const made = make("time", { dateTime: job.created_at, say: ["plain", () => moment(job.created_at)] });
    const facts = make("p", { className: "hint" }, badge(job.status), " ", make("span", { className: "count" }), " ", make("span", { className: "turn" }), " ", made);
    const share = ended(job) ? undefined : null;
    const picture = this.miniatures.of(job.id, firstPage(job));
    node.replaceChildren(...row({ title, notes: [facts, ...places(job), ...troubles(job)], share, progressKey: "reading", actions: this.actionsOf(job), name, picture }));
    showProgress(node, job);
  }
}

/** Where in the text there is what was looked for. */
const places = (job) =>
  (job.found ?? []).map(({ page, text }) => make("p", { className: "place" }, make("span", { say: ["page", page] }), ": ", text));

function showProgress(node, job) {
  const count = node.querySelector(".count");
  if (ended(job) && job.document.num_pages) say(count, "pages", job.document.num_pages);
  else if (!ended(job) && job.progress.pages_total !== null) sayProgress(count, job);
  say(node.querySelector(".turn"), "plain", () => (ended(job) ? "" : turn(job)));
  const bar = node.querySelector("progress");
  if (bar && job.progress.pages_total) bar.value = job.progress.pages_done / job.progress.pages_total;
}
