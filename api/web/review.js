// Lines that are in doubt, one after the other, through all pages.
import { toast } from "./dom.js";
import { say } from "./i18n.js";

export class Review {
  constructor(view) {
    this.view = view;
  }

  /** Open the next line in doubt, behind a page and a line, or before them (`step` -1). */
  async go(step = 1, page = 0, line = -1) {
    const sheets = [...this.view.sheets.values()].filter((sheet) => sheet.read !== false).sort((a, b) => step * (a.number - b.number));
    for (const sheet of sheets) {
      if (page && step * (sheet.number - page) < 0) continue;
      await sheet.come();
      if (this.view.signal.aborted) return false;
      const from = sheet.number === page ? line : step > 0 ? -1 : Infinity;
      const doubtful = sheet.doubtful();
      const next = step > 0 ? doubtful.find((index) => index > from) : doubtful.findLast((index) => index < from);
      if (next !== undefined) return sheet.open(next, true);
    }
    toast(page ? "noneLeft" : "noneDoubtful");
    return false;
  }
}

/** How many of the pages that are there are in doubt still. */
export function sayDoubtful(node, sheets) {
  const count = sheets.reduce((all, sheet) => all + sheet.doubtful().length, 0);
  return say(node, count ? "reviewSome" : "review", count);
}
