// Calls on the service: with the key, with problems as errors, uploads with progress, event streams.
import { reason, t } from "./i18n.js";
import { another, currentKey, headers } from "./key.js";
import { isAbsence, present, watched } from "./presence.js";

const silence = 25_000; // ms without a word: the service says every 15 s that it is still there

/** What the service said was wrong; status 0: it did not answer. */
export class Problem extends Error {
  constructor(status, body = {}) {
    super(body.detail ?? `${status}`);
    Object.assign(this, { name: "Problem", status, code: body.code, reasonCode: body.reason, detail: body.detail });
  }

  /** In the reader's language. */
  get words() {
    return this.status ? reason(this.reasonCode ?? this.code, this.detail) : t("offline");
  }
}

export const words = (error) => (error instanceof Problem ? error.words : String(error.message));

/**
 * Call the service; asks for a key where it wants one, and what only reads waits for a service that
 * is away. Throws Problem, AbortError.
 */
export async function call(path, options = {}) {
  for (let tries = 1; ; tries += 1) {
    const key = currentKey();
    const [answer, problem] = await ask(path, { ...options, headers: { ...options.headers, ...headers() } });
    if (!problem) return answer;
    if (problem.status === 401 && (await another(key))) continue;
    if (!isAbsence(problem.status)) throw problem;
    const looked = present();
    if (options.method) throw problem;
    if (!(await looked) && (problem.status || tries > 1)) throw problem;
  }
}

/** One request: its answer, and what was wrong. */
async function ask(path, options) {
  try {
    const answer = await watched(fetch(path, options));
    return [answer, answer.ok ? null : new Problem(answer.status, await answer.json().catch(() => ({})))];
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return [null, new Problem(0)];
  }
}

export async function load(path, signal) {
  const answer = await call(path, { signal });
  return answer.json().catch((error) => {
    throw error.name === "AbortError" ? error : new Problem(0);
  });
}

/** Say something of what is there, as JSON; what it is then. */
export async function put(path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await call(path, { method: "PUT", body: JSON.stringify(body), headers })).json();
}

/** Upload a form; `onProgress` gets the share that has been sent. Throws Problem, AbortError. */
export async function upload(path, form, idempotencyKey, onProgress, signal) {
  for (;;) {
    const key = currentKey();
    const [status, body] = await send(path, form, idempotencyKey, onProgress, signal);
    if (status >= 200 && status < 300) return body;
    if (isAbsence(status)) present();
    if (status !== 401 || !(await another(key))) throw new Problem(status, body);
  }
}

function send(path, form, idempotencyKey, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "json";
    const all = { ...headers(), "Idempotency-Key": idempotencyKey };
    for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onload = () => resolve([request.status, request.response ?? {}]);
    request.onerror = () => resolve([0, {}]);
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

/** The server-sent events of a path after event `seen`: EventSource could not send the key. */
export async function* events(path, seen, signal) {
  const more = seen === null ? {} : { "Last-Event-ID": seen };
  const answer = await call(path, { signal, headers: { Accept: "text/event-stream", ...more } });
  for await (const block of blocks(answer, "\n\n")) {
    const event = parse(block);
    if (event.event) yield event;
  }
}

/** The parts of an answer as they come, without what stands between them. Throws Problem. */
export async function* blocks(answer, separator) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await spoken(reader.read());
      if (done) return;
      const parts = (text + value).split(separator);
      text = parts.pop();
      yield* parts;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** What is read, unless the line breaks or nothing comes for too long. */
function spoken(reading) {
  return new Promise((resolve, reject) => {
    const silent = setTimeout(() => reject(new Problem(0)), silence);
    reading.then(resolve, (error) => reject(error.name === "AbortError" ? error : new Problem(0))).finally(() => clearTimeout(silent));
  });
}

function parse(block) {
  const fields = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(": ");
    if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
  }
  return fields;
}

/** A fresh random Idempotency-Key; `crypto.randomUUID` is missing on plain http. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
