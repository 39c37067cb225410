// Finds the end of a ZIP archive: exactly one end record, its ZIP64 companion, and nothing before or after the archive.

import { InputError } from "../errors.ts";
import type { DatasetNote } from "./dataset.ts";
import type { RandomAccess } from "./random-access.ts";
import * as zip from "./zip-format.ts";
import { truncationError } from "./zip-truncation.ts";

/** Where the central directory lies and what it should hold. */
export interface ZipEnd {
  readonly directoryOffset: number;
  readonly directoryBytes: number;
  readonly memberCount: number;
  /** Bytes before the archive that its offsets do not count; 0 unless lenient. */
  readonly shift: number;
  readonly notes: DatasetNote[];
}

interface EndRecord {
  readonly at: number;
  readonly endsAt: number;
  readonly diskNumbers: number;
  readonly count: number;
  readonly directoryBytes: number;
  readonly directoryOffset: number;
}

const maximumComment = 0xffff;
const lenientRemedy = "Pass --lenient-zip to accept bytes around the archive, or save the file again";

/**
 * Locates the central directory. Throws ZIP_NOT_ARCHIVE, ZIP_TRUNCATED, ZIP_AMBIGUOUS_END, ZIP_BAD_LOCATOR,
 * ZIP_EXTRA_BYTES (accepted with a note when `lenient`), ZIP_COUNT or ZIP_MISMATCH.
 */
export async function findZipEnd(access: RandomAccess, lenient: boolean): Promise<ZipEnd> {
  const tailBytes = Math.min(
    access.sizeBytes,
    maximumComment + zip.endBytes + zip.zip64EndBytes + zip.zip64LocatorBytes,
  );
  const tailStart = access.sizeBytes - tailBytes;
  const tail = await access.read(tailStart, tailBytes);
  const notes: DatasetNote[] = [];
  const record = await chooseEndRecord(access, tail, tailStart, lenient, notes);
  const zip64 = await readZip64End(access, record);
  const { directoryOffset, directoryBytes, memberCount } = zip64 ?? {
    directoryOffset: record.directoryOffset,
    directoryBytes: record.directoryBytes,
    memberCount: record.count,
  };
  const directoryEnd = zip64?.at ?? record.at;
  const surplus = directoryEnd - (directoryOffset + directoryBytes);
  if (surplus < 0) {
    throw new InputError("ZIP_TRUNCATED", "bytes of the archive are missing before its end record", {
      source: access.name,
      expected: `${access.sizeBytes - surplus} bytes`,
      got: `${access.sizeBytes} bytes`,
      remedy: "Copy or download the file again",
    });
  }
  const shift = surplus === 0 ? 0 : await placeSurplus(access, directoryOffset, directoryEnd, surplus, lenient, notes);
  return { directoryOffset: directoryOffset + shift, directoryBytes, memberCount, shift, notes };
}

async function chooseEndRecord(
  access: RandomAccess,
  tail: Uint8Array,
  tailStart: number,
  lenient: boolean,
  notes: DatasetNote[],
): Promise<EndRecord> {
  const records = findEndRecords(tail, tailStart);
  const exact = records.filter((record) => record.endsAt === access.sizeBytes);
  const chosen = exact[0];
  if (chosen) {
    // A second record that ends with the file, or one inside the comment: readers would disagree about the content.
    const second = exact[1] ?? records.find((record) => record.at > chosen.at);
    if (second) throw ambiguousEnd(access, chosen.at, second.at);
    return chosen;
  }
  const plausible = records.filter((record) => record.directoryOffset + record.directoryBytes <= record.at);
  const last = plausible.at(-1);
  if (!last) throw await truncationError(access);
  if (last.endsAt > access.sizeBytes) {
    throw new InputError("ZIP_TRUNCATED", "the archive's comment is cut off", {
      source: access.name,
      expected: `${last.endsAt} bytes`,
      got: `${access.sizeBytes} bytes`,
      remedy: "Copy or download the file again",
    });
  }
  const extraBytes = access.sizeBytes - last.endsAt;
  acceptExtraBytes(access, `${extraBytes} bytes after the archive's end`, last.endsAt, lenient, notes);
  return last;
}

function findEndRecords(tail: Uint8Array, tailStart: number): EndRecord[] {
  const view = zip.viewOf(tail);
  const records: EndRecord[] = [];
  for (let at = 0; at + zip.endBytes <= tail.length; at++) {
    if (tail[at] !== 0x50 || view.getUint32(at, true) !== zip.endSignature) continue;
    records.push({
      at: tailStart + at,
      endsAt: tailStart + at + zip.endBytes + view.getUint16(at + 20, true),
      diskNumbers: view.getUint16(at + 4, true) + view.getUint16(at + 6, true),
      count: view.getUint16(at + 10, true),
      directoryBytes: view.getUint32(at + 12, true),
      directoryOffset: view.getUint32(at + 16, true),
    });
  }
  return records;
}

