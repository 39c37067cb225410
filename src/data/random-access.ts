// Random access to the bytes of an input: what the archive reader needs from a file, a Blob or memory.

import { InputError } from "../errors.ts";

/** A readable input of fixed size. Reads past the end never return short: they throw InputError. */
export interface RandomAccess {
  readonly name: string;
  readonly sizeBytes: number;
  /** Exactly `length` bytes from `offset`, in a fresh array. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Fills `target` from `offset`; optional because it only saves a copy. */
  readInto?(offset: number, target: Uint8Array): Promise<void>;
  /** False once the input differs from what was opened (size, time or file behind the name). */
  unchanged?(): Promise<boolean>;
  close(): Promise<void>;
}

/** The bytes of a Blob or a browser's File, read by slices. */
export function blobAccess(blob: Blob, name: string): RandomAccess {
  return {
    name,
    sizeBytes: blob.size,
    async read(offset, length) {
      checkRange(name, blob.size, offset, length);
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (cause) {
        // Browsers refuse to read a File whose bytes on disk changed since it was picked.
        throw changedError(name, "it can no longer be read", cause);
      }
    },
    async close() {},
  };
}

/** Bytes in memory; the array is not copied. */
export function bytesAccess(bytes: Uint8Array, name: string): RandomAccess {
  return {
    name,
    sizeBytes: bytes.length,
    async read(offset, length) {
      checkRange(name, bytes.length, offset, length);
      return bytes.slice(offset, offset + length);
    },
    async readInto(offset, target) {
      checkRange(name, bytes.length, offset, target.length);
      target.set(bytes.subarray(offset, offset + target.length));
    },
    async close() {},
  };
}

/** Fills `target` from `offset`, without a copy where the access can. */
export async function readInto(access: RandomAccess, offset: number, target: Uint8Array): Promise<void> {
  if (access.readInto) await access.readInto(offset, target);
  else target.set(await access.read(offset, target.length));
}

const howChanged = "its size, time or identity differs from when it was opened";

/** Throws INPUT_CHANGED when the input is no longer what was opened. */
export async function assertUnchanged(access: RandomAccess): Promise<void> {
  if (access.unchanged && !(await access.unchanged())) {
    throw changedError(access.name, howChanged);
  }
}

/** `error`, or INPUT_CHANGED when the input changed meanwhile: then whatever was found wrong in it says nothing. */
export async function blameChange(access: RandomAccess, error: unknown): Promise<unknown> {
  if (!(error instanceof InputError) || error.code === "INPUT_CHANGED" || !access.unchanged) return error;
  const unchanged = await access.unchanged().catch(() => true); // closed already: nothing is known
  return unchanged ? error : changedError(access.name, howChanged, error);
}

/** Throws INPUT_CHANGED when a range lies outside of the input, which only happens after it shrank. */
export function checkRange(name: string, sizeBytes: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= sizeBytes) return;
  throw new InputError("INPUT_CHANGED", "a read past the end of the input", {
    source: name,
    expected: `a range within ${sizeBytes} bytes`,
    got: `${length} bytes`,
    offset,
  });
}

/** The error of an input that was replaced, shortened or became unreadable while it was read. */
export function changedError(name: string, how: string, cause?: unknown): InputError {
  return new InputError(
    "INPUT_CHANGED",
    `the input changed while it was being read: ${how}`,
    { source: name, remedy: "Run again once nothing writes to the file" },
    65,
    cause,
  );
}
