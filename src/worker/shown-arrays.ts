// Copies of object and probe on the device: pictures can be painted from them while the run goes on and after its end.

import type { PreviewSources } from "../engine/result.ts";
import { withErrorScopes } from "../gpu/device.ts";

const STORAGE_COPY = 0x80 | 0x8 | 0x4; // GPUBufferUsage.STORAGE | COPY_DST | COPY_SRC

export class ShownArrays {
  readonly device: GPUDevice;
  #sources: PreviewSources | null = null;
  /** The device has no memory for copies: a run must not end for the sake of pictures. */
  #refused = false;
  /** The first copies of a run being made: what comes meanwhile is left out. */
  #making: Promise<void> | null = null;

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** What is shown; null before the first `take`. Buffers stay the same until the sizes change. */
  get arrays(): PreviewSources | null {
    return this.#sources;
  }

  /**
   * Copies the arrays as the commands submitted so far leave them. Resolves when `arrays` are those, or when the device
   * refused the memory.
   */
  async take(sources: PreviewSources): Promise<void> {
    if (this.#refused) return;
    if (this.#making) return await this.#making;
    const known = this.#sources;
    if (known?.object.size === sources.object.size && known.probe.size === sources.probe.size) {
      this.#copy(sources, known.object, known.probe);
      this.#sources = { ...sources, object: known.object, probe: known.probe };
      return;
    }
    this.destroy();
    const making = this.#make(sources, () => this.#making === making);
    this.#making = making;
    await making;
  }

  /** Keeps nothing of it unless `wanted` says so in the end. */
  async #make(sources: PreviewSources, wanted: () => boolean): Promise<void> {
    const made: GPUBuffer[] = [];
    const create = (source: GPUBuffer) => {
      const buffer = this.device.createBuffer({
        label: `shown ${source.label}`,
        size: source.size,
        usage: STORAGE_COPY,
      });
      made.push(buffer);
      return buffer;
    };
    try {
      const [object, probe] = await withErrorScopes(this.device, "copies for pictures", () => {
        const buffers = [create(sources.object), create(sources.probe)] as const;
        this.#copy(sources, ...buffers);
        return buffers;
      });
      if (!wanted()) throw new RangeError("the arrays are not shown any more");
      this.#sources = { ...sources, object, probe };
    } catch {
      for (const buffer of made) buffer.destroy();
      if (wanted()) this.#refused = true;
    }
    if (wanted()) this.#making = null;
  }

  destroy(): void {
    this.#sources?.object.destroy();
    this.#sources?.probe.destroy();
    this.#sources = null;
    this.#refused = false;
    this.#making = null;
  }

  #copy(sources: PreviewSources, object: GPUBuffer, probe: GPUBuffer): void {
    const encoder = this.device.createCommandEncoder({ label: "preview copies" });
    encoder.copyBufferToBuffer(sources.object, 0, object, 0, object.size);
    encoder.copyBufferToBuffer(sources.probe, 0, probe, 0, probe.size);
    this.device.queue.submit([encoder.finish()]);
  }
}
