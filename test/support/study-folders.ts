// A study's folders without a disk: the paths that exist, and the manifests of fixtures/study.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildJobs, type JobPlan, type JobSettings } from "../../src/jobs/build-jobs.ts";
import { doseFolder, listGrid, type StudyDesign, studyDesign } from "../../src/jobs/design.ts";
import { type JobFilters, noFilters } from "../../src/jobs/filters.ts";
import { parseManifest, type TrainingManifest } from "../../src/jobs/manifest.ts";
import { type FileLookup, type PathKind, type RootChoices, resolveRoots } from "../../src/jobs/roots.ts";
import { parseJson } from "../../src/node/parse-json.ts";

const folder = join(import.meta.dirname, "../../fixtures/study");

export function manifestText(name: string): string {
  return readFileSync(join(folder, `${name}.json`), "utf8");
}

// biome-ignore lint/suspicious/noExplicitAny: tests break it on purpose
export type AnyJson = any;

/** A fixture as JSON; every call gives a fresh one. */
export function manifestJson(name: string): AnyJson {
  return parseJson(manifestText(name), name, { acceptNonFinite: true });
}

export function readFixture(name: string): TrainingManifest {
  return parseManifest(manifestJson(name), `${name}.json`);
}

/** A lookup that knows these files; all else is nothing. */
export function lookupOf(files: Iterable<string>, others: Readonly<Record<string, PathKind>> = {}): FileLookup {
  const known = new Set(files);
  return { kindOf: (path) => (known.has(path) ? "file" : (others[path] ?? "nothing")) };
}

/** All inputs of a study below `root`, views named `<view>_<split>.npz`. */
export function studyFiles(root: string, design: StudyDesign = studyDesign): Set<string> {
  return new Set(
    listGrid(design).map(({ dose, view, split }) =>
      view === "baseline"
        ? `${root}/phase_c/${doseFolder(dose)}/patched_${split}.npz`
        : `${root}/phase_d/${doseFolder(dose)}/${view}/${view}_${split}.npz`,
    ),
  );
}

/** `files` without those whose path contains one of `parts`. */
export function without(files: Iterable<string>, ...parts: readonly string[]): Set<string> {
  return new Set([...files].filter((file) => !parts.some((part) => file.includes(part))));
}

export const noChoices: RootChoices = {
  dataRoot: null,
  phaseCRoot: null,
  phaseDRoot: null,
  artifactRoot: null,
  manifestFolder: "/data/phase_e",
  workingFolder: "/work",
};

export interface PlanRequest {
  readonly files: Iterable<string>;
  readonly manifest?: TrainingManifest | null;
  readonly filters?: Partial<JobFilters>;
  readonly choices?: Partial<RootChoices>;
  readonly design?: StudyDesign;
  readonly others?: Readonly<Record<string, PathKind>>;
  readonly settings?: JobSettings;
}

/** Plan of a study whose data root is /data. */
export function planOf(request: PlanRequest): JobPlan {
  const { manifest = null, design = studyDesign } = request;
  const lookup = lookupOf(request.files, request.others);
  const roots = resolveRoots(manifest, { ...noChoices, dataRoot: "/data", ...request.choices }, lookup);
  return buildJobs(manifest, design, { ...noFilters, ...request.filters }, roots, lookup, request.settings);
}
