// An .npz file: named arrays of a ZIP archive. Headers first, sizes proven, then exactly one allocation per array.

import { InputError } from "../errors.ts";
import type { DatasetNote } from "./dataset.ts";
import { allocateNpy, type NpyArray, type NumericArray } from "./npy-array.ts";
import { assertDecodable, headerProbeBytes, type NpyHeader, parseNpyHeader } from "./npy-header.ts";
import type { RandomAccess } from "./random-access.ts";
import {
  type ByteSource,
  type Codecs,
  countMemberBytes,
  openZip,
  rangeSource,
  readMember,
  readMemberStart,
  type ZipArchive,
  type ZipMember,
} from "./zip.ts";
import { sizeError } from "./zip-directory.ts";
import { methodStored } from "./zip-format.ts";

/** Named arrays of an open archive. Names lack the `.npy`. */
export interface NpzFile {
  readonly archive: ZipArchive;
  /** In file order. */
  readonly names: readonly string[];
  readonly notes: readonly DatasetNote[];
  has(name: string): boolean;
  /** Throws DATA_MISSING_KEY when there is no such member. */
  member(name: string): ZipMember;
  /** The header as it stands, for members that nobody needs. Inflates at most its 10 kB. */
  peekHeader(name: string): Promise<NpyHeader>;
  /** The checked header; its size agrees with the archive's (NPY_LENGTH, ZIP_SIZE). */
  header(name: string): Promise<NpyHeader>;
  /** A whole array, CRC checked, in C order and native byte order. Throws MEMORY_BUDGET above `maximumBytes`. */
  readArray(name: string, options?: { maximumBytes?: number }): Promise<NpyArray>;
  /** As readArray; throws NPY_DTYPE for text. */
  readNumeric(name: string, options?: { maximumBytes?: number }): Promise<NumericArray>;
  /** At most `length` bytes behind the header; neither the whole size nor the checksum can be known from them. */
  readStart(name: string, length: number): Promise<Uint8Array>;
  /** The bytes behind the header in pieces, CRC checked at the end. */
  readBody(name: string, source?: ByteSource): AsyncGenerator<Uint8Array, void>;
}

/** Opens an .npz archive; see `openZip` for what is refused. The caller closes the access. */
export async function openNpz(
  access: RandomAccess,
  options: { lenient?: boolean; codecs?: Codecs } = {},
): Promise<NpzFile> {
  const archive = await openZip(access, options);
  const codecs = options.codecs ?? {};
  const headers = new Map<string, Promise<NpyHeader>>();

  function member(name: string): ZipMember {
    const found = archive.members.get(name);
    if (found) return found;
    throw new InputError("DATA_MISSING_KEY", "the archive has no such array", {
      source: access.name,
      field: name,
      got: [...archive.members.keys()].join(", ") || "an empty archive",
    });
  }

  function header(name: string): Promise<NpyHeader> {
    let found = headers.get(name);
    if (!found) headers.set(name, (found = proveHeader(archive, member(name), codecs)));
    return found;
  }

  async function peekHeader(name: string): Promise<NpyHeader> {
    return readHeader(archive, member(name), codecs);
  }

  async function* readBody(name: string, source?: ByteSource): AsyncGenerator<Uint8Array, void> {
    const wanted = member(name);
    let skip = (await header(name)).dataOffset;
    for await (const piece of readMember(archive, wanted, codecs, source ?? rangeSource(access, wanted))) {
      const taken = Math.min(skip, piece.length);
      skip -= taken;
      if (taken < piece.length) yield taken === 0 ? piece : piece.subarray(taken);
    }
  }

  async function readStart(name: string, length: number): Promise<Uint8Array> {
    const { dataOffset } = await header(name);
    return (await readMemberStart(archive, member(name), dataOffset + length, codecs)).subarray(dataOffset);
  }

  async function readArray(name: string, limits: { maximumBytes?: number } = {}): Promise<NpyArray> {
    const found = await header(name);
    assertDecodable(found, access.name, name);
    const bodyBytes = found.totalBytes! - found.dataOffset;
    if (bodyBytes > (limits.maximumBytes ?? Number.POSITIVE_INFINITY)) {
      throw budgetError(access.name, name, bodyBytes, limits.maximumBytes!);
    }
    const target = allocateNpy(found, access.name, name);
    let at = 0;
    for await (const piece of readBody(name)) {
      target.body.set(piece, at);
      at += piece.length;
    }
    return target.finish();
  }

  async function readNumeric(name: string, limits?: { maximumBytes?: number }): Promise<NumericArray> {
    const array = await readArray(name, limits);
    if (array.dtype !== "str") return array;
    throw new InputError("NPY_DTYPE", "the array holds text, not numbers", { source: access.name, field: name });
  }

  const names = [...archive.members.keys()];
  const has = (name: string) => archive.members.has(name);
  const readers = { peekHeader, header, readArray, readNumeric, readStart, readBody };
  return { archive, names, notes: archive.notes, has, member, ...readers };
}

