// Kernels of the update directions (lsqml.md steps 6 and 7).

import type { KernelSpec } from "../gpu/kernel.ts";

/**
 * What the gather needs for so many rows of invocations, a divisor of 16: sums of an invocation's pixels, one by one, because
 * an array that a loop indexes leaves the registers.
 */
export function writeGatherPixels(rows: number): string {
  const pixels = Array.from({ length: 16 / rows }, (_, k) => ({
    sum: `pixel${k}`,
    place: `place + vec2u(${k * rows}u, 0u)`,
  }));
  return [
    `const GROUP_ROWS = ${rows}u;`,
    `struct PixelSums { ${pixels.map(({ sum }) => `${sum}: vec4f`).join(", ")} }`,
    "fn addContributions(pattern: Covering, place: vec2u, sums: ptr<function, PixelSums>) {",
    ...pixels.map(({ sum, place }) => `  (*sums).${sum} += contribution(pattern, ${place});`),
    "}",
    "fn leaveSums(place: vec2u, sums: PixelSums) {",
    ...pixels.map(({ sum, place }) => `  leave(${place}, sums.${sum});`),
    "}\n",
  ].join("\n");
}

/** Joined by `writeGatherPixels`. */
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
