// The first view: where files go in, and the recent jobs with what became of them.
import { button, byId, confirmErasing, make, toast } from "./dom.js";
import { say } from "./i18n.js";
import { ended } from "./follow.js";
import { badge, documentName, moment, row, sayProgress, troubles } from "./rows.js";
import { call, load, words } from "./service.js";
import { ofThisSession } from "./uploads.js";

const interval = 1500; // ms between two looks while something is being read
const pageSize = 20;
let shown = pageSize;
let timer = 0;
let visible = false;
let latest = 0;
const rows = new Map(); // id -> { node, state }

export function openHome() {
  visible = true;
  byId("home").hidden = false;
  refresh();
}

export function leaveHome() {
  visible = false;
  clearTimeout(timer);
  byId("home").hidden = true;
}

export function setUpHome() {
  byId("more").addEventListener("click", () => {
    shown += pageSize;
    refresh();
  });
  document.addEventListener("visibilitychange", () => document.hidden || (visible && refresh()));
}

export async function refresh() {
  clearTimeout(timer);
  const turn = ++latest;
  try {
    const { jobs, more } = await newest();
    if (turn !== latest) return;
    show(jobs);
    byId("more").hidden = !more;
    if (visible && !document.hidden && !jobs.every(ended)) timer = setTimeout(refresh, interval);
  } catch (error) {
    const again = error.status === 401 ? button("enterKey", refresh) : button("tryAgain", refresh);
    const note = byId("recent-note");
    note.replaceChildren(make("span", { say: ["listFailed", () => words(error)] }), " ", again);
    delete note.dataset.i18n;
  }
}

async function newest() {
  const jobs = [];
  let cursor = null;
  do {
    const query = new URLSearchParams({ limit: Math.min(100, shown - jobs.length), ...(cursor && { cursor }) });
    const answer = await load(`/v1/jobs?${query}`);
    jobs.push(...answer.jobs);
    cursor = answer.next_cursor;
  } while (cursor && jobs.length < shown);
  return { jobs, more: cursor !== null };
}

function show(jobs) {
  const note = byId("recent-note");
  if (jobs.length) {
    delete note.dataset.i18n;
    note.replaceChildren();
  } else say(note, "noJobs");
  const list = byId("recent");
  const present = new Set(jobs.map((job) => job.id));
  for (const [id, { node }] of rows) if (!present.has(id)) node.remove(), rows.delete(id);
  jobs.forEach((job, index) => {
    const node = update(job);
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  showBatch(jobs);
}

/** Change a row only where something changed, so that the focus stays where it is. */
function update(job) {
  const known = rows.get(job.id) ?? { node: make("li"), state: "" };
  rows.set(job.id, known);
  const state = `${job.status} ${job.progress.pages_done} ${job.progress.pages_total}`;
  if (known.state === state) return known.node;
  const before = known.state.split(" ")[0];
  known.state = state;
  if (before === job.status) showProgress(known.node, job);
  else fill(known.node, job);
  return known.node;
}

function fill(node, job) {
  const name = documentName(job);
  const actions = [["erase", () => erase(job), { className: "quiet" }]];
  if (!ended(job)) actions.unshift(["cancel", () => cancel(job)]);
  const title = make("a", { href: `#/jobs/${job.id}`, textContent: name });
  const made = make("time", { dateTime: job.created_at, say: ["plain", () => moment(job.created_at)] });
  const facts = make("p", { className: "hint" }, badge(job.status), " ", make("span", { className: "count" }), " ", made);
  node.replaceChildren(...row({ title, notes: [facts, ...troubles(job)], share: ended(job) ? undefined : null, progressKey: "reading", actions, name }));
  showProgress(node, job);
}

function showProgress(node, job) {
  const count = node.querySelector(".count");
  if (ended(job) && job.document.num_pages) say(count, "pages", job.document.num_pages);
  else if (!ended(job) && job.progress.pages_total !== null) sayProgress(count, job);
  const bar = node.querySelector("progress");
  if (bar && job.progress.pages_total) bar.value = job.progress.pages_done / job.progress.pages_total;
}

function showBatch(jobs) {
  const own = jobs.filter((job) => ofThisSession.includes(job.id));
  if (own.length < 2) return;
  const failed = own.filter((job) => job.status === "failed").length;
  say(byId("batch"), "batch", own.filter(ended).length, own.length, failed);
}

async function cancel(job) {
  if (await attempt(() => call(`/v1/jobs/${job.id}/cancel`, { method: "POST" }))) toast("canceling");
  refresh();
}

async function erase(job) {
  if (!(await confirmErasing(documentName(job)))) return;
  if (await attempt(() => call(`/v1/jobs/${job.id}`, { method: "DELETE" }))) toast("erased");
  await refresh();
  byId("recent-title").focus();
}

export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    toast("plain", () => words(error));
    return null;
  }
}
