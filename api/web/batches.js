// Batches in words, and the list of the newest ones.
import { attempt } from "./attempt.js";
import { byId, confirmErasing, make, toast } from "./dom.js";
import { reason, say, t } from "./i18n.js";
import { badge, moment, row } from "./rows.js";
import { call, load } from "./service.js";

const most = 5;
const states = new Map(); // id -> what its row shows

export const batchEnded = (batch) => ["finished", "canceled"].includes(batch.status);
export const batchName = (batch) => batch.metadata.name ?? t("batchOf", batch.num_jobs);
const share = ({ progress }) => (progress.pages_total ? progress.pages_done / progress.pages_total : null);

/** Badge, counts and time of a batch, and what went wrong with all of it. */
export function batchFacts(batch) {
  const counts = make("span", { say: ["batchCounts", batch.counts] });
  const made = make("time", { dateTime: batch.created_at, say: ["plain", () => moment(batch.created_at)] });
  const facts = make("p", { className: "hint" }, badge(batch.status), " ", counts, " · ", made);
  const notes = [facts];
  if (batch.unpacking) notes.push(make("p", { className: "hint", say: "unpacking" }));
  else if (batch.eta_s !== null && batch.pages_per_s) notes.push(make("p", { className: "hint", say: ["speed", batch.pages_per_s, batch.eta_s] }));
  if (batch.problem) notes.push(make("p", { className: "reason", say: ["plain", () => reason(batch.problem.code, batch.problem.detail)] }));
  return notes;
}

/** Show the newest batches, if there are any; whether one of them has not ended. */
export async function showBatches(again) {
  const { batches } = await load(`/v1/batches?limit=${most}`);
  byId("batches").hidden = !batches.length;
  const list = byId("recent-batches");
  const present = new Set(batches.map((batch) => batch.id));
  for (const node of [...list.children]) if (!present.has(node.dataset.id)) node.remove(), states.delete(node.dataset.id);
  batches.forEach((batch, index) => {
    const known = [...list.children].find((node) => node.dataset.id === batch.id);
    const node = known ?? make("li", { data: { id: batch.id } });
    fill(node, batch, again);
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  return batches.some((batch) => !batchEnded(batch));
}

function fill(node, batch, again) {
  const state = JSON.stringify([batch.status, batch.counts, batch.progress, batch.unpacking, batch.problem]);
  if (states.get(batch.id) === state) return;
  states.set(batch.id, state);
  const bar = node.querySelector("progress");
  if (bar && node.dataset.status === batch.status) {
    node.querySelector(".what").replaceChildren(node.querySelector("a"), ...batchFacts(batch));
    if (share(batch) !== null) bar.value = share(batch);
    return; // the focus may be on one of its buttons
  }
  node.dataset.status = batch.status;
  const title = make("a", { href: `#/batches/${batch.id}` });
  say(title, "plain", () => batchName(batch));
  const actions = batchEnded(batch) ? [["erase", () => eraseBatch(batch).then(again), { className: "quiet" }]] : [["cancel", () => cancelBatch(batch).then(again)]];
  const shown = batchEnded(batch) ? undefined : share(batch);
  node.replaceChildren(...row({ title, notes: batchFacts(batch), share: shown, progressKey: "reading", actions, name: batchName(batch) }));
}

/** Stop a batch; the documents that are being read stop at their next page. */
export async function cancelBatch(batch) {
  if (await attempt(() => call(`/v1/batches/${batch.id}/cancel`, { method: "POST" }))) toast("canceling");
}

/** Erase a batch with its documents, if the reader means it; whether it was done. */
export async function eraseBatch(batch) {
  if (!(await confirmErasing(batchName(batch)))) return false;
  const erased = await attempt(() => call(`/v1/batches/${batch.id}`, { method: "DELETE" }));
  if (erased) toast("erased");
  return Boolean(erased);
}
