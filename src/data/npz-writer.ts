// Large NPZ archives in pieces: a stored archive goes to a sink as it is made, with ZIP64 where sizes ask for it.

import { type Crc32, crc32 } from "./crc32.ts";
import type { NpyArray } from "./npy-array.ts";
import { type NumericType, typeFacts } from "./npy-dtype.ts";
import { encodeNpy, encodeNpyHeader } from "./npy-encode.ts";
import * as zip from "./zip-format.ts";

/** Takes the archive's bytes in order; they must not be kept after it returns or resolves. */
export type ByteSink = (bytes: Uint8Array) => void | Promise<void>;

/** Writes one member after the other; the same calls give the same bytes. */
export interface NpzWriter {
  addArray(name: string, array: NpyArray): Promise<void>;
  /** A C-ordered array whose numbers come in pieces of any length. Throws RangeError when they do not fill the shape. */
  addPieces(
    name: string,
    dtype: NumericType,
    shape: readonly number[],
    pieces: AsyncIterable<ArrayBufferView> | Iterable<ArrayBufferView>,
  ): Promise<void>;
  /** Writes the directory; returns the archive's size. */
  finish(): Promise<number>;
}

interface Written {
  readonly name: Uint8Array;
  readonly flags: number;
  readonly crc: number;
  readonly sizeBytes: number;
  readonly offset: number;
}

const fixedDate = 0x0021; // 1980-01-01
const versionPlain = 20;
const versionZip64 = 45;

/** Starts an archive. `checksum` replaces the built-in CRC-32 by a faster one. */
export function createNpzWriter(sink: ByteSink, checksum: Crc32 = crc32): NpzWriter {
  const written: Written[] = [];
  const names = new Set<string>();
  let at = 0;

  async function put(bytes: Uint8Array): Promise<void> {
    at += bytes.length;
    await sink(bytes);
  }

  function claim(name: string): Uint8Array {
    if (names.has(name)) throw new RangeError(`member ${name} twice`);
    names.add(name);
    return new TextEncoder().encode(`${name}.npy`);
  }

  async function addArray(name: string, array: NpyArray): Promise<void> {
    const bytes = encodeNpy(array);
    const member = { name: claim(name), flags: 0, crc: checksum(bytes, 0), sizeBytes: bytes.length, offset: at };
    written.push(member);
    await put(localHeader(member));
    await put(bytes);
  }

  async function addPieces(
    name: string,
    dtype: NumericType,
    shape: readonly number[],
    pieces: AsyncIterable<ArrayBufferView> | Iterable<ArrayBufferView>,
  ): Promise<void> {
    const header = encodeNpyHeader(dtype, shape);
    const bodyBytes = shape.reduce((product, length) => product * length, typeFacts(dtype).itemBytes);
    const sizeBytes = header.length + bodyBytes;
    // The checksum is known only at the end, so it follows the data.
    const draft = { name: claim(name), flags: zip.flagDescriptor, crc: 0, sizeBytes, offset: at };
    await put(localHeader(draft));
    let crc = checksum(header, 0);
    await put(header);
    let filled = 0;
    for await (const piece of pieces) {
      const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
      filled += bytes.length;
      if (filled > bodyBytes) break;
      crc = checksum(bytes, crc);
      await put(bytes);
    }
    if (filled !== bodyBytes) throw new RangeError(`${name}: the pieces have ${filled} bytes, the shape ${bodyBytes}`);
    const member = { ...draft, crc };
    written.push(member);
    await put(descriptor(member));
  }

  async function finish(): Promise<number> {
    const directoryOffset = at;
    for (const member of written) await put(centralHeader(member));
    await put(endRecords(written.length, at - directoryOffset, directoryOffset));
    return at;
  }

  return { addArray, addPieces, finish };
}

function isLarge(value: number): boolean {
  return value >= zip.sentinel32;
}

/** Fields that local and central headers have in common, from the version on. */
function sharedFields(member: Written, sizeField: number, crcField: number, extraBytes: number, version: number) {
  const fields = new DataView(new ArrayBuffer(26));
  fields.setUint16(0, version, true);
  fields.setUint16(2, member.flags, true);
  fields.setUint16(4, zip.methodStored, true);
  fields.setUint16(8, fixedDate, true);
  fields.setUint32(10, crcField, true);
  fields.setUint32(14, sizeField, true);
  fields.setUint32(18, sizeField, true);
  fields.setUint16(22, member.name.length, true);
  fields.setUint16(24, extraBytes, true);
  return new Uint8Array(fields.buffer);
}

