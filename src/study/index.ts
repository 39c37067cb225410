// Public names of `ptycho-webgpu/study`; re-exports only.
/// <reference types="@webgpu/types" preserve="true" />

export {
  buildPlanRecord,
  buildReconstructionManifest,
  buildSkipSummary,
  type CallFacts,
  type ManifestFacts,
} from "../jobs/artifact-records.ts";
export * from "../jobs/artifact-schemas.ts";
export * from "../jobs/build-jobs.ts";
export { parseDesign, type StudyDesign, studyDesign } from "../jobs/design.ts";
export { type JobFilters, noFilters } from "../jobs/filters.ts";
export { parseManifest, type TrainingManifest } from "../jobs/manifest.ts";
export { type FileLookup, type RootChoices, resolveRoots, type StudyRoots } from "../jobs/roots.ts";
export { deriveSeed } from "../jobs/seeds.ts";
export { readTelemetry, type Telemetry } from "../jobs/telemetry.ts";
export { createStandInBase, type StudyBase } from "./base.ts";
export { studyScales } from "./design.ts";
export { type StudyMember, writeStudyNpz } from "./members.ts";
export { listPhaseCMembers, type PhaseCPlan, planPhaseC } from "./phase-c.ts";
export { planView, type ViewRequest } from "./phase-d.ts";
