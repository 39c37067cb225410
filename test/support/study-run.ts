// What `ptycho study run` says and leaves on disk.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ReconstructionManifest,
  reconstructionManifestSchema,
  type SkipSummary,
  type StudyIndex,
  skipSummarySchema,
  studyIndexSchema,
} from "../../src/jobs/artifact-schemas.ts";

export const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"));

/** The manifest of a root's newest call, or of a run's folder; checked. */
export const readManifest = (folder: string): ReconstructionManifest =>
  reconstructionManifestSchema.parse(readJson(join(folder, "reconstruction_manifest.json")));

export const readSkips = (folder: string): SkipSummary =>
  skipSummarySchema.parse(readJson(join(folder, "skip_summary.json")));

export const readIndex = (root: string): StudyIndex => studyIndexSchema.parse(readJson(join(root, "index.json")));

/** Events of a call with --json. */
// biome-ignore lint/suspicious/noExplicitAny: every event has its own fields
export const eventsOf = (out: string): any[] =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
