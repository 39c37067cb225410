// Kernels of the update directions (lsqml.md steps 6 and 7).

import type { KernelSpec } from "../gpu/kernel.ts";

/** Object pixels that an invocation gathers, as shaders/parts/gather-*.wgsl have it. */
export const gatherParts = { one: "parts/gather-one", four: "parts/gather-four" } as const;

/** Joined by one of `gatherParts`. */
export const objectGradient = {
  shader: "object-gradient",
  params: { height: "u32", width: "u32", canvasHeight: "u32", canvasWidth: "u32", tilesAcross: "u32" },
  batch: true,
  buffers: {
    slots: "read",
    tiles: "read",
    chi: "read",
    shiftedProbe: "read",
    probe: "read",
    farStep: "read",
    preconditioner: "read",
    direction: "readWrite",
  },
} satisfies KernelSpec;

export const sumTerms = {
  shader: "sum-terms",
  params: { termPatterns: "u32", sampleCount: "u32" },
  batch: true,
  buffers: { terms: "read", mean: "readWrite" },
} satisfies KernelSpec;

export const probeDirectionModes = {
  shader: "probe-direction-modes",
  params: { canvasHeight: "u32", canvasWidth: "u32" },
  batch: true,
  buffers: { slots: "read", chi: "read", object: "read", farStep: "read", probeDirection: "readWrite" },
} satisfies KernelSpec;
