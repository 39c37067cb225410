// The study's manifests as plain data: Phase C's run manifest, Phase D's overlap manifest, Phase E's training manifest.

import { type StudyView, studyViews } from "./design.ts";
import { doseName, studyLayout } from "./layout.ts";

/** Full path of a file of the study's layout. */
export type PathOf = (relativePath: string) => string;

/** A view of which not both splits could be made. */
export interface SkippedView {
  readonly dose: number;
  readonly view: StudyView;
  readonly reason: string;
}

/** `phase_c/run_manifest.json`. */
export function describeRuns(doses: readonly number[], pathOf: PathOf): Record<string, unknown> {
  return Object.fromEntries(
    doses.map((dose) => [
      doseName(dose),
      {
        dose,
        train: pathOf(studyLayout.splitFile(dose, "train")),
        test: pathOf(studyLayout.splitFile(dose, "test")),
        intermediate_dir: pathOf(studyLayout.doseC(dose)),
      },
    ]),
  );
}

/** `phase_d/overlap_manifest.json`: the files that `isMade` confirms. */
export function describeOverlaps(
  doses: readonly number[],
  pathOf: PathOf,
  isMade: (relativePath: string) => boolean,
): Record<string, unknown> {
  return Object.fromEntries(
    doses.map((dose) => {
      const views = studyViews.map((view) => {
        const files = {
          train: studyLayout.viewFile(dose, view, "train"),
          test: studyLayout.viewFile(dose, view, "test"),
          train_metrics: studyLayout.viewMetrics(dose, view, "train"),
          test_metrics: studyLayout.viewMetrics(dose, view, "test"),
          metrics_bundle: studyLayout.viewBundle(dose, view),
        };
        const made = Object.entries(files).filter(([, path]) => isMade(path));
        return [view, Object.fromEntries(made.map(([key, path]) => [key, pathOf(path)]))] as const;
      });
      return [
        doseName(dose),
        { dose, views: Object.fromEntries(views.filter(([, files]) => "train" in files || "test" in files)) },
      ];
    }),
  );
}

/** `phase_e/training_manifest.json` as a dry run leaves it: three jobs per dose, less the views that were skipped. */
export function describeTraining(
  doses: readonly number[],
  skippedViews: readonly SkippedView[],
  pathOf: PathOf,
  timestamp: string,
): Record<string, unknown> {
  const jobs = doses.flatMap((dose) =>
    (["baseline", ...studyViews] as const)
      .filter((view) => !skippedViews.some((skipped) => skipped.dose === dose && skipped.view === view))
      .map((view) => describeJob(dose, view, pathOf)),
  );
  return {
    timestamp,
    phase_c_root: pathOf(studyLayout.phaseC),
    phase_d_root: pathOf(studyLayout.phaseD),
    artifact_root: pathOf(studyLayout.phaseE),
    filters: { dose: null, view: null, gridsize: null },
    dry_run: true,
    jobs,
    ...describeSkips(skippedViews),
    skip_summary_path: "skip_summary.json",
  };
}

/** `phase_e/skip_summary.json` without its stamp. */
export function describeSkips(skippedViews: readonly SkippedView[]) {
  return { skipped_views: skippedViews, skipped_count: skippedViews.length };
}

function describeJob(dose: number, view: "baseline" | StudyView, pathOf: PathOf): Record<string, unknown> {
  const gridsize = view === "baseline" ? 1 : 2;
  const fileOf = (split: "train" | "test") =>
    pathOf(view === "baseline" ? studyLayout.splitFile(dose, split) : studyLayout.viewFile(dose, view, split));
  const folder = studyLayout.modelFolder(dose, view, gridsize);
  const job = {
    dose,
    view,
    gridsize,
    train_data_path: fileOf("train"),
    test_data_path: fileOf("test"),
    log_path: pathOf(`${folder}/train.log`),
    artifact_dir: pathOf(folder),
    backend: "tensorflow",
  };
  return { ...job, result: { ...job, dry_run: true } };
}
