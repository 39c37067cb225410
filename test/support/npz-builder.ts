// Archives with any inconsistency a reader can meet, byte by byte, and scans that obey the contract unless told otherwise.

import { crc32, deflateRawSync } from "node:zlib";

/** A member to write; whatever is left out is consistent with `content`. */
export interface BuiltMember {
  readonly name: string;
  readonly content: Uint8Array;
  /** 0 stored (default), 8 deflated, or a number that is only declared. */
  readonly method?: number;
  /** What is stored instead of the honest (compressed) content. */
  readonly stored?: Uint8Array;
  readonly flags?: number;
  /** Declared values, in both headers. */
  readonly crc?: number;
  readonly sizeBytes?: number | bigint;
  readonly compressedBytes?: number | bigint;
  /** Values of the local header alone. */
  readonly local?: {
    name?: string;
    method?: number;
    crc?: number;
    sizeBytes?: number;
    compressedBytes?: number;
    flags?: number;
  };
  /** Local sizes as 0xFFFFFFFF with a ZIP64 field, as numpy writes them. */
  readonly numpyStyle?: boolean;
  /** Sizes and CRC behind the data, as unseekable writers do. */
  readonly descriptor?: { signature: boolean; wide: boolean; crc?: number };
  /** Offset in the directory, whatever the truth is. */
  readonly headerOffset?: number;
  /** Not written at all, only listed. */
  readonly listedOnly?: boolean;
}

export interface BuiltArchive {
  readonly prefix?: Uint8Array;
  readonly suffix?: Uint8Array;
  readonly comment?: Uint8Array;
  /** Member count of the end record. */
  readonly count?: number;
  readonly zip64End?: { locatorOffset?: number };
  /** Bytes between directory and end record. */
  readonly beforeEnd?: Uint8Array;
}

const ascii = (text: string) => new TextEncoder().encode(text);

/** Joins byte arrays. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Little-endian fields: [bytes, value] pairs. */
export function fields(...pairs: readonly (readonly [width: 1 | 2 | 4 | 8, value: number | bigint])[]): Uint8Array {
  const bytes = new Uint8Array(pairs.reduce((total, [width]) => total + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of pairs) {
    if (width === 8) view.setBigUint64(at, BigInt(value), true);
    else if (width === 4) view.setUint32(at, Number(value), true);
    else if (width === 2) view.setUint16(at, Number(value), true);
    else view.setUint8(at, Number(value));
    at += width;
  }
  return bytes;
}

/** Writes an archive. */
export function buildZip(members: readonly BuiltMember[], archive: BuiltArchive = {}): Uint8Array {
  const body: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const member of members) {
    const stored = member.stored ?? (member.method === 8 ? deflateRawSync(member.content) : member.content);
    const truth = {
      method: member.method ?? 0,
      flags: (member.flags ?? 0) | (member.descriptor ? 8 : 0),
      crc: member.crc ?? crc32(member.content),
      sizeBytes: member.sizeBytes ?? member.content.length,
      compressedBytes: member.compressedBytes ?? stored.length,
    };
    directory.push(centralHeader(member, truth, member.headerOffset ?? at));
    if (member.listedOnly) continue;
    const written = join(localHeader(member, truth), stored, descriptor(member, truth));
    body.push(written);
    at += written.length;
  }
  const listed = join(...directory);
  const count = archive.count ?? members.length;
  return join(
    archive.prefix ?? new Uint8Array(),
    ...body,
    listed,
    archive.beforeEnd ?? new Uint8Array(),
    endRecords(count, listed.length, at, archive),
    archive.suffix ?? new Uint8Array(),
  );
}

