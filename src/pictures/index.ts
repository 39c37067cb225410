// Public names of `ptycho-webgpu/pictures`; re-exports only.
/// <reference types="@webgpu/types" preserve="true" />

export { renderComparison } from "./render-comparison.ts";
export { renderReconstruction } from "./render-reconstruction.ts";
export { renderTruthComparison } from "./render-truth-comparison.ts";
