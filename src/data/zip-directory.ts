// The central directory of a ZIP archive, with hard limits: members, names, sizes, and that no two of them overlap.

import { InputError } from "../errors.ts";
import type { DatasetNote } from "./dataset.ts";
import type { RandomAccess } from "./random-access.ts";
import type { ZipEnd } from "./zip-end.ts";
import * as zip from "./zip-format.ts";

/** A member as the central directory declares it. */
export interface CentralEntry {
  /** As stored, e.g. `diffraction.npy`. */
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly headerOffset: number;
}

const maximumMembers = 1024;
const maximumDirectoryBytes = 2 ** 20;
const maximumNameBytes = 255;

/** Reads and checks the directory; entries in file order. Throws ZIP_COUNT, ZIP_TOO_MANY_MEMBERS, ZIP_BAD_NAME, ZIP_DUPLICATE_NAME, ZIP_SIZE, ZIP_OVERLAP or ZIP_MISMATCH. */
export async function readZipDirectory(
  access: RandomAccess,
  end: ZipEnd,
  notes: DatasetNote[],
): Promise<readonly CentralEntry[]> {
  assertCounts(access, end);
  const directory = await access.read(end.directoryOffset, end.directoryBytes);
  const entries: CentralEntry[] = [];
  let at = 0;
  while (entries.length < end.memberCount) {
    const entry = readEntry(access, directory, at, end);
    if (!entry) throw countError(access, end.memberCount, entries.length);
    entries.push(entry.entry);
    at = entry.next;
  }
  if (at !== directory.length)
    throw countError(access, end.memberCount, `more: ${directory.length - at} bytes are left`);
  assertNames(access, entries, notes);
  entries.sort((a, b) => a.headerOffset - b.headerOffset);
  assertApart(access, entries, end);
  return entries;
}

function assertCounts(access: RandomAccess, end: ZipEnd): void {
  if (end.memberCount * zip.centralHeaderBytes > end.directoryBytes) {
    throw countError(access, end.memberCount, `room for ${Math.floor(end.directoryBytes / zip.centralHeaderBytes)}`);
  }
  if (end.memberCount <= maximumMembers && end.directoryBytes <= maximumDirectoryBytes) return;
  throw new InputError("ZIP_TOO_MANY_MEMBERS", "the archive has too many members", {
    source: access.name,
    expected: `at most ${maximumMembers} members and ${maximumDirectoryBytes} bytes of directory`,
    got: `${end.memberCount} members, ${end.directoryBytes} bytes`,
  });
}

function readEntry(
  access: RandomAccess,
  directory: Uint8Array,
  at: number,
  end: ZipEnd,
): { entry: CentralEntry; next: number } | null {
  const view = zip.viewOf(directory);
  if (at + zip.centralHeaderBytes > directory.length || view.getUint32(at, true) !== zip.centralSignature) return null;
  const nameAt = at + zip.centralHeaderBytes;
  const extraAt = nameAt + view.getUint16(at + 28, true);
  const commentAt = extraAt + view.getUint16(at + 30, true);
  const next = commentAt + view.getUint16(at + 32, true);
  if (next > directory.length) return null;
  const nameBytes = directory.slice(nameAt, extraAt);
  const name = decodeName(access, nameBytes);
  const values = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  const [sizeBytes, compressedBytes, offset] = widenValues(
    access,
    name,
    values,
    directory.subarray(extraAt, commentAt),
  );
  const method = view.getUint16(at + 10, true);
  const flags = view.getUint16(at + 8, true);
  if (method === zip.methodStored && (flags & zip.flagEncrypted) === 0 && sizeBytes !== compressedBytes) {
    throw sizeError(access, name, `${compressedBytes} bytes, as many as are stored`, `${sizeBytes} bytes declared`);
  }
  const crc = view.getUint32(at + 16, true);
  const headerOffset = offset! + end.shift;
  return {
    entry: {
      name,
      nameBytes,
      flags,
      method,
      crc,
      compressedBytes: compressedBytes!,
      sizeBytes: sizeBytes!,
      headerOffset,
    },
    next,
  };
}