function localHeader(member: Written): Uint8Array {
  const streamed = (member.flags & zip.flagDescriptor) !== 0;
  const large = isLarge(member.sizeBytes);
  const extra = large
    ? zip64Extra([streamed ? 0 : member.sizeBytes, streamed ? 0 : member.sizeBytes])
    : new Uint8Array();
  const sizeField = large ? zip.sentinel32 : streamed ? 0 : member.sizeBytes;
  const crcField = streamed ? 0 : member.crc;
  const fields = sharedFields(member, sizeField, crcField, extra.length, large ? versionZip64 : versionPlain);
  return concatenate(signature(zip.localSignature), fields, member.name, extra);
}

function descriptor(member: Written): Uint8Array {
  const wide = isLarge(member.sizeBytes);
  const view = new DataView(new ArrayBuffer(wide ? 24 : 16));
  view.setUint32(0, zip.descriptorSignature, true);
  view.setUint32(4, member.crc, true);
  for (const index of [0, 1]) {
    if (wide) view.setBigUint64(8 + 8 * index, BigInt(member.sizeBytes), true);
    else view.setUint32(8 + 4 * index, member.sizeBytes, true);
  }
  return new Uint8Array(view.buffer);
}

function centralHeader(member: Written): Uint8Array {
  const large = isLarge(member.sizeBytes);
  const far = isLarge(member.offset);
  const values = [...(large ? [member.sizeBytes, member.sizeBytes] : []), ...(far ? [member.offset] : [])];
  const extra = values.length > 0 ? zip64Extra(values) : new Uint8Array();
  const version = values.length > 0 ? versionZip64 : versionPlain;
  const fields = sharedFields(member, large ? zip.sentinel32 : member.sizeBytes, member.crc, extra.length, version);
  const rest = new DataView(new ArrayBuffer(14));
  rest.setUint32(10, far ? zip.sentinel32 : member.offset, true);
  const madeBy = new Uint8Array([version, 0]);
  return concatenate(signature(zip.centralSignature), madeBy, fields, new Uint8Array(rest.buffer), member.name, extra);
}

function endRecords(count: number, directoryBytes: number, directoryOffset: number): Uint8Array {
  const wide = count >= zip.sentinel16 || isLarge(directoryBytes) || isLarge(directoryOffset);
  const end = new DataView(new ArrayBuffer(zip.endBytes));
  end.setUint32(0, zip.endSignature, true);
  end.setUint16(8, Math.min(count, zip.sentinel16), true);
  end.setUint16(10, Math.min(count, zip.sentinel16), true);
  end.setUint32(12, Math.min(directoryBytes, zip.sentinel32), true);
  end.setUint32(16, Math.min(directoryOffset, zip.sentinel32), true);
  if (!wide) return new Uint8Array(end.buffer);
  const record = new DataView(new ArrayBuffer(zip.zip64EndBytes));
  record.setUint32(0, zip.zip64EndSignature, true);
  record.setBigUint64(4, BigInt(zip.zip64EndBytes - 12), true);
  record.setUint16(12, versionZip64, true);
  record.setUint16(14, versionZip64, true);
  record.setBigUint64(24, BigInt(count), true);
  record.setBigUint64(32, BigInt(count), true);
  record.setBigUint64(40, BigInt(directoryBytes), true);
  record.setBigUint64(48, BigInt(directoryOffset), true);
  const locator = new DataView(new ArrayBuffer(zip.zip64LocatorBytes));
  locator.setUint32(0, zip.zip64LocatorSignature, true);
  locator.setBigUint64(8, BigInt(directoryOffset + directoryBytes), true);
  locator.setUint32(16, 1, true);
  return concatenate(...[record, locator, end].map((view) => new Uint8Array(view.buffer)));
}

function zip64Extra(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + 8 * values.length));
  view.setUint16(0, zip.zip64ExtraId, true);
  view.setUint16(2, 8 * values.length, true);
  values.forEach((value, index) => {
    view.setBigUint64(4 + 8 * index, BigInt(value), true);
  });
  return new Uint8Array(view.buffer);
}

function signature(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  zip.viewOf(bytes).setUint32(0, value, true);
  return bytes;
}

function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
