// SHA-256 of files, remembered by size, time and inode, so that unchanged gigabytes are not read again.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { InputError } from "../errors.ts";
import { errorCode } from "./file-system.ts";

/** What identifies the content of a file without reading it. */
export interface FileStamp {
  readonly sizeBytes: number;
  /** Nanoseconds, as text. */
  readonly modified: string;
  readonly inode: string;
}

/** Stamp and hash of files by absolute path, those last asked for at the end; plain data. */
export type HashMemory = Map<string, FileStamp & { readonly sha256: string }>;

/** Lower-case hex. Throws InputError (66) when the file cannot be read, and AbortError. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  try {
    const stream = createReadStream(path, { highWaterMark: 2 ** 20, ...(signal ? { signal } : {}) });
    for await (const piece of stream) hash.update(piece as Uint8Array);
  } catch (cause) {
    signal?.throwIfAborted();
    const got = errorCode(cause) ?? "unknown error";
    throw new InputError("INPUT_UNREADABLE", "the file cannot be read", { source: path, got }, 66, cause);
  }
  return hash.digest("hex");
}

/** The stamp of a file; null when it is not there. */
export async function stampFile(path: string): Promise<FileStamp | null> {
  try {
    const facts = await stat(path, { bigint: true });
    return facts.isFile()
      ? { sizeBytes: Number(facts.size), modified: String(facts.mtimeNs), inode: `${facts.dev}:${facts.ino}` }
      : null;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return null;
    throw error;
  }
}

/**
 * Hash of a file from memory when its stamp is the same, else read and remembered; null when it is not there. Throws as
 * hashFile.
 */
export async function rememberedHash(
  path: string,
  memory: HashMemory,
  readAgain = false,
  signal?: AbortSignal,
): Promise<string | null> {
  const stamp = await stampFile(path);
  if (!stamp) return null;
  const known = memory.get(resolve(path));
  if (known && !readAgain && sameStamp(known, stamp)) {
    remember(path, memory, known, known.sha256);
    return known.sha256;
  }
  const sha256 = await hashFile(path, signal);
  remember(path, memory, stamp, sha256);
  return sha256;
}

/** Notes a hash that was computed elsewhere for the file as `stamp` saw it. */
export function remember(path: string, memory: HashMemory, stamp: FileStamp, sha256: string): void {
  const { sizeBytes, modified, inode } = stamp;
  memory.delete(resolve(path));
  memory.set(resolve(path), { sizeBytes, modified, inode, sha256 });
}

/** True when nothing says that the file has changed between two looks. */
export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.sizeBytes === b.sizeBytes && a.modified === b.modified && a.inode === b.inode;
}
