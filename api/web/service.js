// Calls on the service: with the key, with problems as errors, uploads with progress, event streams.
import { reason, t } from "./i18n.js";
import { another, currentKey, headers } from "./key.js";

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

/** Call the service; asks for a key where it wants one. Throws Problem, AbortError. */
export async function call(path, options = {}) {
  for (;;) {
    const key = currentKey();
    const answer = await fetch(path, { ...options, headers: { ...options.headers, ...headers() } }).catch((error) => {
      throw error.name === "AbortError" ? error : new Problem(0);
    });
    if (answer.ok) return answer;
    const problem = new Problem(answer.status, await answer.json().catch(() => ({})));
    if (answer.status !== 401 || !(await another(key))) throw problem;
  }
}

export const load = async (path, signal) => (await call(path, { signal })).json();

/** Upload a form; `onProgress` gets the share that has been sent. Throws Problem, AbortError. */
export async function upload(path, form, idempotencyKey, onProgress, signal) {
  for (;;) {
    const key = currentKey();
    const [status, body] = await send(path, form, idempotencyKey, onProgress, signal);
    if (status >= 200 && status < 300) return body;
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
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const event = parse(block);
        if (event.event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
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
