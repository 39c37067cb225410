// The one composite kernel: a batched 2-D FFT as a sequence of Stockham passes, rows first. Encode only; the caller owns
// the buffers. Forward without factor, inverse as told by `scale` (conventions.md section 4).

import { GpuError } from "../errors.ts";
import { type BoundKernel, compileKernel, type Kernel, type KernelSpec } from "../gpu/kernel.ts";

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

type PassKernel = Kernel<string>;

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
  /** Fused first pass and plain passes apart, for timing. */
  readonly passes: readonly {
    readonly label: string;
    encode(pass: GPUComputePassEncoder, patterns: number, batchOffset: number): void;
  }[];
  destroy(): void;
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

/** Transforms of one frame size on one device; compiles each (load, radix) once and owns the twiddle tables. */
export class Fft2d {
  readonly #device: GPUDevice;
  readonly #batch: GPUBuffer;
  readonly #size: readonly [number, number];
  readonly #passes: readonly FftPass[];
  readonly #twiddles = new Map<number, GPUBuffer>();
  readonly #kernels = new Map<string, Promise<PassKernel>>();

  /** `batch`: the table of per-minibatch entries the transforms read their pattern count from. */
  constructor(device: GPUDevice, batch: GPUBuffer, height: number, width: number) {
    this.#device = device;
    this.#batch = batch;
    this.#size = [height, width];
    this.#passes = planFft(height, width);
    for (const length of new Set([height, width])) this.#twiddles.set(length, createTwiddles(device, length));
  }

  /** Number of passes; decides in which of two buffers a transform ends when it starts in one of them. */
  get passCount(): number {
    return this.#passes.length;
  }

  /** Compiles what is missing and binds one transform. */
  async bind(binding: FftBinding): Promise<BoundFft> {
    const [height, width] = this.#size;
    const count = this.#passes.length;
    const kernels = await Promise.all(
      this.#passes.map((pass, index) =>
        index === 0
          ? this.#compile(binding.load, pass, binding.constants ?? {})
          : this.#compile(fftPlain, pass, {}),
      ),
    );
    let source = binding.scratch;
    const bound = this.#passes.map((pass, index) => {
      const result = (count - 1 - index) % 2 === 0 ? binding.result : binding.scratch;
      const buffers = index === 0 ? binding.loadBuffers : { source };
      const kernel: BoundKernel = kernels[index]!.bind({
        params: {
          planesPerPattern: binding.planesPerPattern,
          direction: binding.direction === "forward" ? 1 : -1,
          scale: index === count - 1 ? binding.scale : 1,
        },
        batch: this.#batch,
        buffers: { twiddles: this.#twiddles.get(pass.axis === "row" ? width : height)!, ...buffers, result },
      });
      source = result;
      const perPattern = (binding.planesPerPattern * height * width) / pass.radix;
      return {
        label: kernel.label,
        encode: (encoder: GPUComputePassEncoder, patterns: number, batchOffset: number) =>
          kernel.encode(encoder, patterns * perPattern, batchOffset),
        destroy: () => kernel.destroy(),
      };
    });
    return {
      passes: bound,
      encode: (encoder, patterns, batchOffset) => {
        for (const pass of bound) pass.encode(encoder, patterns, batchOffset);
      },
      destroy: () => {
        for (const pass of bound) pass.destroy();
      },
    };
  }

  destroy(): void {
    for (const buffer of this.#twiddles.values()) buffer.destroy();
  }

  #compile(load: KernelSpec, pass: FftPass, constants: Readonly<Record<string, number>>): Promise<PassKernel> {
    const [height, width] = this.#size;
    // rows and columns of a square frame differ in their strides: both are compiled
    const all = {
      ...constants,
      HEIGHT: height,
      WIDTH: width,
      ALONG_ROWS: pass.axis === "row" ? 1 : 0,
      STAGE_LENGTH: pass.stageLength,
    };
    const key = `${load.shader}/${pass.radix}/${JSON.stringify(all)}`;
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      kernel = compileKernel(this.#device, { ...load, parts: [`parts/dft-${pass.radix}`] } as KernelSpec, all);
      this.#kernels.set(key, kernel);
    }
    return kernel;
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
