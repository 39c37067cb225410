// Kernels between epochs: illumination map, preconditioner, constraints (constraints.md).

import type { KernelSpec } from "../gpu/kernel.ts";

export const probeIntensity = {
  shader: "probe-intensity",
  params: { sampleCount: "u32", usedModes: "u32" },
  buffers: { probe: "read", intensity: "readWrite" },
} satisfies KernelSpec;

/** Joined by one of `gatherParts`. */
export const illumination = {
  shader: "illumination",
  params: {
    height: "u32",
    width: "u32",
    canvasHeight: "u32",
    canvasWidth: "u32",
    tilesAcross: "u32",
    oldWeight: "f32",
    newWeight: "f32",
  },
  batch: true,
  buffers: { slots: "read", tiles: "read", intensity: "read", illumination: "readWrite" },
} satisfies KernelSpec;

export const illuminationMaximum = {
  shader: "illumination-maximum",
  params: { sampleCount: "u32", laneCount: "u32" },
  buffers: { illumination: "read", maxima: "readWrite" },
} satisfies KernelSpec;

export const preconditioner = {
  shader: "preconditioner",
  params: { sampleCount: "u32", laneCount: "u32", damping: "f32" },
  buffers: { illumination: "read", maxima: "read", preconditioner: "readWrite" },
} satisfies KernelSpec;

export const regionSums = {
  shader: "region-sums",
  params: { top: "u32", left: "u32", rows: "u32", columns: "u32", canvasWidth: "u32", laneCount: "u32" },
  buffers: { object: "read", illumination: "read", partials: "readWrite" },
} satisfies KernelSpec;

export const regionFactor = {
  shader: "region-factor",
  params: { pixelCount: "f32", laneCount: "u32" },
  buffers: { partials: "read", factors: "readWrite" },
} satisfies KernelSpec;

export const scaleWave = {
  shader: "scale-wave",
  params: { sampleCount: "u32", factor: "u32" },
  buffers: { factors: "read", wave: "readWrite" },
} satisfies KernelSpec;

export const modeProducts = {
  shader: "mode-products",
  params: { frame: "u32", modeCount: "u32", laneCount: "u32" },
  buffers: { probe: "read", products: "readWrite" },
} satisfies KernelSpec;

export const mixModes = {
  shader: "mix-modes",
  params: { frame: "u32" },
  buffers: { mixing: "read", probe: "readWrite" },
} satisfies KernelSpec;
