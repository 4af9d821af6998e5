// What is drawn over the picture of a page.
import { drawn } from "./dom.js";

/** A line where it stands, for a page that has no picture. */
export function drawnText({ text, box: [[left, top], [right], [, bottom]] }) {
  const size = { textLength: Math.max(right - left, 1), lengthAdjust: "spacingAndGlyphs", "font-size": (bottom - top) * 0.8 };
  return drawn("text", { x: left, y: bottom - (bottom - top) / 5, ...size }, text);
}

/** Draw a box over a picture, or take away the one that is there. */
export function drawBox(svg, box) {
  svg?.querySelector(".field")?.remove();
  if (box) svg?.append(drawn("polygon", { points: box.map((point) => point.join(",")).join(" "), class: "field marked" }));
}

/** Bring what is drawn into view, where its frame shows a part of the picture only. */
export function scrollTo(frame, shape) {
  if (frame.scrollWidth <= frame.clientWidth) return;
  const [inner, outer] = [shape.getBoundingClientRect(), frame.getBoundingClientRect()];
  frame.scrollBy(inner.left - outer.left - 40, inner.top - outer.top - outer.height / 2);
}
