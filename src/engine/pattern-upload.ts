// Patterns on their way to the device: all at once when they fit, otherwise minibatch by minibatch through a ring of two
// sets of buffers, read from the file while the previous minibatch computes.

import type { PatternSource } from "../data/dataset.ts";
import type { MinibatchEntry } from "./epoch-tables.ts";

const CHUNK_BYTES = 16 * 2 ** 20;

/** Copies every pattern to `target`, in pieces. */
export async function loadPatterns(device: GPUDevice, patterns: PatternSource, target: GPUBuffer): Promise<void> {
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / patterns.patternBytes));
  const chunk = new Uint8Array(Math.min(perChunk, patterns.count) * patterns.patternBytes);
  for (let first = 0; first < patterns.count; first += perChunk) {
    const count = Math.min(perChunk, patterns.count - first);
    const bytes = chunk.subarray(0, count * patterns.patternBytes);
    await patterns.read(
      Uint32Array.from({ length: count }, (_, index) => first + index),
      bytes,
    );
    device.queue.writeBuffer(target, first * patterns.patternBytes, bytes);
  }
}

/** Two sets of pattern buffers that minibatches take in turn. */
export class PatternRing {
  readonly #device: GPUDevice;
  readonly #patterns: PatternSource;
  readonly #sets: readonly (readonly GPUBuffer[])[];
  #next = 0;
  #fetched: { minibatch: MinibatchEntry; bytes: Promise<Uint8Array<ArrayBuffer>> } | null = null;

  constructor(device: GPUDevice, patterns: PatternSource, sets: readonly (readonly GPUBuffer[])[]) {
    this.#device = device;
    this.#patterns = patterns;
    this.#sets = sets;
  }

  /** Begins to read a minibatch that will be asked for next. */
  prefetch(minibatch: MinibatchEntry | undefined): void {
    if (!minibatch) return;
    const bytes = this.#read(minibatch);
    bytes.catch(() => {}); // reported where it is awaited
    this.#fetched = { minibatch, bytes };
  }

  /** Uploads a minibatch; gives the number of the set that holds it. */
  async upload(minibatch: MinibatchEntry): Promise<number> {
    const bytes = await (this.#fetched?.minibatch === minibatch ? this.#fetched.bytes : this.#read(minibatch));
    this.#fetched = null;
    const set = this.#next;
    this.#next = 1 - set;
    let offset = 0;
    for (const [slice, entry] of minibatch.slices.entries()) {
      const size = entry.count * this.#patterns.patternBytes;
      this.#device.queue.writeBuffer(this.#sets[set]![slice]!, 0, bytes, offset, size);
      offset += size;
    }
    return set;
  }

  async #read(minibatch: MinibatchEntry): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(minibatch.indices.length * this.#patterns.patternBytes);
    await this.#patterns.read(minibatch.indices, bytes);
    return bytes;
  }
}
