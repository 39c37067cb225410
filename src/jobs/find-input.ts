// The input file of one cell: where it should be, where it is, and what the manifest says about it (study.md 3.2, 4, 5.1).

import { baselineView, doseFolder, formatFloat, type GridPlace } from "./design.ts";
import { firstRejection } from "./filters.ts";
import type { TrainingManifest } from "./manifest.ts";
import { isSamePath, joinPath, lastName, parentPath } from "./paths.ts";
import { type FileLookup, rebasePath, type StudyRoots } from "./roots.ts";

/** Something worth saying about a cell that does not decide its fate. */
export interface CellNote {
  /**
   * `moved`: listed, but found elsewhere. `unlisted`: there, but the manifest does not list it. `listed-absent`.
   * `unlisted-absent`. `unusual-place`: where the manifest says, not where the study puts it. `both-names`: a second file
   * is there that is not used. `not-a-file`: something else has the name. `training-failed`: Phase E failed on it.
   */
  readonly code:
    | "moved"
    | "unlisted"
    | "listed-absent"
    | "unlisted-absent"
    | "unusual-place"
    | "both-names"
    | "not-a-file"
    | "training-failed";
  readonly message: string;
}

/** Outcome of the search. */
export interface InputSearch {
  /** Null when no candidate is a file. */
  readonly path: string | null;
  /** Where it should be by the study's rule; of several names the one that the manifest lists. */
  readonly expected: string;
  /** Every place that was looked at, in order. */
  readonly lookedFor: readonly string[];
  readonly notes: readonly CellNote[];
}

/** Names of a cell's file in its folder, the one that wins first. */
export function inputNames({ view, split }: Pick<GridPlace, "view" | "split">): readonly string[] {
  return view === baselineView ? [`patched_${split}.npz`] : [`${view}_${split}.npz`, `${split}.npz`];
}

/** Looks for a cell's input: the manifest's place, the other name beside it, then the study's places. */
export function findInput(
  place: GridPlace,
  manifest: TrainingManifest | null,
  roots: StudyRoots,
  lookup: FileLookup,
): InputSearch {
  const names = inputNames(place);
  const folder =
    place.view === baselineView
      ? joinPath(roots.phaseC, doseFolder(place.dose))
      : joinPath(roots.phaseD, doseFolder(place.dose), place.view);
  const usual = names.map((name) => joinPath(folder, name));
  const job = manifest?.jobs.find(({ dose, view }) => dose === place.dose && view === place.view) ?? null;
  const written = job && (place.split === "train" ? job.train_data_path : job.test_data_path);
  const listed = written === null ? [] : rebasePath(written, roots);
  const beside = listed.flatMap((path) => names.map((name) => joinPath(parentPath(path), name)));
  const lookedFor = [...new Set([...listed, ...beside, ...usual])];
  const kinds = new Map(lookedFor.map((path) => [path, lookup.kindOf(path)]));
  const files = lookedFor.filter((path) => kinds.get(path) === "file");
  const path = files[0] ?? null;
  const notes: CellNote[] = [];
  if (manifest && !job) notes.push(noteUnlisted(place, manifest, path !== null));
  if (written !== null) {
    if (path === null)
      notes.push({ code: "listed-absent", message: `listed in the manifest as ${written}, but absent` });
    else if (!listed.includes(path)) {
      const where = sameFolder(path, listed) ? `as ${lastName(path)}` : `at ${path}`;
      notes.push({ code: "moved", message: `listed in the manifest as ${written}, found ${where}` });
    } else if (!usual.some((other) => isSamePath(other, path))) {
      notes.push({ code: "unusual-place", message: `the manifest names it in an unusual place: ${written}` });
    }
  }
  for (const other of files.slice(1)) {
    notes.push({ code: "both-names", message: `${other} is there too and is not used` });
  }
  for (const [candidate, kind] of kinds) {
    if (kind === "file" || kind === "nothing") continue;
    const what = kind === "unreadable" ? "cannot be looked at" : kind === "folder" ? "is a folder" : "is not a file";
    notes.push({ code: "not-a-file", message: `${candidate} ${what}` });
  }
  if (job?.result?.status === "failed") {
    notes.push({ code: "training-failed", message: `Phase E failed on it: ${job.result.error ?? "no reason given"}` });
  }
  return { path, expected: usual.find((place) => listed.includes(place)) ?? usual[0]!, lookedFor, notes };
}

function sameFolder(path: string, others: readonly string[]): boolean {
  return others.some((other) => isSamePath(parentPath(other), parentPath(path)));
}

function noteUnlisted(place: GridPlace, manifest: TrainingManifest, present: boolean): CellNote {
  const { filters } = manifest;
  const gridsize = filters.gridsize === 1 || filters.gridsize === 2 ? filters.gridsize : null;
  const filter = firstRejection(place, { dose: filters.dose, view: filters.view, split: null, gridsize });
  const skipped = manifest.skippedViews.find(({ dose, view }) => dose === place.dose && view === place.view);
  const asked = filter === "dose" ? formatFloat(filters.dose!) : filter === "view" ? filters.view : gridsize;
  const because = skipped
    ? `: Phase E skipped it${skipped.reason ? ` (${skipped.reason})` : ""}`
    : filter !== null
      ? `: Phase E ran with --${filter} ${asked}`
      : "";
  return present
    ? { code: "unlisted", message: `present, but not listed in the manifest${because}` }
    : { code: "unlisted-absent", message: `not listed in the manifest either${because}` };
}
