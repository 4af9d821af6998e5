// Takes files in: dropped, chosen, pasted or photographed; a few are uploaded at a time.
import { byId, make } from "./dom.js";
import { say } from "./i18n.js";
import { row, setShare } from "./rows.js";
import { randomKey, upload, words } from "./service.js";

const atOnce = 3;
const waiting = [];
let running = 0;
/** The files of this session's jobs, to be shown before the service has a picture. */
export const localFiles = new Map();
export const ofThisSession = [];

/** Listen for files; `onAccepted` gets each new job, and whether it was the only file. */
export function takeFiles(onAccepted) {
  const drop = byId("drop");
  const take = (files) => {
    const list = [...files];
    for (const file of list) enqueue(file, (job) => onAccepted(job, list.length === 1));
  };
  for (const id of ["files", "camera"]) {
    byId(id).addEventListener("change", (event) => {
      take(event.target.files);
      event.target.value = "";
    });
  }
  byId("choose").addEventListener("click", () => byId("files").click());
  byId("photograph").addEventListener("click", () => byId("camera").click());
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
}

function enqueue(file, onAccepted) {
  const item = { file, onAccepted, idempotencyKey: randomKey(), node: make("li") };
  byId("uploads").append(item.node);
  wait(item);
}

function wait(item) {
  waiting.push(item);
  show(item, ["waiting"], null, [["stop", () => drop(item)]]);
  next();
}

function drop(item) {
  const at = waiting.indexOf(item);
  if (at >= 0) waiting.splice(at, 1);
  item.node.remove();
}

function next() {
  while (running < atOnce && waiting.length) send(waiting.shift());
}

async function send(item) {
  running += 1;
  const stopping = new AbortController();
  const { note, bar } = show(item, ["uploading", 0], 0, [["stop", () => stopping.abort()]]);
  const onProgress = (share) => {
    say(note, "uploading", share);
    setShare(bar, share);
  };
  try {
    const job = await upload(item.file, item.idempotencyKey, onProgress, stopping.signal);
    item.node.remove();
    if (job.document.media_type.startsWith("image/")) localFiles.set(job.id, item.file);
    ofThisSession.push(job.id);
    item.onAccepted(job);
  } catch (error) {
    if (error.name === "AbortError") item.node.remove();
    else showFailure(item, error);
  } finally {
    running -= 1;
    next();
  }
}

function showFailure(item, error) {
  const again = [0, 401, 409, 429].includes(error.status) || error.status >= 500;
  const actions = [["dismiss", () => item.node.remove()]];
  if (again) actions.unshift(["tryAgain", () => wait(item)]);
  const { note } = show(item, ["uploadFailed", () => words(error)], undefined, actions);
  note.setAttribute("role", "alert");
}

function show(item, said, share, actions) {
  const note = make("p", { className: share === undefined ? "reason" : "hint", say: said });
  const title = make("b", { textContent: item.file.name });
  const parts = row({ title, notes: [note], share, progressKey: said[0] === "waiting" ? "waiting" : "uploads", actions, name: item.file.name });
  item.node.replaceChildren(...parts);
  return { note, bar: item.node.querySelector("progress") };
}
