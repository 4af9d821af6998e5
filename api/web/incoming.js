// How files come in: dropped, with their folders, chosen, pasted or photographed.
import { byId } from "./dom.js";

/** Listen for files; `take` gets a list of them, each with its `path` in the folder it came in. */
export function listen(take) {
  const drop = byId("drop");
  for (const id of ["files", "folder", "camera"]) {
    byId(id).addEventListener("change", (event) => {
      take([...event.target.files].map((file) => placed(file, file.webkitRelativePath)));
      event.target.value = "";
    });
  }
  byId("choose").addEventListener("click", () => byId("files").click());
  byId("choose-folder").addEventListener("click", () => byId("folder").click());
  byId("photograph").addEventListener("click", () => byId("camera").click());
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", async (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    drop.classList.remove("over");
    take(await dropped(event.dataTransfer));
  });
  document.addEventListener("paste", (event) => take([...(event.clipboardData?.files ?? [])].map((file) => placed(file))));
}

const placed = (file, path) => ({ file, path: path || file.name, inFolder: Boolean(path) });

/** The files of a drop, those in its folders too; where there are no folders, as the browser lists them. */
async function dropped(transfer) {
  const files = [...transfer.files].map((file) => placed(file));
  const entries = [...(transfer.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return files;
  return (await Promise.all(entries.map(within))).flat();
}

async function within(entry) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [placed(file, entry.fullPath.replace(/^\//, ""))];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a hundred at a time
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return found;
    for (const one of some) found.push(...(await within(one)));
  }
}