/** The records behind the directory, which has `directoryBytes` and begins at byte `at`. */
export function endRecords(count: number, directoryBytes: number, at: number, archive: BuiltArchive): Uint8Array {
  const comment = archive.comment ?? new Uint8Array();
  const zip64 = archive.zip64End
    ? join(
        fields(
          [4, 0x06064b50],
          [8, 44],
          [2, 45],
          [2, 45],
          [4, 0],
          [4, 0],
          [8, count],
          [8, count],
          [8, directoryBytes],
          [8, at],
        ),
        fields([4, 0x07064b50], [4, 0], [8, archive.zip64End.locatorOffset ?? at + directoryBytes], [4, 1]),
      )
    : new Uint8Array();
  const sizes: [4, number][] = archive.zip64End
    ? [
        [4, 0xffffffff],
        [4, 0xffffffff],
      ]
    : [
        [4, directoryBytes],
        [4, at],
      ];
  const shortCount = archive.zip64End ? 0xffff : count;
  return join(
    zip64,
    fields([4, 0x06054b50], [2, 0], [2, 0], [2, shortCount], [2, shortCount], ...sizes, [2, comment.length]),
    comment,
  );
}

/** What both headers of a member say. */
export interface Declared {
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly sizeBytes: number | bigint;
  readonly compressedBytes: number | bigint;
}

/** The header before a member's data. */
export function localHeader(member: BuiltMember, truth: Declared): Uint8Array {
  const local = member.local ?? {};
  const name = ascii(local.name ?? member.name);
  const streamed = member.descriptor !== undefined;
  const size = local.sizeBytes ?? (streamed ? 0 : truth.sizeBytes);
  const compressed = local.compressedBytes ?? (streamed ? 0 : truth.compressedBytes);
  const wide = member.numpyStyle || isWide(size) || isWide(compressed);
  const extra = wide ? fields([2, 1], [2, 16], [8, size], [8, compressed]) : new Uint8Array();
  return join(
    fields(
      [4, 0x04034b50],
      [2, 45],
      [2, local.flags ?? truth.flags],
      [2, local.method ?? truth.method],
      [4, 0x00210000],
    ),
    fields([4, local.crc ?? (streamed ? 0 : truth.crc)]),
    wide ? fields([4, 0xffffffff], [4, 0xffffffff]) : fields([4, compressed], [4, size]),
    fields([2, name.length], [2, extra.length]),
    name,
    extra,
  );
}

function descriptor(member: BuiltMember, truth: Declared): Uint8Array {
  if (!member.descriptor) return new Uint8Array();
  const width = member.descriptor.wide ? 8 : 4;
  const mark = member.descriptor.signature ? fields([4, 0x08074b50]) : new Uint8Array();
  const crc = member.descriptor.crc ?? truth.crc;
  return join(mark, fields([4, crc], [width, truth.compressedBytes], [width, truth.sizeBytes]));
}

/** A member's entry in the directory. */
export function centralHeader(member: BuiltMember, truth: Declared, offset: number): Uint8Array {
  const name = ascii(member.name);
  const wide = [truth.sizeBytes, truth.compressedBytes, offset].filter(isWide);
  const extra = wide.length
    ? fields([2, 1], [2, 8 * wide.length], ...wide.map((value) => [8, value] as [8, number | bigint]))
    : new Uint8Array();
  const short = (value: number | bigint): [4, number] => [4, isWide(value) ? 0xffffffff : Number(value)];
  return join(
    fields([4, 0x02014b50], [2, 45], [2, 45], [2, truth.flags], [2, truth.method], [4, 0x00210000], [4, truth.crc]),
    fields(short(truth.compressedBytes), short(truth.sizeBytes), [2, name.length], [2, extra.length], [2, 0], [2, 0]),
    fields([2, 0], [4, 0], short(offset)),
    name,
    extra,
  );
}

function isWide(value: number | bigint): boolean {
  return BigInt(value) >= 0xffffffffn;
}

/** Parts of an .npy file; `header` replaces the whole dict text. */
export interface NpyParts {
  readonly version?: readonly [number, number];
  readonly fortran?: boolean;
  readonly header?: string;
  /** Spaces behind the dict; odd numbers make the body unaligned. */
  readonly padding?: number;
  readonly headerLength?: number;
}

