// Whether the service is there: said over every view for as long as it does not answer.
import { byId } from "./dom.js";
import { headers } from "./key.js";

const patience = 5000; // ms that an answer may take before somebody looks
const interval = 2000; // ms between two looks while it is away
let looking = null;

/** Whether a status says that nobody is there: 0, or what a proxy or the service itself says then. */
export const isAbsence = (status) => [0, 502, 503, 504].includes(status);

/** Resolves once the service answers: whether it was away before. */
export const present = () => (looking ??= look().finally(() => (looking = null)));

/** What the service was asked for; where that takes long, somebody looks whether it is there. */
export function watched(asked) {
  const slow = setTimeout(present, patience);
  return asked.finally(() => clearTimeout(slow));
}

async function look() {
  let wasAway = false;
  while (!(await answers())) {
    wasAway = true;
    byId("absent").hidden = false;
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
  byId("absent").hidden = true;
  return wasAway;
}

async function answers() {
  try {
    const answer = await fetch("/v1/jobs?limit=1", { headers: headers(), signal: AbortSignal.timeout(patience) });
    return !isAbsence(answer.status);
  } catch {
    return false;
  }
}

addEventListener("offline", present);