async function readZip64End(
  access: RandomAccess,
  record: EndRecord,
): Promise<{ at: number; directoryOffset: number; directoryBytes: number; memberCount: number } | null> {
  const locatorAt = record.at - zip.zip64LocatorBytes;
  const locator = locatorAt >= 0 ? zip.viewOf(await access.read(locatorAt, zip.zip64LocatorBytes)) : null;
  if (!locator || locator.getUint32(0, true) !== zip.zip64LocatorSignature) {
    if (record.count === zip.sentinel16) {
      throw new InputError("ZIP_COUNT", "the member count points to a ZIP64 record that is not there", {
        source: access.name,
        got: "65535 without ZIP64",
        offset: record.at,
      });
    }
    if (record.directoryBytes === zip.sentinel32 || record.directoryOffset === zip.sentinel32) {
      throw badLocator(access, "the end record needs a ZIP64 locator and there is none", record.at);
    }
    return null;
  }
  const declaredAt = zip.readUint64(locator, 8);
  const at = locatorAt - zip.zip64EndBytes;
  const found = at >= 0 ? zip.viewOf(await access.read(at, zip.zip64EndBytes)) : null;
  if (!found || found.getUint32(0, true) !== zip.zip64EndSignature || found.getBigUint64(4, true) !== 44n) {
    throw badLocator(access, "no ZIP64 record lies before the ZIP64 locator", locatorAt);
  }
  const memberCount = zip.readUint64(found, 32);
  const directoryBytes = zip.readUint64(found, 40);
  const directoryOffset = zip.readUint64(found, 48);
  if (declaredAt === null || memberCount === null || directoryBytes === null || directoryOffset === null) {
    throw badLocator(access, "a ZIP64 field is beyond 2^53", at);
  }
  // With bytes before the archive both offsets are short by the same amount; that case is reported as such later.
  const shiftOfLocator = at - declaredAt;
  const shiftOfDirectory = at - (directoryOffset + directoryBytes);
  if (shiftOfLocator !== 0 && shiftOfLocator !== shiftOfDirectory) {
    throw badLocator(access, `the ZIP64 locator points to byte ${declaredAt}, the record is at byte ${at}`, locatorAt);
  }
  assertAgrees(access, "member count", record.count, memberCount, zip.sentinel16);
  assertAgrees(access, "directory size", record.directoryBytes, directoryBytes, zip.sentinel32);
  assertAgrees(access, "directory offset", record.directoryOffset, directoryOffset, zip.sentinel32);
  return { at, directoryOffset, directoryBytes, memberCount };
}

function assertAgrees(access: RandomAccess, field: string, short: number, long: number, sentinel: number): void {
  if (short === sentinel || short === long) return;
  throw new InputError("ZIP_MISMATCH", `the end record and its ZIP64 record differ in ${field}`, {
    source: access.name,
    expected: String(long),
    got: String(short),
  });
}

/** Decides what the bytes between directory and end record are; returns the shift of all offsets. */
async function placeSurplus(
  access: RandomAccess,
  directoryOffset: number,
  directoryEnd: number,
  surplus: number,
  lenient: boolean,
  notes: DatasetNote[],
): Promise<number> {
  if (await hasSignature(access, directoryOffset + surplus, zip.centralSignature)) {
    acceptExtraBytes(access, `${surplus} bytes before the archive's first member`, 0, lenient, notes);
    return surplus;
  }
  if (await hasSignature(access, directoryEnd - surplus, zip.endSignature)) {
    throw ambiguousEnd(access, directoryEnd - surplus, directoryEnd);
  }
  acceptExtraBytes(access, `${surplus} bytes before the end record`, directoryEnd - surplus, lenient, notes);
  return 0;
}

async function hasSignature(access: RandomAccess, at: number, signature: number): Promise<boolean> {
  if (at + 4 > access.sizeBytes) return false;
  return zip.viewOf(await access.read(at, 4)).getUint32(0, true) === signature;
}

/** Notes bytes that do not belong to the archive, or throws ZIP_EXTRA_BYTES when strict. */
export function acceptExtraBytes(
  access: RandomAccess,
  what: string,
  offset: number,
  lenient: boolean,
  notes: DatasetNote[],
): void {
  if (!lenient) {
    throw new InputError("ZIP_EXTRA_BYTES", what, { source: access.name, offset, remedy: lenientRemedy });
  }
  notes.push({ level: "warning", code: "ZIP_EXTRA_BYTES", message: `${access.name}: ${what} ignored` });
}

function ambiguousEnd(access: RandomAccess, first: number, second: number): InputError {
  return new InputError("ZIP_AMBIGUOUS_END", "two end records: readers would disagree about the content", {
    source: access.name,
    got: `end records at bytes ${first} and ${second}`,
    remedy: "Save the file again",
  });
}

function badLocator(access: RandomAccess, message: string, offset: number): InputError {
  return new InputError("ZIP_BAD_LOCATOR", message, { source: access.name, offset, remedy: "Save the file again" });
}
