// A line or a field set right in its place: what it says, that it is right, or that there is none.
import { button, make } from "./dom.js";
import { say, t } from "./i18n.js";
import { moment } from "./rows.js";

/**
 * Put an editor into `host`. `text` is what stands there now; `none` what is said of there being
 * none; `crop` a picture of it, if there is one. `save` gets what the reader says, and answers
 * whether it was taken; `leave` gets 1 (go on), -1 (back) or 0 (the editor is closed).
 */
export function edit(host, { text, name, none, crop, correction, save, leave, isRow }) {
  const input = make("textarea", { value: text, rows: 1, spellcheck: false, maxLength: 2000, label: ["editing", name] });
  const fit = () => (input.style.height = "auto", (input.style.height = `${input.scrollHeight + 2}px`));
  let busy = false;
  const give = async (said) => {
    if (busy) return;
    busy = true;
    const taken = await save(said);
    busy = false;
    if (taken) leave(1);
    else input.focus();
  };
  const right = () => {
    const now = input.value.trim().replace(/\s+/g, " ");
    give(now && now !== text ? { text: now } : text ? { confirmed: true } : { [none[0]]: true });
  };
  input.addEventListener("input", fit);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // an input method is at work, as for Vietnamese
    event.stopPropagation();
    if (event.key === "Enter") event.preventDefault(), event.shiftKey ? give({ [none[0]]: true }) : right();
    else if (event.key === "Escape") event.preventDefault(), leave(0);
    else if (event.key === "Tab" && isRow) event.preventDefault(), leave(event.shiftKey ? -1 : 1);
  });
  const buttons = make("div", { className: "buttons" },
    button("right", right, { className: "primary small" }),
    button(none[1], () => give({ [none[0]]: true }), { className: "small" }),
    ...(correction && correction.kind !== "as_read" ? [button("asRead", () => give({ as_read: true }), { className: "small" })] : []),
    button("close", () => leave(0), { className: "small quiet" }),
  );
  const editor = make("div", { className: "editor", on: { click: (event) => event.stopPropagation(), dblclick: (event) => event.stopPropagation() } }, ...(crop ? [crop] : []), input, buttons, ...history(correction));
  host.replaceChildren(editor);
  fit();
  input.focus();
  input.select();
  return editor;
}

/** Who said what of it, and when; the newest first. */
function history(correction) {
  if (!correction) return [];
  const rows = [...correction.versions].reverse().map((one) => make("li", { say: ["plain", () => versionWords(one)] }));
  rows.push(make("li", { say: ["plain", () => t("wasRead", correction.original ?? "")] }));
  return [make("ul", { className: "history", label: "history" }, ...rows)];
}

export function versionWords({ kind, text, by, at }) {
  const what = { text: () => t("saidText", text), confirmed: () => t("saidRight"), not_text: () => t("saidNotText"), absent: () => t("saidAbsent"), as_read: () => t("saidAsRead") }[kind]();
  return t("saidBy", what, by, moment(at));
}

/** A mark that somebody looked at it; the words of it for who points at it or listens. */
export function checkedMark(correction) {
  if (!correction || correction.kind === "as_read") return [];
  const mark = make("span", { className: "checked", ariaHidden: "true", textContent: "✓" });
  mark.title = versionWords(correction);
  return [mark, say(make("span", { className: "away" }), "plain", () => versionWords(correction))];
}

/** A piece of a picture, as large as it is wide on the page; nothing where there is no picture. */
export function cropOf(image, box, width) {
  if (!image.naturalWidth || !box) return null;
  const scale = image.naturalWidth / width;
  const [xs, ys] = [box.map(([x]) => x), box.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs) * scale - 6, Math.min(...ys) * scale - 4];
  const [wide, high] = [Math.max(...xs) * scale + 6 - left, Math.max(...ys) * scale + 4 - top];
  const canvas = make("canvas", { width: Math.ceil(wide), height: Math.ceil(high), className: "crop", ariaHidden: "true" });
  canvas.getContext("2d").drawImage(image, left, top, wide, high, 0, 0, canvas.width, canvas.height);
  return canvas;
}
