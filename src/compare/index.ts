// Public names of `ptycho-webgpu/compare`; re-exports only.
/// <reference types="@webgpu/types" preserve="true" />

export {
  COMPARE_DEFAULTS,
  type ComparedObjects,
  type CompareOptions,
  compareObjects,
  type ObjectComparison,
} from "./compare-objects.ts";
export { comparePhase, type PhaseComparison } from "./compare-phase.ts";
export { formatMetricCsv, formatMetricTable, listMetricRows, type MetricRow } from "./comparison-rows.ts";
export { createScanBox, type PixelBox } from "./pixel-box.ts";
export type { ReconstructedObject, TrueObject } from "./region.ts";
