// Pictures of pages: fetched with the key, a few kept, shown in any number of elements.
import { call } from "./service.js";

const mostKept = 40; // some 10 MB

export class Pictures {
  constructor(id, signal) {
    this.id = id;
    this.signal = signal;
    this.kept = new Map();
  }

  /** Put a page's picture into an <img>; whether there is one. */
  async show(image, page) {
    const blob = await this.get(page).catch(() => null);
    return !!blob?.size && !this.signal.aborted && showBlob(image, blob);
  }

  get(page) {
    const found = this.kept.get(page) ?? this.fetch(page);
    this.kept.delete(page);
    this.kept.set(page, found); // the last in a Map is the one used last
    if (this.kept.size > mostKept) this.kept.delete(this.kept.keys().next().value);
    return found;
  }

  async fetch(page) {
    try {
      return await (await call(`/v1/jobs/${this.id}/pages/${page}/image`, { signal: this.signal })).blob();
    } catch (error) {
      this.kept.delete(page); // it may come with the next try
      throw error;
    }
  }
}

/** Show a file or blob; false where it is no picture that the browser knows. */
export async function showBlob(image, blob) {
  const address = URL.createObjectURL(blob);
  image.src = address;
  try {
    await image.decode();
    return true;
  } catch {
    return false;
  } finally {
    URL.revokeObjectURL(address); // what the element has decoded, it keeps
  }
}

/** Call `come` when an element is near what is seen, and `go` when it is not any more. */
export function nearness(root, margin, come, go = () => {}) {
  return new IntersectionObserver(
    (entries) => entries.forEach(({ isIntersecting, target }) => (isIntersecting ? come(target) : go(target))),
    { root, rootMargin: margin },
  );
}
