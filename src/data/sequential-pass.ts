// One pass over a file from its first to its last byte, hashing everything and lending the ranges that are needed.

import { type RandomAccess, readInto } from "./random-access.ts";
import type { RunningHash } from "./reader-tools.ts";
import type { ByteSource } from "./zip.ts";

export interface SequentialPass {
  /** Reads a range that begins at or after the last one; `reuse` lends buffers that are valid until the next piece. */
  source(options: { reuse: boolean }): ByteSource;
  /** Reads what is left; returns the hash of the whole file, or null without one. */
  finish(): Promise<string | null>;
}

const chunkBytes = 2 ** 21;
// Compressed bytes expand up to 1032 times, so pieces that somebody may keep are small.
const keptChunkBytes = 2 ** 16;

/** Starts a pass. Without a hash, bytes between the ranges are skipped instead of read. */
export function startPass(access: RandomAccess, hash: RunningHash | undefined, signal?: AbortSignal): SequentialPass {
  let at = 0;
  const buffers = [new Uint8Array(0), new Uint8Array(0)];

  async function* read(end: number, reuse: boolean): AsyncGenerator<Uint8Array, void> {
    let turn = 0;
    const start = (offset: number): Promise<Uint8Array> => {
      const length = Math.min(reuse ? chunkBytes : keptChunkBytes, end - offset);
      if (!reuse) return access.read(offset, length);
      turn = 1 - turn;
      if (buffers[turn]!.length < chunkBytes) buffers[turn] = new Uint8Array(chunkBytes);
      const target = buffers[turn]!.subarray(0, length);
      return readInto(access, offset, target).then(() => target);
    };
    // One read ahead, so that the disk works while a piece is decoded.
    let pending = at < end ? start(at) : null;
    try {
      while (pending) {
        signal?.throwIfAborted();
        const chunk: Uint8Array = await pending;
        at += chunk.length;
        pending = at < end ? start(at) : null;
        hash?.update(chunk);
        yield chunk;
      }
    } finally {
      await pending?.catch(() => {});
    }
  }

  async function skipTo(offset: number): Promise<void> {
    if (offset < at) throw new RangeError(`the pass is at byte ${at}, it cannot go back to ${offset}`);
    if (!hash) at = offset;
    else for await (const _ of read(offset, true));
  }

  return {
    source: ({ reuse }) =>
      async function* (offset, length) {
        await skipTo(offset);
        yield* read(offset + length, reuse);
      },
    async finish() {
      await skipTo(access.sizeBytes);
      return hash ? await hash.hexDigest() : null;
    },
  };
}
