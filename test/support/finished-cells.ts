// A study whose inputs are tiny valid scans, and cells of it that look finished, made without a device.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ReconstructionJob } from "../../src/jobs/build-jobs.ts";
import { noFilters } from "../../src/jobs/filters.ts";
import { type PresetName, presetOptions } from "../../src/jobs/presets.ts";
import { type ResultNames, writeArtifacts } from "../../src/node/artifacts.ts";
import { scanKey } from "../../src/node/run-scan.ts";
import { CELL_NAMES } from "../../src/node/study/cell-files.ts";
import { planStudy, type StudySelection } from "../../src/node/study/plan-study.ts";
import { parseOptions, type ReconstructOptions } from "../../src/options.ts";
import type { RunFacts } from "../../src/results/run-record.ts";
import { makeFinishedRun } from "./finished-run.ts";
import { scanFile } from "./scan-files.ts";
import { studyFiles } from "./study-folders.ts";

/** Writes all 18 inputs of a study: scans of 12 patterns of 16 x 16. */
export function writeTinyStudy(root: string): void {
  for (const path of studyFiles(root)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, scanFile());
  }
}

/** Flags with defaults for a plan. */
export function selectionOf(dataRoot: string, changes: Partial<StudySelection> = {}): StudySelection {
  return {
    trainingManifest: null,
    phaseCRoot: null,
    phaseDRoot: null,
    dataRoot,
    artifactRoot: join(dataRoot, "phase_f"),
    design: null,
    filters: noFilters,
    baseSeed: 0,
    numEpochs: 2,
    ...changes,
  };
}

export interface CellJob {
  readonly job: ReconstructionJob;
  readonly options: ReconstructOptions;
}

/** Jobs as a call would run them. */
export async function jobsOf(selection: StudySelection, preset: PresetName = "best"): Promise<CellJob[]> {
  return (await planStudy(selection)).jobs.map((job) => {
    const { dose, numEpochs: epochs, seed } = job;
    return { job, options: parseOptions(presetOptions(preset, { dose, epochs, seed })) };
  });
}

/** Writes a job's result as its worker would have; `change` makes it another one. */
export async function finishCell(
  { job, options }: CellJob,
  change: (facts: RunFacts) => Partial<RunFacts> = () => ({}),
  names: ResultNames = CELL_NAMES,
): Promise<void> {
  const bytes = readFileSync(job.inputNpz);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const made = makeFinishedRun({ seed: job.seed });
  const facts: RunFacts = {
    ...made,
    result: { ...made.result, options },
    dataset: { ...made.dataset, name: job.inputNpz, sizeBytes: bytes.length, sha256 },
    key: scanKey({ options, schedule: null }, sha256, null),
  };
  mkdirSync(job.outputDir, { recursive: true });
  await writeArtifacts(job.outputDir, { ...facts, ...change(facts) }, { overwrite: true, names });
}
