// Kernels of the step sizes (lsqml.md step 10) and of the updates (step 12).

import type { KernelSpec } from "../gpu/kernel.ts";

export const stepSums = {
  shader: "step-sums",
  params: { laneCount: "u32", height: "u32", width: "u32", canvasHeight: "u32", canvasWidth: "u32" },
  batch: true,
  buffers: {
    slots: "read",
    chi: "read",
    shiftedProbe: "read",
    probe: "read",
    object: "read",
    direction: "read",
    probeDirection: "read",
    partials: "readWrite",
  },
} satisfies KernelSpec;

export const stepSizes = {
  shader: "step-sizes",
  params: { objectScale: "f32", probeScale: "f32", regularisation: "f32", invalidCounter: "u32" },
  batch: true,
  buffers: {
    slots: "read",
    sums: "read",
    farStep: "read",
    steps: "readWrite",
    patternSteps: "readWrite",
    flags: "readWrite",
  },
} satisfies KernelSpec;

export const trimSteps = {
  shader: "trim-steps",
  batch: true,
  buffers: { steps: "read", kept: "readWrite" },
} satisfies KernelSpec;

export const combineSteps = {
  shader: "combine-steps",
  batch: true,
  buffers: { steps: "read", kept: "read", batchSteps: "readWrite" },
} satisfies KernelSpec;

export const applyObject = {
  shader: "apply-object",
  params: { canvasHeight: "u32", canvasWidth: "u32", tilesAcross: "u32", learningRate: "f32" },
  batch: true,
  buffers: { tiles: "read", batchSteps: "read", direction: "read", object: "readWrite", flags: "readWrite" },
} satisfies KernelSpec;

export const applyProbe = {
  shader: "apply-probe",
  params: { sampleCount: "u32", learningRate: "f32" },
  batch: true,
  buffers: { batchSteps: "read", probeDirection: "read", probe: "readWrite", flags: "readWrite" },
} satisfies KernelSpec;
