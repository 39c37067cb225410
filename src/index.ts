// Public names of the browser-safe core; re-exports only.
/// <reference types="@webgpu/types" preserve="true" />

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
export { scaleWave } from "./kernels/constraints.ts";
export { type BoundFft, Fft2d, type FftBinding } from "./kernels/fft2d.ts";
export { type Profile, profiles } from "./kernels/profile.ts";
export * from "./options.ts";
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
