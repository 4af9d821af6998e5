// Uploads what comes in: a few documents at a time, each a job of its own, or many as a batch.
import { byId, make } from "./dom.js";
import { say, t } from "./i18n.js";
import { listen } from "./incoming.js";
import { addOptions } from "./options.js";
import { row, setShare } from "./rows.js";
import { randomKey, upload, words } from "./service.js";

const atOnce = 3;
const fewFiles = 20; // up to so many are documents of their own, more are a batch
const waiting = [];
let running = 0;
/** The files of this session's jobs, to be shown before the service has a picture. */
export const localFiles = new Map();
export const ofThisSession = [];
/** Take one file as if it had been chosen, with some options. */
export let takeFile;

/** Listen for files; `onAccepted` gets the address where each goes on, and whether it was the only one. */
export function takeFiles(onAccepted) {
  addEventListener("beforeunload", (event) => (running || waiting.length) && event.preventDefault());
  const take = (items) => {
    for (const item of items) {
      item.onAccepted = (address) => onAccepted(address, items.length === 1);
      byId("uploads").append(item.node);
      wait(item);
    }
  };
  takeFile = (file, options) => take([jobItem(file, options)]);
  listen((found) => take(asItems(found)));
}

/** A zip is a batch, and so is a folder, or more files than are comfortably looked at one by one. */
function asItems(found) {
  const zips = found.filter(({ file }) => isZip(file));
  const others = found.filter(({ file, path, inFolder }) => !isZip(file) && !(inFolder && isHidden(path)));
  const items = zips.map(({ file }) => batchItem(file.name, [{ file, path: file.name }]));
  if (others.length > fewFiles || others.some(({ inFolder }) => inFolder)) {
    const folder = others.every(({ path }) => path.includes("/")) && others[0].path.split("/")[0];
    return [...items, batchItem(folder || t("manyFiles", others.length), others)];
  }
  return [...items, ...others.map(({ file }) => jobItem(file, null))];
}

const isZip = (file) => /\.zip$/i.test(file.name) || ["application/zip", "application/x-zip-compressed"].includes(file.type);
const isHidden = (path) => /(^|\/)(\.|Thumbs\.db$|desktop\.ini$)/.test(path);

function jobItem(file, options) {
  const form = new FormData();
  if (options) Object.entries(options).forEach(([name, value]) => form.append(name, value));
  else addOptions(form, false);
  form.append("file", file, file.name);
  const accept = (job) => {
    if (job.document.media_type.startsWith("image/")) localFiles.set(job.id, file);
    ofThisSession.push(job.id);
    return `#/jobs/${job.id}`;
  };
  return { name: file.name, path: "/v1/jobs", form, accept, idempotencyKey: randomKey(), node: make("li") };
}

function batchItem(name, files) {
  const form = new FormData();
  form.append("metadata", JSON.stringify({ name }));
  addOptions(form, true);
  for (const { file, path } of files) form.append("file", file, path);
  const accept = (batch) => `#/batches/${batch.id}`;
  return { name, path: "/v1/batches", form, accept, idempotencyKey: randomKey(), node: make("li") };
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
    const answer = await upload(item.path, item.form, item.idempotencyKey, onProgress, stopping.signal);
    item.node.remove();
    item.onAccepted(item.accept(answer));
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
  const title = make("b", { textContent: item.name });
  const parts = row({ title, notes: [note], share, progressKey: said[0] === "waiting" ? "waiting" : "uploads", actions, name: item.name });
  item.node.replaceChildren(...parts);
  return { note, bar: item.node.querySelector("progress") };
}
