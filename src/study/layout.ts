// Where the study's files lie below its root, with "/" between names.

import { type StudySplit, type StudyView, wholePhotons } from "./design.ts";

/** Files and folders of a generated study, relative to its root. */
export const studyLayout = {
  phaseC: "phase_c",
  phaseD: "phase_d",
  phaseE: "phase_e",
  runManifest: "phase_c/run_manifest.json",
  overlapManifest: "phase_d/overlap_manifest.json",
  trainingManifest: "phase_e/training_manifest.json",
  skipSummary: "phase_e/skip_summary.json",
  generateRecord: "generate.json",
  doseC: (dose: number) => `phase_c/${doseName(dose)}`,
  splitFile: (dose: number, split: StudySplit) => `phase_c/${doseName(dose)}/patched_${split}.npz`,
  viewFolder: (dose: number, view: StudyView) => `phase_d/${doseName(dose)}/${view}`,
  viewFile: (dose: number, view: StudyView, split: StudySplit) =>
    `phase_d/${doseName(dose)}/${view}/${view}_${split}.npz`,
  viewMetrics: (dose: number, view: StudyView, split: StudySplit) =>
    `phase_d/${doseName(dose)}/${view}/${split}_metrics.json`,
  viewBundle: (dose: number, view: StudyView) => `phase_d/${doseName(dose)}/${view}/metrics_bundle.json`,
  artifactBundle: (dose: number, view: StudyView) => `metrics/${doseName(dose)}/${view}.json`,
  modelFolder: (dose: number, view: string, gridsize: number) => `phase_e/${doseName(dose)}/${view}/gs${gridsize}`,
} as const;

/** Key and folder name of a dose. */
export function doseName(dose: number): string {
  return `dose_${wholePhotons(dose)}`;
}
