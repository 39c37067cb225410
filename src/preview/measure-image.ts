// Statistics of an image on the device: a few kilobytes come back, whatever its size.

import { type DeviceWatch, watchDevice } from "../gpu/device.ts";
import { compileKernel, type Kernel } from "../gpu/kernel.ts";
import { mapBuffer } from "../gpu/readback.ts";
import { previewHistogram, previewSums } from "../kernels/preview.ts";
import { BIN_COUNT, type ImageStatistics, readStatistics } from "./percentile-range.ts";
import type { PreviewImage } from "./preview-image.ts";

const GROUPS = 64;
const PARTIAL_BYTES = 16 * GROUPS;
const BIN_BYTES = 2 * 4 * BIN_COUNT;
const STORAGE = 0x80 | 0x8 | 0x4; // GPUBufferUsage.STORAGE | COPY_DST | COPY_SRC
const READ_BACK = 0x1 | 0x8; // GPUBufferUsage.MAP_READ | COPY_DST

/** Measures images, one after the other. Owns what it needs on the device. */
export class ImageMeter {
  readonly #device: GPUDevice;
  readonly #watch: DeviceWatch;
  readonly #sums: Kernel<"image" | "partials">;
  readonly #histogram: Kernel<"image" | "partials" | "bins">;

  static async create(device: GPUDevice): Promise<ImageMeter> {
    const sums = await compileKernel(device, previewSums);
    return new ImageMeter(device, sums, await compileKernel(device, previewHistogram));
  }

  private constructor(
    device: GPUDevice,
    sums: Kernel<"image" | "partials">,
    histogram: Kernel<"image" | "partials" | "bins">,
  ) {
    this.#device = device;
    this.#watch = watchDevice(device);
    this.#sums = sums;
    this.#histogram = histogram;
  }

  /** Throws GpuError when the device fails. The image may change once this has returned its promise. */
  async measure(image: PreviewImage): Promise<ImageStatistics> {
    const device = this.#device;
    const create = (label: string, size: number, usage: number) => device.createBuffer({ label, size, usage });
    const partials = create("preview partials", PARTIAL_BYTES, STORAGE);
    const bins = create("preview bins", BIN_BYTES, STORAGE);
    const staging = create("preview statistics", PARTIAL_BYTES + BIN_BYTES, READ_BACK);
    const { top, left, heightPx: rows, widthPx: columns } = image.box;
    const first = image.plane * image.heightPx * image.widthPx;
    const place = { first, width: image.widthPx, top, left, rows, columns };
    const sums = this.#sums.bind({ params: place, buffers: { image: image.buffer, partials } });
    const histogram = this.#histogram.bind({
      params: { ...place, partialCount: GROUPS, binCount: BIN_COUNT },
      buffers: { image: image.buffer, partials, bins },
    });
    try {
      const encoder = device.createCommandEncoder({ label: "preview statistics" });
      const pass = encoder.beginComputePass();
      sums.encodeWorkgroups(pass, GROUPS);
      histogram.encodeWorkgroups(pass, GROUPS);
      pass.end();
      encoder.copyBufferToBuffer(partials, 0, staging, 0, PARTIAL_BYTES);
      encoder.copyBufferToBuffer(bins, 0, staging, PARTIAL_BYTES, BIN_BYTES);
      device.queue.submit([encoder.finish()]);
      const bytes = await mapBuffer(this.#watch, staging);
      const counts = new Uint32Array(bytes, PARTIAL_BYTES);
      return readStatistics(new Float32Array(bytes, 0, 4 * GROUPS), counts, rows * columns);
    } finally {
      for (const part of [partials, bins, staging, sums, histogram]) part.destroy();
    }
  }
}
