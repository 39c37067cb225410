// What the platform lends to the reader. Everything is optional; without it the core does the work itself or goes without.

import type { CreateSpool } from "./byte-store.ts";
import type { Codecs } from "./zip.ts";

/** A running hash over the whole file. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  hexDigest(): string | Promise<string>;
}

export interface ReaderTools {
  /** SHA-256 of the file; without it `Dataset.sha256` is null. One per file. */
  readonly hash?: RunningHash;
  readonly codecs?: Codecs;
  /** Takes decoded patterns that would exceed the memory budget; without it they are refused. */
  readonly createSpool?: CreateSpool;
  /** Free host memory; half of it is the default budget. */
  readonly availableMemoryBytes?: number;
}