/** An .npy file with `body` behind a header for `descr` and `shape`. */
export function npyFile(descr: string, shape: readonly number[], body: Uint8Array, parts: NpyParts = {}): Uint8Array {
  const shapeText = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const order = parts.fortran ? "True" : "False";
  const dict = parts.header ?? `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shapeText}, }`;
  const version = parts.version ?? [1, 0];
  const prefix = version[0] === 1 ? 10 : 12;
  const padding = parts.padding ?? 63 - ((prefix + dict.length) % 64);
  const text = ascii(`${dict}${" ".repeat(padding)}\n`);
  const length = parts.headerLength ?? text.length;
  const start = join(ascii("\u0093NUMPY").slice(1), Uint8Array.from(version));
  return join(start, fields([version[0] === 1 ? 2 : 4, length]), text, body);
}

/** Numbers that an .npy type can hold. */
export type Numbers = readonly number[] | Float64Array | Float32Array | Uint16Array;

/** The bytes of numbers as `descr` (`<f4`, `>u2`, `<c8`, ...); complex types take interleaved pairs. */
export function encodeNumbers(descr: string, numbers: Numbers): Uint8Array {
  const little = descr[0] !== ">";
  const code = descr.slice(1);
  const real = code === "c8" ? "f4" : code === "c16" ? "f8" : code;
  const width = Number(real.slice(1));
  const view = new DataView(new ArrayBuffer(width * numbers.length));
  numbers.forEach((value: number, index: number) => {
    const at = index * width;
    if (real === "f8") view.setFloat64(at, value, little);
    else if (real === "f4") view.setFloat32(at, value, little);
    else if (real === "f2") view.setUint16(at, halfBits(value), little);
    else if (width === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(value)), little);
    else if (width === 4) view.setUint32(at, value >>> 0, little);
    else if (width === 2) view.setUint16(at, value & 0xffff, little);
    else view.setUint8(at, value & 0xff);
  });
  return new Uint8Array(view.buffer);
}

/** Halves of small whole numbers and their fractions; enough for tests. */
function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  if (!Number.isFinite(size)) return sign | (Number.isNaN(value) ? 0x7e00 : 0x7c00);
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | Math.round((size / 2 ** exponent - 1) * 1024);
}

/** An .npy file of numbers given in C order; `fortran` writes them column by column. */
export function npyNumbers(
  descr: string,
  shape: readonly number[],
  numbers: Numbers,
  parts: NpyParts = {},
): Uint8Array {
  const pair = descr.slice(1, 2) === "c" ? 2 : 1;
  const ordered = parts.fortran ? toFortran(numbers, shape, pair) : numbers;
  return npyFile(descr, shape, encodeNumbers(descr, ordered), parts);
}

function toFortran(numbers: Numbers, shape: readonly number[], pair: number): number[] {
  const ordered: number[] = [];
  const count = shape.reduce((product, length) => product * length, 1);
  for (let at = 0; at < count; at++) {
    let rest = at;
    let index = 0;
    const coordinates = shape.map((length) => {
      const coordinate = rest % length;
      rest = Math.floor(rest / length);
      return coordinate;
    });
    coordinates.forEach((coordinate, axis) => {
      index = index * shape[axis]! + coordinate;
    });
    for (let part = 0; part < pair; part++) ordered.push(numbers[index * pair + part]!);
  }
  return ordered;
}

/** A 0-d unicode array. */
export function npyText(text: string): Uint8Array {
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  return npyFile(`<U${points.length}`, [], encodeNumbers("<u4", points));
}

/** An object array as numpy.save writes it; the body is a pickle that nobody may open. */
export function npyPickled(): Uint8Array {
  return npyFile("|O", [], ascii("\x80\x04cos\nsystem\n(S'touch /tmp/pickled'\ntR."));
}
