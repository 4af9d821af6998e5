// The first view: where files go in, and the recent jobs with what became of them.
import { attempt } from "./attempt.js";
import { showBatches } from "./batches.js";
import { button, byId, confirmErasing, make, toast } from "./dom.js";
import { say, t } from "./i18n.js";
import { ended } from "./follow.js";
import { JobList } from "./joblist.js";
import { documentName } from "./rows.js";
import { call, load, words } from "./service.js";
import { ofThisSession, takeFile } from "./uploads.js";

const interval = 1500; // ms between two looks while something is being read
const pageSize = 20;
const mostAnswers = 5; // looked through for documents that are in no batch
let shown = pageSize;
let timer = 0;
let visible = false;
let latest = 0;
let list = null;
let wanted = ""; // words of the text or the name of what is shown

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
  let waiting = 0;
  byId("by-words").addEventListener("input", ({ target }) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      [wanted, shown] = [target.value.trim(), pageSize];
      refresh();
    }, 250);
  });
  byId("sample").addEventListener("click", sendSample);
  document.addEventListener("visibilitychange", () => document.hidden || (visible && refresh()));
}

export async function refresh() {
  clearTimeout(timer);
  const turn = ++latest;
  try {
    const [{ jobs, more, asked }, hasBatch] = await Promise.all([newest(), showBatches(refresh)]);
    if (turn !== latest) return;
    show(jobs);
    byId("more").hidden = !more;
    byId("by-words").hidden = !jobs.length && !wanted;
    byId("sample").hidden = Boolean(jobs.length || hasBatch || wanted);
    const isAtWork = hasBatch || !jobs.every(ended);
    if (visible && !document.hidden && isAtWork) timer = setTimeout(refresh, interval * asked);
  } catch (error) {
    const again = error.status === 401 ? button("enterKey", refresh) : button("tryAgain", refresh);
    const note = byId("recent-note");
    note.replaceChildren(make("span", { say: ["listFailed", () => words(error)] }), " ", again);
    delete note.dataset.i18n;
  }
}

/** The newest documents that are in no batch: those are shown with their batch. */
async function newest() {
  const jobs = [];
  let cursor = null;
  let asked = 0;
  do {
    const query = new URLSearchParams({ limit: asked ? 100 : Math.min(100, shown), ...(cursor && { cursor }), ...(wanted && { q: wanted }) });
    const answer = await load(`/v1/jobs?${query}`);
    // What is looked for may be in a document of a batch, too.
    jobs.push(...answer.jobs.filter((job) => wanted || job.batch_id === null));
    cursor = answer.next_cursor;
    asked += 1;
  } while (cursor && jobs.length < shown && asked < mostAnswers);
  return { jobs: jobs.slice(0, shown), more: cursor !== null || jobs.length > shown, asked };
}

function show(jobs) {
  const note = byId("recent-note");
  if (jobs.length) {
    delete note.dataset.i18n;
    note.replaceChildren();
  } else say(note, wanted ? "noneOfThem" : "noJobs");
  list ??= new JobList(byId("recent"), documentName, actionsOf);
  list.show(jobs);
  showBatch(jobs);
}

function actionsOf(job) {
  const actions = [["erase", () => erase(job), { className: "quiet" }]];
  return ended(job) ? actions : [["cancel", () => cancel(job)], ...actions];
}

/** A letter that nobody wrote, so that there is something to look at. */
async function sendSample() {
  const answer = await attempt(() => call("/web/sample.jpg"));
  if (answer) takeFile(new File([await answer.blob()], t("sampleName"), { type: "image/jpeg" }), { extract: "auto" });
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
