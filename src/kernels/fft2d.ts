// The one composite kernel: a batched 2-D FFT as a sequence of Stockham passes, rows first. Encode only; the caller owns
// the buffers. Forward without factor, inverse as told by `scale` (conventions.md section 4).

import { GpuError } from "../errors.ts";
import type { BoundKernel, KernelSpec } from "../gpu/kernel.ts";
import { KernelLibrary } from "../gpu/kernel-library.ts";

const passParams = { planesPerPattern: "u32", direction: "f32", scale: "f32" } as const;

/** Where a pass reads from: another buffer, or pointwise work fused into the first pass. */
export const fftPlain = {
  shader: "fft-plain",
  params: passParams,
  batch: true,
  buffers: { twiddles: "read", source: "read", result: "readWrite" },
} satisfies KernelSpec;

export const fftShiftedProbe = {
  shader: "fft-shifted-probe",
  params: passParams,
  batch: true,
  buffers: { twiddles: "read", spectrum: "read", ramps: "read", result: "readWrite" },
} satisfies KernelSpec;

export const fftExitWave = {
  shader: "fft-exit-wave",
  params: passParams,
  batch: true,
  buffers: {
    twiddles: "read",
    slots: "read",
    shiftedProbe: "read",
    probe: "read",
    object: "read",
    result: "readWrite",
  },
} satisfies KernelSpec;

export const fftProbeGradient = {
  shader: "fft-probe-gradient",
  params: passParams,
  batch: true,
  buffers: { twiddles: "read", slots: "read", chi: "read", object: "read", result: "readWrite" },
} satisfies KernelSpec;

/** One pass of the plan: a butterfly of `radix` along one axis. */
export interface FftPass {
  readonly axis: "row" | "column";
  readonly radix: number;
  /** Product of the radices of the earlier passes of this axis. */
  readonly stageLength: number;
}

/** Radices for one axis, fewest passes first; null when `length` has a prime factor above 5. */
export function factorLength(length: number): number[] | null {
  const radices: number[] = [];
  let rest = length;
  for (const prime of [5, 3]) {
    while (rest % prime === 0) {
      radices.push(prime);
      rest /= prime;
    }
  }
  let exponent = Math.log2(rest);
  if (!Number.isInteger(exponent)) return null;
  // powers of two in even shares: 2^7 = 16 * 8, 2^9 = 8 * 8 * 8
  const passes = Math.ceil(exponent / 4);
  for (let left = passes; left > 0; left--) {
    const share = Math.ceil(exponent / left);
    radices.push(2 ** share);
    exponent -= share;
  }
  return radices.sort((a, b) => b - a);
}

/** Passes of a 2-D transform of `height` x `width`; throws GpuError FFT_SIZE for other sizes than 2^a 3^b 5^c. */
export function planFft(height: number, width: number): FftPass[] {
  const passes: FftPass[] = [];
  for (const [axis, length] of [["row", width] as const, ["column", height] as const]) {
    const radices = factorLength(length);
    if (!radices) throw new GpuError("FFT_SIZE", `no FFT for length ${length}: only 2^a 3^b 5^c`, {}, 69);
    let stageLength = 1;
    for (const radix of radices) {
      passes.push({ axis, radix, stageLength });
      stageLength *= radix;
    }
  }
  return passes;
}

/** A transform bound to its buffers. */
export interface BoundFft {
  /** Encodes all passes for `patterns` patterns; the batch entry's count must say the same. */
  encode(pass: GPUComputePassEncoder, patterns: number, batchOffset: number): void;
}

export interface FftBinding {
  /** Reads of the first pass. */
  readonly load: KernelSpec;
  readonly loadBuffers: Readonly<Record<string, GPUBuffer>>;
  readonly constants?: Readonly<Record<string, number>>;
  /** Where the transform ends. */
  readonly result: GPUBuffer;
  /** Used by every other pass. */
  readonly scratch: GPUBuffer;
  readonly direction: "forward" | "inverse";
  /** Factor on the result. */
  readonly scale: number;
  readonly planesPerPattern: number;
}

/** Transforms of one frame size on one device; owns the twiddle tables and the passes it has bound. */
export class Fft2d {
  readonly #batch: GPUBuffer;
  readonly #size: readonly [number, number];
  readonly #passes: readonly FftPass[];
  readonly #twiddles = new Map<number, GPUBuffer>();
  readonly #library: KernelLibrary;

  /** `batch`: the table of per-minibatch entries the transforms read their pattern count from. */
  constructor(device: GPUDevice, batch: GPUBuffer, height: number, width: number) {
    this.#batch = batch;
    this.#size = [height, width];
    this.#passes = planFft(height, width);
    this.#library = new KernelLibrary(device);
    for (const length of new Set([height, width])) this.#twiddles.set(length, createTwiddles(device, length));
  }

  /** Number of passes; decides in which of two buffers a transform ends when it starts in one of them. */
  get passCount(): number {
    return this.#passes.length;
  }

  /** Compiles what is missing and binds one transform. */
  async bind(binding: FftBinding): Promise<BoundFft> {
    const [height, width] = this.#size;
    const last = this.#passes.length - 1;
    const resultOf = (index: number) => ((last - index) % 2 === 0 ? binding.result : binding.scratch);
    const passes = await Promise.all(
      this.#passes.map(async (pass, index) => {
        const load = index === 0 ? binding.load : fftPlain;
        const kernel: BoundKernel = await this.#library.bind(
          { ...load, parts: [`parts/dft-${pass.radix}`] } as KernelSpec,
          {
            params: {
              planesPerPattern: binding.planesPerPattern,
              direction: binding.direction === "forward" ? 1 : -1,
              scale: index === last ? binding.scale : 1,
            },
            batch: this.#batch,
            buffers: {
              twiddles: this.#twiddles.get(pass.axis === "row" ? width : height)!,
              ...(index === 0 ? binding.loadBuffers : { source: resultOf(index - 1) }),
              result: resultOf(index),
            },
          },
          {
            ...(index === 0 ? binding.constants : {}),
            HEIGHT: height,
            WIDTH: width,
            ALONG_ROWS: pass.axis === "row" ? 1 : 0,
            STAGE_LENGTH: pass.stageLength,
          },
        );
        return { kernel, invocationsPerPattern: (binding.planesPerPattern * height * width) / pass.radix };
      }),
    );
    return {
      encode: (encoder, patterns, batchOffset) => {
        for (const { kernel, invocationsPerPattern } of passes) {
          kernel.encode(encoder, patterns * invocationsPerPattern, batchOffset);
        }
      },
    };
  }

  destroy(): void {
    for (const buffer of this.#twiddles.values()) buffer.destroy();
    this.#library.destroy();
  }
}

/** [length] exp(-2 pi i k / length), computed in float64 with exact values on the axes. */
function createTwiddles(device: GPUDevice, length: number): GPUBuffer {
  const table = new Float32Array(2 * length);
  for (let k = 0; k < length; k++) {
    const angle = (2 * Math.PI * k) / length;
    table[2 * k] = (4 * k) % length === 0 ? Math.round(Math.cos(angle)) : Math.cos(angle);
    table[2 * k + 1] = (4 * k) % length === 0 ? -Math.round(Math.sin(angle)) : -Math.sin(angle);
  }
  const buffer = device.createBuffer({ label: `twiddles ${length}`, size: table.byteLength, usage: 0x80 | 0x8 });
  device.queue.writeBuffer(buffer, 0, table);
  return buffer;
}
