// Public names of the browser-safe core; re-exports only.
/// <reference types="@webgpu/types" preserve="true" />

export {
  COMPARE_DEFAULTS,
  type ComparedObjects,
  type CompareOptions,
  compareObjects,
  type ObjectComparison,
} from "./compare/compare-objects.ts";
export { comparePhase, type PhaseComparison } from "./compare/compare-phase.ts";
export { formatMetricCsv, formatMetricTable, listMetricRows, type MetricRow } from "./compare/comparison-rows.ts";
export { createScanBox, type PixelBox } from "./compare/pixel-box.ts";
export type { ReconstructedObject, TrueObject } from "./compare/region.ts";
export * from "./complex.ts";
export { readDataset } from "./data/contract.ts";
export * from "./data/dataset.ts";
export { type NpzFile, openNpz } from "./data/npz.ts";
export { createNpzWriter, type NpzWriter } from "./data/npz-writer.ts";
export { blobAccess, bytesAccess, type RandomAccess } from "./data/random-access.ts";
export { writeNpz } from "./data/write-npz.ts";
export type * from "./engine/checkpoint.ts";
export type { EpochOutcome } from "./engine/epoch-outcome.ts";
export { type EpochHooks, LsqmlEngine } from "./engine/lsqml-engine.ts";
export type { LsqmlProblem } from "./engine/problem.ts";
export type { ProfileSource } from "./engine/profile-choice.ts";
export { reconstruct } from "./engine/reconstruct.ts";
export type * from "./engine/result.ts";
export { runSelfTest, type SelfTestResult } from "./engine/self-test.ts";
export { defaultProfile, type EngineSettings } from "./engine/state.ts";
export * from "./errors.ts";
export { BufferPool } from "./gpu/buffers.ts";
export { type AdapterFacts, describeAdapter, formatAdapterLine, watchDevice } from "./gpu/device.ts";
export { compileKernel } from "./gpu/kernel.ts";
export { type OpenedGpu, openBrowserDevice } from "./gpu/open-browser-device.ts";
export { StageTimer } from "./gpu/timing.ts";
export {
  buildPlanRecord,
  buildReconstructionManifest,
  buildSkipSummary,
  type CallFacts,
  type ManifestFacts,
} from "./jobs/artifact-records.ts";
export * from "./jobs/artifact-schemas.ts";
export * from "./jobs/build-jobs.ts";
export { parseDesign, type StudyDesign, studyDesign } from "./jobs/design.ts";
export { type JobFilters, noFilters } from "./jobs/filters.ts";
export { parseManifest, type TrainingManifest } from "./jobs/manifest.ts";
export { type FileLookup, type RootChoices, resolveRoots, type StudyRoots } from "./jobs/roots.ts";
export { deriveSeed } from "./jobs/seeds.ts";
export { readTelemetry, type Telemetry } from "./jobs/telemetry.ts";
export { scaleWave } from "./kernels/constraints.ts";
export { type BoundFft, Fft2d, type FftBinding } from "./kernels/fft2d.ts";
export { type Profile, profiles } from "./kernels/profile.ts";
export * from "./options.ts";
export { renderComparison } from "./pictures/render-comparison.ts";
export { renderReconstruction } from "./pictures/render-reconstruction.ts";
export { renderTruthComparison } from "./pictures/render-truth-comparison.ts";
export { PreviewPainter } from "./preview/painter.ts";
export * from "./preview/preview-image.ts";
export { type ProfileName, profileNames } from "./profile-names.ts";
export { firstOprMode, type ResultFacts, resultMembers } from "./results/result-members.ts";
export {
  exportSchedule,
  parseSchedule,
  planFromSchedule,
  serializePlan,
  serializeSchedule,
} from "./schedule/explicit.ts";
export { createMinibatchPlan } from "./schedule/minibatches.ts";
export type { MinibatchPlan, Schedule } from "./schedule/schedule.ts";
export { scanToNpzMembers } from "./simulate/scan-members.ts";
export { type SimulatedScan, simulateScan } from "./simulate/simulate-scan.ts";
export { createStandInBase, type StudyBase } from "./study/base.ts";
export { studyScales } from "./study/design.ts";
export { type StudyMember, writeStudyNpz } from "./study/members.ts";
export { listPhaseCMembers, type PhaseCPlan, planPhaseC } from "./study/phase-c.ts";
export { planView, type ViewRequest } from "./study/phase-d.ts";
