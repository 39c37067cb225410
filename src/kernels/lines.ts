// Kernels around line transforms, and how one is compiled for its shape and bound.

import { GpuError } from "../errors.ts";
import type { KernelBinding, KernelSpec } from "../gpu/kernel.ts";
import type { KernelLibrary } from "../gpu/kernel-library.ts";
import { assertLaneOrder } from "./lane-order.ts";
import { workgroupsFor } from "./line-shape.ts";
import { joinLineTransform } from "./line-transform.ts";
import { type LineNeeds, type Profile, shapeLine } from "./profile.ts";

export const linePlain = {
  shader: "line-plain",
  params: { planesPerPattern: "u32", scale: "f32" },
  batch: true,
  buffers: { twiddles: "read", source: "read", result: "readWrite" },
} satisfies KernelSpec;

export const lineInPlace = {
  shader: "line-in-place",
  params: { planesPerPattern: "u32" },
  batch: true,
  buffers: { twiddles: "read", waves: "readWrite" },
} satisfies KernelSpec;

export const lineShiftedProbe = {
  shader: "line-shifted-probe",
  batch: true,
  buffers: { twiddles: "read", spectrum: "read", slots: "read", result: "readWrite" },
} satisfies KernelSpec;

export const lineExitWave = {
  shader: "line-exit-wave",
  params: { canvasHeight: "u32", canvasWidth: "u32", waveModes: "u32", scale: "f32" },
  batch: true,
  buffers: {
    twiddles: "read",
    slots: "read",
    halfway: "read",
    object: "read",
    shiftedProbe: "readWrite",
    waves: "readWrite",
  },
} satisfies KernelSpec;

export const lineExitWaveModes = {
  shader: "line-exit-wave-modes",
  params: { canvasHeight: "u32", canvasWidth: "u32", waveModes: "u32" },
  batch: true,
  buffers: { twiddles: "read", slots: "read", probe: "read", object: "read", waves: "readWrite" },
} satisfies KernelSpec;

export const lineDetector = {
  shader: "line-detector",
  params: { residualScale: "f32", excludeBelow: "f32", amplitudeScale: "f32" },
  batch: true,
  buffers: {
    twiddles: "read",
    slots: "read",
    patterns: "read",
    validPixels: "read",
    waves: "readWrite",
    partials: "readWrite",
    modelled: "readWrite",
  },
} satisfies KernelSpec;

export const lineChi = {
  shader: "line-chi",
  params: { canvasHeight: "u32", canvasWidth: "u32", waveModes: "u32" },
  batch: true,
  buffers: { twiddles: "read", slots: "read", object: "read", waves: "readWrite", gradient: "readWrite" },
} satisfies KernelSpec;

export const lineChiModes = {
  shader: "line-chi-modes",
  params: { waveModes: "u32" },
  batch: true,
  buffers: { twiddles: "read", waves: "readWrite" },
} satisfies KernelSpec;

export const lineProbeGradient = {
  shader: "line-probe-gradient",
  batch: true,
  buffers: { twiddles: "read", slots: "read", gradient: "read", farStep: "read", terms: "readWrite" },
} satisfies KernelSpec;

/** A transform bound to its buffers. */
export interface BoundLine {
  /** Encodes the transform of every line of `planes` planes. */
  encode(pass: GPUComputePassEncoder, planes: number, batchOffset: number): void;
}

/** Compiles line kernels for one profile; owns the twiddle tables. */
export class LineKernels {
  readonly profile: Profile;
  readonly #device: GPUDevice;
  readonly #library: KernelLibrary;
  readonly #twiddles = new Map<number, GPUBuffer>();

  constructor(device: GPUDevice, library: KernelLibrary, profile: Profile) {
    this.#device = device;
    this.#library = library;
    this.profile = profile;
  }

  /** Compiles and binds; `twiddles` is added to the buffers. Throws GpuError FFT_SIZE, LANE_ORDER or KERNEL_COMPILE (69). */
  async bind<Buffers extends string>(
    spec: KernelSpec<Buffers>,
    needs: LineNeeds,
    binding: Omit<KernelBinding<Buffers>, "buffers"> & {
      readonly buffers: Omit<Record<Buffers, GPUBuffer>, "twiddles">;
    },
    constants: Readonly<Record<string, number>> = {},
  ): Promise<BoundLine> {
    const shape = shapeLine(this.profile, needs);
    if (!shape) throw new GpuError("FFT_SIZE", `lines of ${needs.length} do not fit into workgroup memory`, {}, 69);
    // before anything is awaited: an owner that gives up meanwhile must find the table
    const buffers = { ...binding.buffers, twiddles: this.#twiddlesOf(needs.length) } as Record<Buffers, GPUBuffer>;
    if (shape.inSubgroup) await assertLaneOrder(this.#device, shape.threads);
    const kernel = await this.#library.bind(joinLineTransform(spec, shape), { ...binding, buffers }, constants);
    return {
      encode: (pass, planes, batchOffset) =>
        kernel.encodeWorkgroups(pass, workgroupsFor(shape, planes * needs.linesPerPlane), batchOffset),
    };
  }

  destroy(): void {
    for (const buffer of this.#twiddles.values()) buffer.destroy();
    this.#twiddles.clear();
  }

  #twiddlesOf(length: number): GPUBuffer {
    const known = this.#twiddles.get(length);
    if (known) return known;
    const made = createTwiddles(this.#device, length);
    this.#twiddles.set(length, made);
    return made;
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
