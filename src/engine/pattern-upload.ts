// Patterns on their way to the device: all at once when they fit, otherwise minibatch by minibatch through a ring of two
// sets of buffers, read from the file while the previous minibatch computes. The host holds a few small pieces only.

import type { PatternSource } from "../data/dataset.ts";
import { GpuError } from "../errors.ts";
import { watchDevice } from "../gpu/device.ts";
import type { MinibatchEntry } from "./epoch-tables.ts";

const MAP_WRITE_COPY_SRC = 0x2 | 0x4; // GPUBufferUsage.MAP_WRITE | COPY_SRC
const MAP_WRITE = 0x2; // GPUMapMode.WRITE

/** A piece holds whole patterns: as many as fit into this, at least one. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Bytes of all mapped pieces together: what a device may lag behind the file. */
export const STAGING_BYTES = 64 * 2 ** 20;

/** Copies every pattern to `target`, in pieces; an aborted `signal` ends it early. Throws GpuError and what `read` throws. */
export async function loadPatterns(
  device: GPUDevice,
  patterns: PatternSource,
  target: GPUBuffer,
  signal?: AbortSignal,
): Promise<void> {
  const uploader = new PatternUploader(device, patterns);
  try {
    const all = Uint32Array.from({ length: patterns.count }, (_, index) => index);
    await uploader.upload(all, target, signal);
  } finally {
    uploader.destroy();
  }
}

/** Two sets of pattern buffers that minibatches take in turn. */
export class PatternRing {
  readonly #uploader: PatternUploader;
  readonly #sets: readonly (readonly GPUBuffer[])[];
  #next = 0;
  #fetched: { minibatch: MinibatchEntry; set: Promise<number> } | null = null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(device: GPUDevice, patterns: PatternSource, sets: readonly (readonly GPUBuffer[])[]) {
    this.#uploader = new PatternUploader(device, patterns);
    this.#sets = sets;
  }

  /**
   * Begins to upload a minibatch that will be asked for next. The work that used its set before has to be submitted:
   * that of the minibatch before the last.
   */
  prefetch(minibatch: MinibatchEntry | undefined): void {
    if (minibatch) this.#fetched = { minibatch, set: this.#start(minibatch) };
  }

  /** Resolves when all of a minibatch is on its way, before anything submitted later; gives the number of its set. */
  async upload(minibatch: MinibatchEntry): Promise<number> {
    const set = this.#fetched?.minibatch === minibatch ? this.#fetched.set : this.#start(minibatch);
    this.#fetched = null;
    return set;
  }

  /** Releases the staging buffers; an upload under way ends without touching the device again. */
  destroy(): void {
    this.#uploader.destroy();
  }

  #start(minibatch: MinibatchEntry): Promise<number> {
    const set = this.#next;
    this.#next = 1 - set;
    // one after the other: an upload that nobody asked for any more must not overtake the next one's set
    const started = this.#last.then(() => this.#uploadSlices(minibatch, this.#sets[set]!)).then(() => set);
    this.#last = started.catch(() => {}); // reported where it is awaited
    return started;
  }

  async #uploadSlices(minibatch: MinibatchEntry, buffers: readonly GPUBuffer[]): Promise<void> {
    let first = 0;
    for (const [slice, { count }] of minibatch.slices.entries()) {
      await this.#uploader.upload(minibatch.indices.subarray(first, first + count), buffers[slice]!);
      first += count;
    }
  }
}

interface StagedPiece {
  readonly buffer: GPUBuffer;
  /** Resolves when the device is done with it and it is mapped again. */
  readonly mapped: Promise<undefined>;
  ready: boolean;
}

/** Reads patterns piece by piece and copies them on the device, through mapped buffers that are used again and again. */
class PatternUploader {
  readonly #device: GPUDevice;
  readonly #patterns: PatternSource;
  readonly #perPiece: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #buffers: GPUBuffer[] = [];
  /** In the order in which the device finishes with them. */
  readonly #underWay: StagedPiece[] = [];
  #closed = false;

  constructor(device: GPUDevice, patterns: PatternSource) {
    this.#device = device;
    this.#patterns = patterns;
    this.#perPiece = Math.min(patterns.count, Math.max(1, Math.floor(PIECE_BYTES / patterns.patternBytes)));
    this.#bytes = new Uint8Array(this.#perPiece * patterns.patternBytes);
  }

  /** Writes the patterns of `indices` one after the other to the start of `target`, behind all work submitted so far. */
  async upload(indices: Uint32Array, target: GPUBuffer, signal?: AbortSignal): Promise<void> {
    const { patternBytes } = this.#patterns;
    for (let first = 0; first < indices.length && !signal?.aborted; first += this.#perPiece) {
      if (this.#closed) return; // by whoever no longer waits for this
      const piece = indices.subarray(first, first + this.#perPiece);
      const bytes = this.#bytes.subarray(0, piece.length * patternBytes);
      await this.#patterns.read(piece, bytes);
      if (this.#closed) return;
      await this.#copy(bytes, target, first * patternBytes);
    }
  }

  destroy(): void {
    this.#closed = true;
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }

  async #copy(bytes: Uint8Array, target: GPUBuffer, offset: number): Promise<void> {
    const device = this.#device;
    const oldest = this.#oldestToReuse();
    const buffer = oldest?.buffer ?? this.#createMapped();
    try {
      await oldest?.mapped;
      if (this.#closed) return;
      new Uint8Array(buffer.getMappedRange()).set(bytes);
      buffer.unmap();
      const encoder = device.createCommandEncoder({ label: "patterns" });
      encoder.copyBufferToBuffer(buffer, 0, target, offset, bytes.length);
      device.queue.submit([encoder.finish()]);
      const piece: StagedPiece = { buffer, mapped: buffer.mapAsync(MAP_WRITE), ready: false };
      piece.mapped.then(
        () => {
          piece.ready = true;
        },
        () => {}, // reported where it is awaited
      );
      this.#underWay.push(piece);
    } catch (error) {
      watchDevice(device).assertAlive();
      throw new GpuError("GPU_LOST", "uploading patterns failed", {}, 75, error);
    }
  }

  /** The piece that the device finishes first, when it has or when no more may be made. */
  #oldestToReuse(): StagedPiece | undefined {
    const full = (this.#buffers.length + 1) * this.#bytes.length > STAGING_BYTES;
    return this.#underWay[0]?.ready || full ? this.#underWay.shift() : undefined;
  }

  #createMapped(): GPUBuffer {
    const buffer = this.#device.createBuffer({
      label: `pattern staging ${this.#buffers.length}`,
      size: this.#bytes.length,
      usage: MAP_WRITE_COPY_SRC,
      mappedAtCreation: true,
    });
    this.#buffers.push(buffer);
    return buffer;
  }
}
