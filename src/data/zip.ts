// A ZIP archive over random access: checked members, and their content as a stream with caps and CRC.

import { InputError } from "../errors.ts";
import { type Crc32, crc32 } from "./crc32.ts";
import type { DatasetNote } from "./dataset.ts";
import { type InflateEnd, type InflateRaw, inflateRaw } from "./inflate.ts";
import type { RandomAccess } from "./random-access.ts";
import { memberKey, readZipDirectory, sizeError } from "./zip-directory.ts";
import { acceptExtraBytes, findZipEnd } from "./zip-end.ts";
import * as zip from "./zip-format.ts";
import { locateMemberData } from "./zip-local.ts";

/** A member whose headers have been checked against each other. */
export interface ZipMember {
  /** Name of the array: the member's name without `.npy`. */
  readonly key: string;
  readonly name: string;
  readonly method: number;
  readonly encrypted: boolean;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly dataOffset: number;
}

/** Members by key, in file order. */
export interface ZipArchive {
  readonly access: RandomAccess;
  readonly members: ReadonlyMap<string, ZipMember>;
  readonly notes: readonly DatasetNote[];
}

/** Faster or platform-provided replacements for what the core does itself. */
export interface Codecs {
  readonly inflate?: InflateRaw;
  readonly crc32?: Crc32;
}

/** Where compressed bytes come from; the default reads ranges of the archive. */
export type ByteSource = (offset: number, length: number) => AsyncIterable<Uint8Array>;

const storedChunkBytes = 2 ** 20;
// DEFLATE expands at most 1032 times, so that one piece of output stays below 70 MB.
const deflatedChunkBytes = 2 ** 16;
const deflateLimit = 1032;

/** Opens an archive and checks all its headers; reads no member. `lenient` accepts bytes around the archive with a note. */
export async function openZip(access: RandomAccess, options: { lenient?: boolean } = {}): Promise<ZipArchive> {
  const lenient = options.lenient ?? false;
  const end = await findZipEnd(access, lenient);
  const notes: DatasetNote[] = [...end.notes];
  const entries = await readZipDirectory(access, end, notes);
  const first = entries[0]?.headerOffset ?? end.directoryOffset;
  if (first > end.shift) acceptExtraBytes(access, `${first} bytes before the first member`, 0, lenient, notes);
  const members = new Map<string, ZipMember>();
  for (const [index, entry] of entries.entries()) {
    const next = entries[index + 1];
    const limit = next?.headerOffset ?? end.directoryOffset;
    const dataOffset = await locateMemberData(access, entry, next?.name ?? "the directory", limit);
    if (entry.name.endsWith("/")) continue;
    const { name, method, crc, compressedBytes, sizeBytes } = entry;
    const encrypted = (entry.flags & zip.flagEncrypted) !== 0;
    const key = memberKey(name);
    members.set(key, { key, name, method, encrypted, crc, compressedBytes, sizeBytes, dataOffset });
  }
  return { access, members, notes };
}

/** Throws ZIP_ENCRYPTED, ZIP_METHOD or ZIP_SIZE for a member that is needed but cannot be read. */
export function assertReadable(access: RandomAccess, member: ZipMember): void {
  const details = { source: access.name, field: member.name };
  if (member.encrypted) {
    throw new InputError("ZIP_ENCRYPTED", "the member is encrypted", {
      ...details,
      remedy: "Save the file again without a password",
    });
  }
  if (member.method !== zip.methodStored && member.method !== zip.methodDeflated) {
    throw new InputError("ZIP_METHOD", "the member's compression method is not supported", {
      ...details,
      expected: "0 (stored) or 8 (deflated)",
      got: String(member.method),
      remedy: "Save the file again with numpy.savez or numpy.savez_compressed",
    });
  }
  if (member.method === zip.methodDeflated && member.sizeBytes > deflateLimit * member.compressedBytes) {
    const limit = `at most ${deflateLimit * member.compressedBytes} bytes from ${member.compressedBytes} compressed ones`;
    throw sizeError(access, member.name, limit, `${member.sizeBytes} bytes declared`);
  }
}

/**
 * The content of a member in pieces. Throws ZIP_SIZE at the first byte too many or too few, ZIP_CRC, ZIP_DEFLATE or
 * ZIP_TRAILING_COMPRESSED; nothing is allocated on the word of a declared size.
 */
