// From the selection flags of `study plan` and `study run` to a plan: reads manifest and design, finds the roots, builds
// the jobs. Needs no GPU and touches nothing.

import { dirname, resolve } from "node:path";
import { InputError, OptionsError } from "../../errors.ts";
import { buildJobs, type JobPlan } from "../../jobs/build-jobs.ts";
import { listViews, parseDesign, type StudyDesign, studyDesign } from "../../jobs/design.ts";
import type { JobFilters } from "../../jobs/filters.ts";
import { parseManifest, type TrainingManifest } from "../../jobs/manifest.ts";
import { joinPath } from "../../jobs/paths.ts";
import { resolveRoots } from "../../jobs/roots.ts";
import { findNearestName } from "../../options-issue.ts";
import { nodeStudyFiles, type StudyFileSystem } from "./study-files.ts";

/** What a call selects; paths as typed, null = not given. */
export interface StudySelection {
  readonly trainingManifest: string | null;
  readonly phaseCRoot: string | null;
  readonly phaseDRoot: string | null;
  readonly dataRoot: string | null;
  readonly artifactRoot: string | null;
  readonly design: string | null;
  readonly filters: JobFilters;
  readonly baseSeed: number;
  /** Default 100. */
  readonly numEpochs?: number;
}

/** A plan and what it was made from. All paths are absolute. */
export interface StudyPlan extends JobPlan {
  readonly design: StudyDesign;
  readonly manifest: TrainingManifest | null;
  /** Null without a manifest. */
  readonly manifestPath: string | null;
}

/**
 * Plans a call. Without `trainingManifest`, `dataRoot`/phase_e/training_manifest.json is read where it exists. Missing
 * inputs are part of the plan (`assertInputsPresent` refuses them). Throws InputError (66) for a manifest or design that
 * cannot be read, OptionsError (78) for one that is wrong, OptionsError (2) for flags that do not fit.
 */
export async function planStudy(
  selection: StudySelection,
  fileSystem: StudyFileSystem = nodeStudyFiles,
): Promise<StudyPlan> {
  const { workingFolder } = fileSystem;
  const absolute = (path: string | null) => (path === null ? null : resolve(workingFolder, path));
  const dataRoot = absolute(selection.dataRoot);
  const design = await readDesign(absolute(selection.design), fileSystem);
  refuseUnknownView(selection.filters.view, design);
  const manifestPath = findManifest(absolute(selection.trainingManifest), dataRoot, fileSystem);
  const manifest =
    manifestPath === null ? null : parseManifest(await fileSystem.readJson(manifestPath, "MANIFEST"), manifestPath);
  const roots = resolveRoots(
    manifest,
    {
      dataRoot,
      phaseCRoot: absolute(selection.phaseCRoot),
      phaseDRoot: absolute(selection.phaseDRoot),
      artifactRoot: absolute(selection.artifactRoot),
      manifestFolder: manifestPath === null ? null : dirname(manifestPath),
      workingFolder,
    },
    fileSystem,
  );
  const plan = buildJobs(manifest, design, selection.filters, roots, fileSystem, {
    baseSeed: selection.baseSeed,
    ...(selection.numEpochs === undefined ? {} : { numEpochs: selection.numEpochs }),
  });
  const notes = [...plan.notes, ...noteRoots(plan, fileSystem, dataRoot !== null)];
  return { ...plan, notes, design, manifest, manifestPath };
}

async function readDesign(path: string | null, fileSystem: StudyFileSystem): Promise<StudyDesign> {
  return path === null ? studyDesign : parseDesign(await fileSystem.readJson(path, "DESIGN"), path);
}

function findManifest(given: string | null, dataRoot: string | null, fileSystem: StudyFileSystem): string | null {
  if (given !== null) {
    if (fileSystem.kindOf(given) !== "folder") return given;
    const details = {
      source: given,
      expected: "a file",
      got: "a folder",
      remedy: "Give training_manifest.json itself",
    };
    throw new InputError("INPUT_NOT_FILE", "the training manifest is not a file", details, 66);
  }
  if (dataRoot === null) return null;
  const usual = joinPath(dataRoot, "phase_e", "training_manifest.json");
  return fileSystem.kindOf(usual) === "file" ? usual : null;
}

function refuseUnknownView(view: string | null, design: StudyDesign): void {
  const known = listViews(design);
  if (view === null || known.includes(view)) return;
  const nearest = findNearestName(view, known);
  throw new OptionsError(
    "CLI_VALUE",
    "not a valid value",
    {
      source: "--view",
      expected: known.join(", "),
      got: view,
      ...(nearest ? { remedy: `Did you mean ${nearest}?` } : {}),
    },
    2,
  );
}

/** A root that is no folder is a likelier fault than 18 lost files. */
function noteRoots(plan: JobPlan, fileSystem: StudyFileSystem, dataRootGiven: boolean): string[] {
  const named = [
    ["Phase C root", plan.roots.phaseC],
    ["Phase D root", plan.roots.phaseD],
  ] as const;
  const notes = named
    .filter(([, path]) => fileSystem.kindOf(path) !== "folder")
    .map(([name, path]) => `the ${name} is not a folder here: ${path}`);
  if (notes.length > 0 && plan.totals.totalJobs === 0 && !dataRootGiven) {
    notes.push(
      "was the manifest written elsewhere? --data-root DIR names the folder that holds phase_c and phase_d here",
    );
  }
  return notes;
}
