// Kernels of the update directions (lsqml.md steps 6 and 7) and of the sub-pixel shift.

import type { KernelSpec } from "../gpu/kernel.ts";

export const shiftRamps = {
  shader: "shift-ramps",
  params: { height: "u32", width: "u32" },
  batch: true,
  buffers: { slots: "read", ramps: "readWrite" },
} satisfies KernelSpec;

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

export const probeDirectionModes = {
  shader: "probe-direction-modes",
  params: { height: "u32", width: "u32", canvasHeight: "u32", canvasWidth: "u32" },
  batch: true,
  buffers: { slots: "read", chi: "read", object: "read", farStep: "read", probeDirection: "readWrite" },
} satisfies KernelSpec;
