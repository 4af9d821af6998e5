// What can be done with a job that is shown: stopping it, and erasing it.
import { attempt } from "./attempt.js";
import { button, confirmErasing, toast } from "./dom.js";
import { ended } from "./follow.js";
import { documentName } from "./rows.js";
import { call } from "./service.js";

export function jobActions(job, onChanged) {
  const cancel = button("cancel", async () => {
    const canceled = await attempt(() => call(`/v1/jobs/${job.id}/cancel`, { method: "POST" }));
    if (!canceled) return;
    toast("canceling");
    onChanged(await canceled.json());
  });
  const erase = button("erase", () => eraseJob(job), { className: "danger" });
  return ended(job) ? [erase] : [cancel, erase];
}

async function eraseJob(job) {
  if (!(await confirmErasing(documentName(job)))) return;
  if (!(await attempt(() => call(`/v1/jobs/${job.id}`, { method: "DELETE" })))) return;
  toast("erased");
  location.hash = "#/";
}
