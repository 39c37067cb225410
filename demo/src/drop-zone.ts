// Where a scan comes in: dropped anywhere on the page, chosen, or the built-in one.

import { button, element } from "./dom.ts";
import { refuse } from "./failure.ts";

export interface DropZone {
  readonly root: HTMLElement;
  /** Tells which file is being read; null = none. */
  setReading(name: string | null): void;
}

export interface DropZoneEvents {
  onFile(file: File): void;
  onBuiltIn(): void;
  onRefused(error: unknown): void;
}

const INVITATION = "Drop an NPZ file here. It is read on this machine and goes nowhere else.";

export function createDropZone(events: DropZoneEvents): DropZone {
  const input = element("input", { type: "file", id: "scan-file", accept: ".npz", class: "visually-hidden" });
  const label = element("label", { for: "scan-file", class: "choose" }, "Choose a file");
  const words = element("p", { role: "status" }, INVITATION);
  const root = element(
    "section",
    { class: "panel drop", "aria-label": "Scan" },
    element("h2", {}, "Scan"),
    words,
    element(
      "div",
      { class: "buttons" },
      input,
      label,
      button("Built-in scan", () => events.onBuiltIn()),
    ),
  );
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    input.value = ""; // the same file can be chosen again
    if (file) events.onFile(file);
  });
  let depth = 0;
  const mark = (over: boolean) => root.classList.toggle("over", over);
  addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth++;
    mark(true);
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) mark(false);
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    mark(false);
    try {
      const file = pickDropped(event.dataTransfer);
      if (file) events.onFile(file);
    } catch (error) {
      events.onRefused(error);
    }
  });
  return {
    root,
    setReading(name) {
      words.textContent = name === null ? INVITATION : `Reading ${name} …`;
    },
  };
}

/** The one file of a drop; null when nothing that is a file was dropped. Throws for folders and for several. */
export function pickDropped(transfer: Pick<DataTransfer, "items" | "files"> | null): File | null {
  const files = Array.from(transfer?.files ?? []);
  const folder = Array.from(transfer?.items ?? []).some((item) => item.webkitGetAsEntry?.()?.isDirectory);
  if (folder) {
    throw refuse("PAGE_FOLDER", "a folder was dropped", {
      expected: "one NPZ file",
      got: files[0]?.name ?? "a folder",
      remedy: "Open the folder and drop the scan itself",
    });
  }
  if (files.length > 1) {
    throw refuse("PAGE_FILES", "several files were dropped", {
      expected: "one NPZ file",
      got: `${files.length} files`,
      remedy: "Drop one of them",
    });
  }
  return files[0] ?? null;
}
