// Buffers with one owner: who makes a BufferPool destroys it, and with it every buffer it made.

import { GpuError } from "../errors.ts";

const STORAGE = 0x80 | 0x8 | 0x4; // GPUBufferUsage.STORAGE | COPY_DST | COPY_SRC
const UNIFORM = 0x40 | 0x8; // GPUBufferUsage.UNIFORM | COPY_DST
const READ_BACK = 0x1 | 0x8; // GPUBufferUsage.MAP_READ | COPY_DST

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #buffers: GPUBuffer[] = [];
  #sizeBytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Bytes of all buffers made so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Storage buffer of `sizeBytes`, zero-filled; throws GpuError GPU_LIMIT (69) beyond the device's binding limit. */
  storage(label: string, sizeBytes: number): GPUBuffer {
    const limit = Math.min(this.#device.limits.maxStorageBufferBindingSize, this.#device.limits.maxBufferSize);
    if (sizeBytes > limit) {
      throw new GpuError("GPU_LIMIT", `buffer ${label} does not fit the device`, {
        expected: `at most ${limit} bytes`,
        got: `${sizeBytes} bytes`,
        remedy: "Use smaller minibatches (--batch-size), fewer probe modes or a smaller canvas",
      });
    }
    return this.#create(label, sizeBytes, STORAGE);
  }

  /** Storage buffer that starts with `data`. */
  storageFrom(label: string, data: ArrayBufferView): GPUBuffer {
    const buffer = this.storage(label, data.byteLength);
    this.#device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return buffer;
  }

  uniform(label: string, sizeBytes: number): GPUBuffer {
    return this.#create(label, sizeBytes, UNIFORM);
  }

  readBack(label: string, sizeBytes: number): GPUBuffer {
    return this.#create(label, sizeBytes, READ_BACK);
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
    this.#sizeBytes = 0;
  }

  #create(label: string, sizeBytes: number, usage: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(sizeBytes / 4) * 4);
    const buffer = this.#device.createBuffer({ label, size, usage });
    this.#buffers.push(buffer);
    this.#sizeBytes += size;
    return buffer;
  }
}
