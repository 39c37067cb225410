// Where decoded patterns live: memory, or whatever the platform offers when memory would not do.

/** A place for bytes of a size that is known from the start. */
export interface ByteStore {
  /** May finish at once; the bytes are not kept. */
  write(offset: number, bytes: Uint8Array): void | Promise<void>;
  readInto(offset: number, target: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Makes a store outside of memory, e.g. an unlinked temporary file. */
export type CreateSpool = (sizeBytes: number) => Promise<ByteStore>;

/** A store in memory. */
export function memoryStore(sizeBytes: number): ByteStore {
  const bytes = new Uint8Array(sizeBytes);
  return {
    write(offset, piece) {
      bytes.set(piece, offset);
    },
    async readInto(offset, target) {
      target.set(bytes.subarray(offset, offset + target.length));
    },
    async close() {},
  };
}
