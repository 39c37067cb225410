// The local header of a ZIP member: where its data begins, and that it tells the same story as the directory.

import { InputError } from "../errors.ts";
import type { RandomAccess } from "./random-access.ts";
import { type CentralEntry, overlapError } from "./zip-directory.ts";
import * as zip from "./zip-format.ts";

// Enough for numpy's names and ZIP64 extra in one read.
const guessedNameAndExtraBytes = 128;

/** Offset of the member's data. Throws ZIP_MISMATCH naming the field, or ZIP_OVERLAP when the data reaches `limit`. */
export async function locateMemberData(
  access: RandomAccess,
  entry: CentralEntry,
  neighbour: string,
  limit: number,
): Promise<number> {
  const available = access.sizeBytes - entry.headerOffset;
  let bytes = await access.read(
    entry.headerOffset,
    Math.min(available, zip.localHeaderBytes + guessedNameAndExtraBytes),
  );
  const view = zip.viewOf(bytes);
  if (bytes.length < zip.localHeaderBytes || view.getUint32(0, true) !== zip.localSignature) {
    throw mismatch(access, entry, "signature", "a local header", "other bytes");
  }
  const nameBytes = view.getUint16(26, true);
  const headerBytes = zip.localHeaderBytes + nameBytes + view.getUint16(28, true);
  if (headerBytes > available) throw overlapError(access, entry.name, neighbour, entry.headerOffset);
  if (headerBytes > bytes.length) bytes = await access.read(entry.headerOffset, headerBytes);
  assertSameHeader(access, entry, bytes, nameBytes, headerBytes);
  const dataOffset = entry.headerOffset + headerBytes;
  const dataEnd = dataOffset + entry.compressedBytes;
  if (dataEnd > limit) throw overlapError(access, entry.name, neighbour, entry.headerOffset);
  if (entry.flags & zip.flagDescriptor) await assertDescriptor(access, entry, dataEnd, limit);
  return dataOffset;
}

function assertSameHeader(
  access: RandomAccess,
  entry: CentralEntry,
  bytes: Uint8Array,
  nameBytes: number,
  headerBytes: number,
): void {
  const view = zip.viewOf(bytes);
  const name = bytes.subarray(zip.localHeaderBytes, zip.localHeaderBytes + nameBytes);
  if (name.length !== entry.nameBytes.length || !name.every((byte, index) => byte === entry.nameBytes[index])) {
    throw mismatch(access, entry, "name", entry.name, JSON.stringify(new TextDecoder().decode(name)));
  }
  const compare = (field: string, central: number, local: number) => {
    if (central !== local) throw mismatch(access, entry, field, String(central), String(local));
  };
  compare("method", entry.method, view.getUint16(8, true));
  const sensible = zip.flagEncrypted | zip.flagDescriptor;
  compare("flags", entry.flags & sensible, view.getUint16(6, true) & sensible);
  const { sizeBytes, compressedBytes } = localSizes(
    view,
    bytes.subarray(zip.localHeaderBytes + nameBytes, headerBytes),
  );
  const crc = view.getUint32(14, true);
  const streamed = (entry.flags & zip.flagDescriptor) !== 0;
  // A writer that cannot seek leaves zeros here and puts the values behind the data.
  if (!(streamed && crc === 0)) compare("CRC", entry.crc, crc);
  if (!(streamed && sizeBytes === 0)) compareSize(access, entry, "size", entry.sizeBytes, sizeBytes);
  if (!(streamed && compressedBytes === 0)) {
    compareSize(access, entry, "compressed size", entry.compressedBytes, compressedBytes);
  }
}

function localSizes(view: DataView, extra: Uint8Array): { sizeBytes: number | null; compressedBytes: number | null } {
  let sizeBytes: number | null = view.getUint32(22, true);
  let compressedBytes: number | null = view.getUint32(18, true);
  // APPNOTE asks for both sizes in a local header; some writers give only the ones that need it.
  const wide = zip.readZip64Extra(extra, 2) ?? [];
  if (sizeBytes === zip.sentinel32) sizeBytes = wide[0] ?? null;
  if (compressedBytes === zip.sentinel32) compressedBytes = wide.at(-1) ?? null;
  return { sizeBytes, compressedBytes };
}

function compareSize(access: RandomAccess, entry: CentralEntry, field: string, central: number, local: number | null) {
  if (central !== local) throw mismatch(access, entry, field, String(central), String(local ?? "no readable value"));
}

/** One of the four forms of a data descriptor (signature or not, 32 or 64 bit) must repeat the directory's values. */
async function assertDescriptor(access: RandomAccess, entry: CentralEntry, at: number, limit: number): Promise<void> {
  const bytes = await access.read(at, Math.min(24, limit - at));
  const view = zip.viewOf(bytes);
  for (const start of [4, 0]) {
    if (start === 4 && (bytes.length < 4 || view.getUint32(0, true) !== zip.descriptorSignature)) continue;
    if (bytes.length < start + 12 || view.getUint32(start, true) !== entry.crc) continue;
    const short = [view.getUint32(start + 4, true), view.getUint32(start + 8, true)];
    const wide = bytes.length >= start + 20 ? [4, 12].map((skip) => zip.readUint64(view, start + skip)) : [];
    for (const [compressedBytes, sizeBytes] of [short, wide]) {
      if (compressedBytes === entry.compressedBytes && sizeBytes === entry.sizeBytes) return;
    }
  }
  throw mismatch(access, entry, "data descriptor", `CRC ${entry.crc} and size ${entry.sizeBytes}`, "other values");
}

function mismatch(access: RandomAccess, entry: CentralEntry, field: string, expected: string, got: string): InputError {
  return new InputError("ZIP_MISMATCH", `local header and directory differ in ${field}`, {
    source: access.name,
    field: entry.name,
    expected,
    got,
    offset: entry.headerOffset,
    remedy: "Save the file again",
  });
}
