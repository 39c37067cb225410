// Kernels at the detector: modelled intensity, loss, residual, and the Poisson step.

import type { KernelSpec } from "../gpu/kernel.ts";

export const farField = {
  shader: "far-field",
  params: { laneCount: "u32", residualScale: "f32", excludeBelow: "f32", amplitudeScale: "f32" },
  batch: true,
  buffers: {
    slots: "read",
    patterns: "read",
    validPixels: "read",
    waves: "readWrite",
    partials: "readWrite",
    modelled: "readWrite",
  },
} satisfies KernelSpec;

export const poissonSums = {
  shader: "poisson-sums",
  params: { laneCount: "u32", excludeBelow: "f32", amplitudeScale: "f32" },
  batch: true,
  buffers: {
    slots: "read",
    patterns: "read",
    validPixels: "read",
    modelled: "read",
    farStep: "read",
    partials: "readWrite",
  },
} satisfies KernelSpec;

export const poissonStep = {
  shader: "poisson-step",
  params: { addNoise: "u32" },
  batch: true,
  buffers: { slots: "read", sums: "read", previous: "read", next: "readWrite" },
} satisfies KernelSpec;

export const poissonResidual = {
  shader: "poisson-residual",
  params: { residualScale: "f32", excludeBelow: "f32", amplitudeScale: "f32" },
  batch: true,
  buffers: { slots: "read", patterns: "read", validPixels: "read", modelled: "read", waves: "readWrite" },
} satisfies KernelSpec;

export const sumPartials = {
  shader: "sum-partials",
  params: { laneCount: "u32", quantityCount: "u32", intoStatistics: "u32" },
  batch: true,
  buffers: { partials: "read", sums: "readWrite" },
} satisfies KernelSpec;