/** Decodes a lone .npy file from memory; `source` and `field` name it in errors. */
export function decodeNpy(bytes: Uint8Array, source: string, field: string): NpyArray {
  const header = parseNpyHeader(bytes, source, field);
  assertDecodable(header, source, field);
  if (header.totalBytes !== bytes.length) throw lengthError(source, field, header.totalBytes!, bytes.length);
  const target = allocateNpy(header, source, field);
  target.body.set(bytes.subarray(header.dataOffset));
  return target.finish();
}

/** The error of arrays that do not fit into the host memory that may be used. */
export function budgetError(source: string, field: string, neededBytes: number, budgetBytes: number): InputError {
  return new InputError("MEMORY_BUDGET", "the array does not fit into the memory that may be used", {
    source,
    field,
    expected: `at most ${Math.floor(budgetBytes)} bytes`,
    got: `${neededBytes} bytes`,
    remedy: "Raise the limit with --memory-budget, or save the patterns uncompressed with numpy.savez",
  });
}

async function readHeader(archive: ZipArchive, member: ZipMember, codecs: Codecs): Promise<NpyHeader> {
  const start = await readMemberStart(archive, member, headerProbeBytes, codecs);
  return parseNpyHeader(start, archive.access.name, member.key);
}

async function proveHeader(archive: ZipArchive, member: ZipMember, codecs: Codecs): Promise<NpyHeader> {
  const header = await readHeader(archive, member, codecs);
  if (header.totalBytes === null || header.totalBytes === member.sizeBytes) return header;
  throw await wrongLength(archive, member, header.totalBytes, codecs);
}

/** Tells whose fault it is when archive and array disagree: the array's header or the archive's declared size. */
async function wrongLength(
  archive: ZipArchive,
  member: ZipMember,
  totalBytes: number,
  codecs: Codecs,
): Promise<InputError> {
  if (member.method !== methodStored) {
    const { sizeBytes } = member;
    const realBytes = await countMemberBytes(archive, member, sizeBytes, codecs);
    if (realBytes !== sizeBytes) {
      const got = `${sizeBytes} bytes declared`;
      const real = realBytes > sizeBytes ? `more than ${sizeBytes}` : String(realBytes);
      return sizeError(archive.access, member.name, `${real} bytes, the real size`, got);
    }
  }
  return lengthError(archive.access.name, member.key, totalBytes, member.sizeBytes);
}

function lengthError(source: string, field: string, expectedBytes: number, gotBytes: number): InputError {
  return new InputError("NPY_LENGTH", "the array is longer or shorter than its shape says", {
    source,
    field,
    expected: `${expectedBytes} bytes`,
    got: `${gotBytes} bytes`,
    remedy: "The array was cut or written wrongly: save it again",
  });
}