export async function* readMember(
  archive: ZipArchive,
  member: ZipMember,
  codecs: Codecs = {},
  source: ByteSource = rangeSource(archive.access, member),
): AsyncGenerator<Uint8Array, void> {
  const { access } = archive;
  assertReadable(access, member);
  const checksum = codecs.crc32 ?? crc32;
  const content = decode(access, member, codecs.inflate ?? inflateRaw, source);
  let total = 0;
  let crc = 0;
  try {
    for (;;) {
      const step = await content.next();
      if (step.done) {
        assertEnded(access, member, step.value, total);
        break;
      }
      total += step.value.length;
      if (total > member.sizeBytes) {
        throw sizeError(access, member.name, `${member.sizeBytes} bytes, as declared`, "more");
      }
      crc = checksum(step.value, crc);
      yield step.value;
    }
  } finally {
    await content.return("truncated");
  }
  if (crc !== member.crc) {
    throw new InputError("ZIP_CRC", "the content does not match its checksum", {
      source: access.name,
      field: member.name,
      expected: hex(member.crc),
      got: hex(crc),
      remedy: "The file is damaged: copy or download it again",
    });
  }
}

/** The first bytes of a member, at most `length`; neither size nor checksum can be known from them. */
export async function readMemberStart(
  archive: ZipArchive,
  member: ZipMember,
  length: number,
  codecs: Codecs = {},
): Promise<Uint8Array> {
  assertReadable(archive.access, member);
  const start = new Uint8Array(length);
  let filled = 0;
  const source = rangeSource(archive.access, member, 2 ** 13);
  const content = decode(archive.access, member, codecs.inflate ?? inflateRaw, source);
  try {
    while (filled < length) {
      const step = await content.next();
      if (step.done) {
        if (step.value === "truncated" && member.compressedBytes > 0) throw cutError(archive.access, member);
        break;
      }
      start.set(step.value.subarray(0, length - filled), filled);
      filled = Math.min(length, filled + step.value.length);
    }
  } finally {
    await content.return("truncated");
  }
  return start.subarray(0, filled);
}

/** Counts a deflated member's real size, stopping above `limit` bytes; holds one piece at a time. */
export async function countMemberBytes(
  archive: ZipArchive,
  member: ZipMember,
  limit: number,
  codecs: Codecs = {},
): Promise<number> {
  let total = 0;
  const source = rangeSource(archive.access, member);
  for await (const piece of decode(archive.access, member, codecs.inflate ?? inflateRaw, source)) {
    total += piece.length;
    if (total > limit) break;
  }
  return total;
}

async function* decode(
  access: RandomAccess,
  member: ZipMember,
  inflate: InflateRaw,
  source: ByteSource,
): AsyncGenerator<Uint8Array, InflateEnd> {
  const compressed = source(member.dataOffset, member.compressedBytes);
  if (member.method === zip.methodStored) {
    yield* compressed;
    return "complete";
  }
  try {
    return yield* inflate(compressed);
  } catch (cause) {
    if (cause instanceof InputError || (cause as { name?: string }).name === "AbortError") throw cause;
    throw deflateError(access, member, "the compressed data is corrupt", cause);
  }
}

function assertEnded(access: RandomAccess, member: ZipMember, end: InflateEnd, total: number): void {
  if (end === "truncated" || (end === "trailing" && total < member.sizeBytes)) {
    throw cutError(access, member);
  }
  if (total < member.sizeBytes) {
    throw sizeError(access, member.name, `${member.sizeBytes} bytes, as declared`, `${total} bytes`);
  }
  if (end === "trailing") {
    throw new InputError("ZIP_TRAILING_COMPRESSED", "compressed bytes are left over after the end of the data", {
      source: access.name,
      field: member.name,
      remedy: "Save the file again",
    });
  }
}

function cutError(access: RandomAccess, member: ZipMember): InputError {
  return deflateError(access, member, "the compressed data does not end where it should");
}

function deflateError(access: RandomAccess, member: ZipMember, message: string, cause?: unknown): InputError {
  const details = { source: access.name, field: member.name, remedy: "The file is damaged: copy or download it again" };
  return new InputError("ZIP_DEFLATE", message, details, 65, cause);
}

/** Reads a range of the archive in chunks. */
export function rangeSource(access: RandomAccess, member: ZipMember, chunkBytes?: number): ByteSource {
  const step = chunkBytes ?? (member.method === zip.methodStored ? storedChunkBytes : deflatedChunkBytes);
  return async function* (offset, length) {
    for (let at = 0; at < length; at += step) yield await access.read(offset + at, Math.min(step, length - at));
  };
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
