// Doing something that the service may refuse.
import { toast } from "./dom.js";
import { words } from "./service.js";

/** What the action brings; null where it was refused, which is said. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    toast("plain", () => words(error));
    return null;
  }
}
