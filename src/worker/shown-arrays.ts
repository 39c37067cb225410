// Copies of object and probe on the device: pictures can be painted from them while the run goes on and after its end.

import type { PreviewSources } from "../engine/result.ts";

const STORAGE_COPY = 0x80 | 0x8 | 0x4; // GPUBufferUsage.STORAGE | COPY_DST | COPY_SRC

export class ShownArrays {
  readonly device: GPUDevice;
  #sources: PreviewSources | null = null;

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** What is shown; null before the first `take`. Buffers stay the same until the sizes change. */
  get arrays(): PreviewSources | null {
    return this.#sources;
  }

  /** Copies the arrays as the commands submitted so far leave them; returns at once. */
  take(sources: PreviewSources): void {
    const object = this.#bufferFor(sources.object, this.#sources?.object);
    const probe = this.#bufferFor(sources.probe, this.#sources?.probe);
    const encoder = this.device.createCommandEncoder({ label: "preview copies" });
    encoder.copyBufferToBuffer(sources.object, 0, object, 0, object.size);
    encoder.copyBufferToBuffer(sources.probe, 0, probe, 0, probe.size);
    this.device.queue.submit([encoder.finish()]);
    this.#sources = { ...sources, object, probe };
  }

  destroy(): void {
    this.#sources?.object.destroy();
    this.#sources?.probe.destroy();
    this.#sources = null;
  }

  #bufferFor(source: GPUBuffer, known: GPUBuffer | undefined): GPUBuffer {
    if (known?.size === source.size) return known;
    known?.destroy();
    return this.device.createBuffer({ label: `shown ${source.label}`, size: source.size, usage: STORAGE_COPY });
  }
}
