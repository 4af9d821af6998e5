// The documents before and behind one in its batch.
import { make } from "./dom.js";
import { load } from "./service.js";

const within = 50; // places: some may have been erased

/** Links to those that there are. */
export async function neighbours(job, signal) {
  const query = new URLSearchParams({ limit: 2 * within + 1, cursor: Math.max(0, job.position - within - 1) });
  const { jobs } = await load(`/v1/batches/${job.batch_id}/jobs?${query}`, signal);
  const link = (other, className, arrow, said) => (other ? [make("a", { href: `#/jobs/${other.id}`, className, textContent: arrow, label: said })] : []);
  const before = jobs.findLast((other) => other.position < job.position);
  const behind = jobs.find((other) => other.position > job.position);
  return [...link(before, "before", "←", "documentBefore"), ...link(behind, "behind", "→", "documentBehind")];
}
