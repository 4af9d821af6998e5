// Follows a job to its end: by server-sent events, or by polling where they do not get through.
import { present } from "./presence.js";
import { events, load, Problem } from "./service.js";

const final = [401, 403, 404, 410];
const patience = 2; // connections in a row that bring nothing
export const ended = (job) => !["queued", "running"].includes(job.status);

/**
 * Call `onPage` with every page that finishes ({page, read, code, detail}; `read` is null where that
 * is unknown) and `onJob` with the job whenever it has changed; returns when the job has ended.
 */
export async function follow(id, { onPage, onJob }, signal) {
  let seen = null;
  let fruitless = 0;
  while (fruitless < patience && !signal.aborted) {
    fruitless += 1;
    try {
      for await (const event of events(`/v1/jobs/${id}/events`, seen, signal)) {
        fruitless = 0;
        seen = event.id;
        const data = JSON.parse(event.data);
        if (event.event === "page.finished") onPage(data);
        if (event.event === "job.finished") return onJob(data);
        if (event.event === "job.running") load(`/v1/jobs/${id}`, signal).then(onJob, () => {});
      }
    } catch (error) {
      if (signal.aborted || (error instanceof Problem && final.includes(error.status))) throw error;
      if (await present()) fruitless = 0; // it was away: that says nothing about its streams
    }
    await pause(1000);
  }
  return poll(id, { onPage, onJob }, signal);
}

async function poll(id, { onPage, onJob }, signal) {
  while (!signal.aborted) {
    try {
      const job = await load(`/v1/jobs/${id}`, signal);
      onJob(job);
      if (ended(job)) return pagesOf(job).forEach(onPage);
    } catch (error) {
      if (signal.aborted || (error instanceof Problem && final.includes(error.status))) throw error;
    }
    await pause(1500);
  }
}

/** What the job alone says about its pages. */
function pagesOf(job) {
  const troubles = new Map((job.error?.pages ?? []).map((trouble) => [trouble.page, trouble]));
  const sure = job.status === "succeeded" || job.status === "partial";
  return wantedPages(job.options.pages, job.document.num_pages ?? 0).map((page) => ({
    page,
    read: sure && !troubles.has(page) ? true : null,
    ...troubles.get(page),
  }));
}

/** The pages of a document of `count` that ranges such as `1-3,7` ask for; all without any. */
export function wantedPages(ranges, count) {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  if (!ranges) return all;
  const spans = ranges.split(",").map((range) => range.split("-").map(Number));
  const within = (page) => ([first, last = first]) => page >= first && page <= last;
  return all.filter((page) => spans.some(within(page)));
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
