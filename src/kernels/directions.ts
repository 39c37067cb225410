// Kernels of the update directions (lsqml.md steps 6 and 7) and of the sub-pixel shift.

import type { KernelSpec } from "../gpu/kernel.ts";

export const shiftRamps = {
  shader: "shift-ramps",
  params: { height: "u32", width: "u32" },
  batch: true,
  buffers: { slots: "read", ramps: "readWrite" },
} satisfies KernelSpec;

/** Constants of the gather for so many rows of invocations, a divisor of 16. */
export function writeGatherRows(rows: number): string {
  return `const GROUP_ROWS = ${rows}u;\nconst PIXELS = ${16 / rows}u;\n`;
}

/** Joined by `writeGatherRows`. */
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
