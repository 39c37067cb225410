// Kernels that find the range of a picture without reading the image back.

import type { KernelSpec } from "../gpu/kernel.ts";

export const previewSums = {
  shader: "preview-sums",
  params: { first: "u32", width: "u32", top: "u32", left: "u32", rows: "u32", columns: "u32" },
  buffers: { image: "read", partials: "readWrite" },
} satisfies KernelSpec;

export const previewHistogram = {
  shader: "preview-histogram",
  params: {
    first: "u32",
    width: "u32",
    top: "u32",
    left: "u32",
    rows: "u32",
    columns: "u32",
    partialCount: "u32",
    binCount: "u32",
  },
  buffers: { image: "read", partials: "read", bins: "readWrite" },
} satisfies KernelSpec;