/** Replaces 32-bit sentinels by the values of the ZIP64 extra field, in the order size, compressed size, offset. */
function widenValues(access: RandomAccess, name: string, values: readonly number[], extra: Uint8Array): number[] {
  const wide = values.filter((value) => value === zip.sentinel32).length;
  const found = wide > 0 ? zip.readZip64Extra(extra, wide) : [];
  if (!found || found.length < wide) throw sizeError(access, name, "a ZIP64 field with the real size", "none");
  let taken = 0;
  return values.map((value) => {
    if (value !== zip.sentinel32) return value;
    const real = found[taken++];
    if (real === null || real === undefined) throw sizeError(access, name, "a size below 2^53 bytes", "more");
    return real;
  });
}

function decodeName(access: RandomAccess, bytes: Uint8Array): string {
  const refuse = (reason: string, shown: string) =>
    new InputError("ZIP_BAD_NAME", `a member's name ${reason}`, { source: access.name, field: JSON.stringify(shown) });
  if (bytes.length === 0) throw refuse("is empty", "");
  if (bytes.length > maximumNameBytes) throw refuse(`has ${bytes.length} bytes, more than ${maximumNameBytes}`, "...");
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refuse("is not UTF-8", String.fromCharCode(...bytes));
  }
  if (name.includes("\0")) throw refuse("contains NUL", name);
  if (name.includes("\\")) throw refuse("contains a backslash", name);
  if (name.startsWith("/") || /^[A-Za-z]:/.test(name)) throw refuse("is an absolute path", name);
  if (name.split("/").includes("..")) throw refuse("climbs out of its folder", name);
  return name;
}

function assertNames(access: RandomAccess, entries: readonly CentralEntry[], notes: DatasetNote[]): void {
  const keys = new Map<string, string>();
  const folded = new Map<string, string>();
  for (const { name } of entries) {
    const key = memberKey(name);
    const before = keys.get(key);
    if (before !== undefined) {
      throw new InputError("ZIP_DUPLICATE_NAME", "two members stand for the same array", {
        source: access.name,
        field: key,
        got: before === name ? `${name} twice` : `${before} and ${name}`,
        remedy: "Save the file again with each array once",
      });
    }
    keys.set(key, name);
    const other = folded.get(key.toLowerCase());
    if (other !== undefined) {
      const message = `${access.name}: members ${other} and ${name} differ only by case`;
      notes.push({ level: "warning", code: "ZIP_DUPLICATE_NAME", message });
    }
    folded.set(key.toLowerCase(), name);
  }
}

/** The array's name: the member's without `.npy`. */
export function memberKey(name: string): string {
  return name.endsWith(".npy") ? name.slice(0, -".npy".length) : name;
}

/** The least room every member needs must not reach into the next one or the directory. Needs no read, so it is fast. */
function assertApart(access: RandomAccess, entries: readonly CentralEntry[], end: ZipEnd): void {
  entries.forEach((entry, index) => {
    const leastEnd = entry.headerOffset + zip.localHeaderBytes + entry.nameBytes.length + entry.compressedBytes;
    const next = entries[index + 1];
    const limit = next?.headerOffset ?? end.directoryOffset;
    if (leastEnd > limit) throw overlapError(access, entry.name, next?.name ?? "the directory", entry.headerOffset);
  });
}

/** The error of a member that reaches into its neighbour. */
export function overlapError(access: RandomAccess, name: string, neighbour: string, offset: number): InputError {
  return new InputError("ZIP_OVERLAP", `the member overlaps with ${neighbour}`, {
    source: access.name,
    field: name,
    offset,
    remedy: "Save the file again",
  });
}

/** The error of a member whose declared size is not true. */
export function sizeError(access: RandomAccess, name: string, expected: string, got: string): InputError {
  return new InputError("ZIP_SIZE", "the declared size is wrong", { source: access.name, field: name, expected, got });
}

function countError(access: RandomAccess, declared: number, found: number | string): InputError {
  return new InputError("ZIP_COUNT", "the member count of the end record is wrong", {
    source: access.name,
    expected: `${declared} members`,
    got: String(found),
  });
}
