// Public names of the browser-safe core; re-exports only.

export { comparePhase, type PhaseComparison } from "./compare/compare-phase.ts";
export { createScanBox, type PixelBox } from "./compare/pixel-box.ts";
export * from "./complex.ts";
export { readDataset } from "./data/contract.ts";
export * from "./data/dataset.ts";
export { type NpzFile, openNpz } from "./data/npz.ts";
export { blobAccess, bytesAccess, type RandomAccess } from "./data/random-access.ts";
export { writeNpz } from "./data/write-npz.ts";
export type * from "./engine/checkpoint.ts";
export type { EpochOutcome } from "./engine/epoch-outcome.ts";
export { type EpochHooks, LsqmlEngine } from "./engine/lsqml-engine.ts";
export type { LsqmlProblem } from "./engine/problem.ts";
export { reconstruct } from "./engine/reconstruct.ts";
export type * from "./engine/result.ts";
export { runSelfTest, type SelfTestResult } from "./engine/self-test.ts";
export * from "./errors.ts";
export { BufferPool } from "./gpu/buffers.ts";
export { type AdapterFacts, describeAdapter, formatAdapterLine, watchDevice } from "./gpu/device.ts";
export { compileKernel } from "./gpu/kernel.ts";
export { StageTimer } from "./gpu/timing.ts";
export { scaleWave } from "./kernels/constraints.ts";
export { Fft2d, fftPlain } from "./kernels/fft2d.ts";
export * from "./options.ts";
export { renderReconstruction } from "./pictures/render-reconstruction.ts";
export { renderTruthComparison } from "./pictures/render-truth-comparison.ts";
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
