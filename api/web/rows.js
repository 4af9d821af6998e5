// One row of a list: a name, what stands with it, progress, and what can be done.
import { button, make } from "./dom.js";
import { currentLanguage, label, reason, say, t } from "./i18n.js";

export const documentName = (job) => job.document.name ?? t("unnamed");

export function badge(status) {
  return make("span", { className: `badge ${status}`, say: status });
}

/** A job's error in words, a line for the whole and one for each page. */
export function troubles(job, most = 5) {
  if (!job.error) return [];
  const pages = job.error.pages ?? [];
  const whole = () => reason(job.error.code, job.error.detail);
  const lines = pages.slice(0, most).map(({ page, code, detail }) => make("li", { say: ["ofWhat", () => t("page", page), () => reason(code, detail)] }));
  if (pages.length > most) lines.push(make("li", { textContent: "…" }));
  const said = make("p", { className: "reason" }, make("span", { say: ["plain", whole] }));
  return lines.length ? [said, make("ul", { className: "reason" }, ...lines)] : [said];
}

export function moment(text) {
  const format = new Intl.DateTimeFormat(currentLanguage(), { dateStyle: "medium", timeStyle: "short" });
  return format.format(new Date(text));
}

/** What is known of a job's turn, while it waits or is read. */
export function turn({ queue }) {
  return [queue.position && t("place", queue.position), queue.eta_s !== null && t("left", queue.eta_s), queue.reason].filter(Boolean).join(", ");
}

/** A row with a progress bar that can be hidden; `actions` are [key, listener, properties]. */
export function row({ title, notes, share, progressKey, actions, name, picture }) {
  const bar = make("progress", { max: 1, label: progressKey });
  setShare(bar, share);
  const buttons = actions.map(([key, listener, properties]) => {
    const made = button(key, listener, properties);
    label(made, "ofWhat", () => t(key), name); // "Cancel" alone says too little out of its row
    return made;
  });
  return [
    ...(picture ? [picture] : []),
    make("div", { className: "what" }, title, ...notes),
    share === undefined ? "" : bar,
    make("div", { className: "buttons" }, ...buttons),
  ];
}

/** Null: under way, nobody knows how far. */
export function setShare(bar, share) {
  if (share === null || share === undefined) bar.removeAttribute("value");
  else bar.value = share;
}

export function sayProgress(node, job) {
  return say(node, "progress", job.progress.pages_done, job.progress.pages_total);
}
