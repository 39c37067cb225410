// Kernels of the step sizes (lsqml.md step 10) and of the updates (step 12).

import type { KernelSpec } from "../gpu/kernel.ts";

/** Invocations of a workgroup and sums it leaves, as shaders/parts/sums-*.wgsl declare them. */
export const stepSumParts = {
  group: { part: "parts/sums-group", invocations: 128, lanes: 1 },
  lane: { part: "parts/sums-lane", invocations: 64, lanes: 64 },
} as const;

/** Joined by one of `stepSumParts`. */
export const stepSums = {
  shader: "step-sums",
  params: { groupCount: "u32", canvasHeight: "u32", canvasWidth: "u32" },
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
    batchSteps: "readWrite",
    flags: "readWrite",
  },
} satisfies KernelSpec;

export const applyUpdate = {
  shader: "apply-update",
  params: {
    canvasHeight: "u32",
    canvasWidth: "u32",
    tilesAcross: "u32",
    objectRate: "f32",
    probeSamples: "u32",
    probeRate: "f32",
    allModes: "u32",
  },
  batch: true,
  buffers: {
    tiles: "read",
    batchSteps: "read",
    direction: "read",
    probeDirection: "read",
    object: "readWrite",
    probe: "readWrite",
    flags: "readWrite",
  },
} satisfies KernelSpec;
