// Kernels of the update directions (lsqml.md steps 6 and 7).

import type { KernelSpec } from "../gpu/kernel.ts";

/**
 * What the gather needs when an invocation takes so many pixels, a divisor of 16. Their sums are variables of their own,
 * because an array that a loop indexes leaves the registers. One pixel: neighbouring invocations take neighbours in a row,
 * which graphics processors read together. Several: neighbours in a row are one invocation's, and the invocations beside it
 * take other rows, so that a processor waits once for the cache lines of all rows.
 */
export function writeGatherPixels(count: number): string {
  const pixels = Array.from({ length: count }, (_, k) => ({ sum: `pixel${k}`, place: `place + vec2u(0u, ${k}u)` }));
  const first = count === 1 ? "local.yx" : `vec2u(local.x, ${count}u * local.y)`;
  return [
    `const GROUP_HEIGHT = ${16 / count}u;`,
    `fn firstPixel(corner: vec2u, local: vec3u) -> vec2u { return corner + ${first}; }`,
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
