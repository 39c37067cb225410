// A batched 2-D FFT as two line transforms: rows and columns. Encode only; the caller owns the buffers. Forward without
// factor, inverse as told by `scale` (conventions.md section 4).

import { GpuError } from "../errors.ts";
import { KernelLibrary } from "../gpu/kernel-library.ts";
import { factorLength } from "./line-shape.ts";
import { LineKernels, linePlain } from "./lines.ts";
import type { Profile } from "./profile.ts";

/** A transform bound to its buffers. */
export interface BoundFft {
  /** Encodes both passes for `patterns` patterns; the batch entry's count must say the same. */
  encode(pass: GPUComputePassEncoder, patterns: number, batchOffset: number): void;
}

export interface FftBinding {
  readonly source: GPUBuffer;
  /** Where the transform ends. */
  readonly result: GPUBuffer;
  /** Holds rows that are done. */
  readonly scratch: GPUBuffer;
  readonly direction: "forward" | "inverse";
  /** Factor on the result. */
  readonly scale: number;
  /** 0: one plane in all, however many patterns there are. */
  readonly planesPerPattern: number;
  /** A plane per minibatch, not worth a long compilation. */
  readonly once?: boolean;
}

/** Throws GpuError FFT_SIZE unless both sides are 2^a 3^b 5^c and at least 8. */
export function checkFftSize(height: number, width: number): void {
  for (const length of [height, width])
    if (!factorLength(length))
      throw new GpuError("FFT_SIZE", `no FFT for length ${length}: only 2^a 3^b 5^c from 8 on`, {}, 69);
}

/** Binds one transform of `height` x `width` planes. */
export async function bindFft(
  lines: LineKernels,
  batch: GPUBuffer,
  [height, width]: readonly [number, number],
  { source, result, scratch, direction, scale, planesPerPattern, once = false }: FftBinding,
): Promise<BoundFft> {
  checkFftSize(height, width);
  const [rows, columns] = await Promise.all([
    lines.bind(
      linePlain,
      { kind: direction, axis: "row", length: width, linesPerPlane: height, once },
      { params: { planesPerPattern, scale: 1 }, batch, buffers: { source, result: scratch } },
    ),
    lines.bind(
      linePlain,
      { kind: direction, axis: "column", length: height, linesPerPlane: width, once },
      { params: { planesPerPattern, scale }, batch, buffers: { source: scratch, result } },
    ),
  ]);
  return {
    encode(pass, patterns, batchOffset) {
      const planes = planesPerPattern === 0 ? 1 : patterns * planesPerPattern;
      rows.encode(pass, planes, batchOffset);
      columns.encode(pass, planes, batchOffset);
    },
  };
}

/** Transforms of one frame size on one device, for use on their own; owns what it has bound. */
export class Fft2d {
  readonly #batch: GPUBuffer;
  readonly #size: readonly [number, number];
  readonly #library: KernelLibrary;
  readonly #lines: LineKernels;

  /** `batch`: the table of per-minibatch entries the transforms read their pattern count from. Throws GpuError FFT_SIZE. */
  constructor(device: GPUDevice, batch: GPUBuffer, height: number, width: number, profile: Profile) {
    checkFftSize(height, width);
    this.#batch = batch;
    this.#size = [height, width];
    this.#library = new KernelLibrary(device);
    this.#lines = new LineKernels(device, this.#library, profile);
  }

  bind(binding: FftBinding): Promise<BoundFft> {
    return bindFft(this.#lines, this.#batch, this.#size, binding);
  }

  destroy(): void {
    this.#lines.destroy();
    this.#library.destroy();
  }
}
