// The header of an .npy array, read and checked before anything is allocated for its body.

import { InputError } from "../errors.ts";
import { acceptedTypes, type NpyType, parseType } from "./npy-dtype.ts";
import { type Literal, LiteralError, parseLiteral } from "./npy-literal.ts";

/** What an .npy header declares. */
export interface NpyHeader {
  /** `descr` as written, or the text of a structured one. */
  readonly descr: string;
  readonly type: NpyType;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  readonly elementCount: number;
  /** Where the body begins. */
  readonly dataOffset: number;
  /** Header and body together; null when the type has no known width. */
  readonly totalBytes: number | null;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const maximumHeaderBytes = 10_000;
const maximumRank = 8;
/** Bytes of a member that always hold the whole header. */
export const headerProbeBytes = maximumHeaderBytes + 12;

/**
 * Parses the header at the start of `bytes`. Throws NPY_MAGIC, NPY_VERSION, NPY_HEADER_TOO_LARGE, NPY_HEADER_SYNTAX,
 * NPY_HEADER_KEYS, NPY_SHAPE, NPY_SHAPE_OVERFLOW, NPY_RANK or NPY_LENGTH; unusual types are described, not refused.
 */
export function parseNpyHeader(bytes: Uint8Array, source: string, field: string): NpyHeader {
  const refuse: Refuse = (code, message, facts = {}) => new InputError(code, message, { source, field, ...facts });
  if (bytes.length < 10 || !magic.every((byte, index) => bytes[index] === byte)) {
    throw refuse("NPY_MAGIC", "not an .npy array", { got: `${bytes.length} bytes that do not begin with \\x93NUMPY` });
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3 || bytes[7] !== 0) {
    throw refuse("NPY_VERSION", "unknown .npy version", { expected: "1.0, 2.0 or 3.0", got: `${version}.${bytes[7]}` });
  }
  const lengthBytes = version === 1 ? 2 : 4;
  const textOffset = 8 + lengthBytes;
  if (bytes.length < textOffset) throw refuse("NPY_LENGTH", "the array ends inside its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textBytes = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (textBytes > maximumHeaderBytes) {
    throw refuse("NPY_HEADER_TOO_LARGE", "the array's header is too large", {
      expected: `at most ${maximumHeaderBytes} bytes`,
      got: `${textBytes} bytes`,
    });
  }
  const dataOffset = textOffset + textBytes;
  if (bytes.length < dataOffset) throw refuse("NPY_LENGTH", "the array ends inside its header");
  const encoding = version === 3 ? "utf-8" : "latin1";
  const text = new TextDecoder(encoding).decode(bytes.subarray(textOffset, dataOffset));
  return { ...interpret(text, refuse, dataOffset), dataOffset };
}

type Refuse = (code: string, message: string, facts?: { expected?: string; got?: string }) => InputError;

function interpret(text: string, refuse: Refuse, dataOffset: number): Omit<NpyHeader, "dataOffset"> {
  const entries = parseDict(text, refuse);
  const { descr, type } = describeType(entries.get("descr")!, text);
  const order = entries.get("fortran_order")!;
  if (order.kind !== "bool") throw refuse("NPY_HEADER_SYNTAX", "fortran_order is not True or False");
  const shape = readShape(entries.get("shape")!, refuse);
  const itemBytes = "itemBytes" in type ? type.itemBytes : null;
  const elementCount = checkedProduct(shape, itemBytes ?? 1, refuse);
  const totalBytes = itemBytes === null ? null : dataOffset + elementCount * itemBytes;
  return { descr, type, fortranOrder: order.value, shape: shape.map(Number), elementCount, totalBytes };
}

function parseDict(text: string, refuse: Refuse): Map<string, Literal> {
  let literal: Literal;
  try {
    literal = parseLiteral(text);
  } catch (error) {
    if (!(error instanceof LiteralError)) throw error;
    if (error.reason === "too-deep") throw refuse("NPY_HEADER_TOO_LARGE", `the array's header is ${error.message}`);
    // A dimension written as a NumPy scalar is a slip of the writer, anything else does not belong into a header.
    if (numpyScalarInShape.test(text) || badNumberInShape.test(text)) {
      throw refuse("NPY_SHAPE", "a dimension of the array is not a plain integer", { got: shorten(text) });
    }
    throw refuse("NPY_HEADER_SYNTAX", `the array's header is not a plain dict: ${error.message}`);
  }
  if (literal.kind !== "dict") throw refuse("NPY_HEADER_SYNTAX", "the array's header is not a dict");
  const entries = new Map<string, Literal>();
  for (const [key, value] of literal.entries) {
    const name = key.kind === "string" ? key.value : "(not a string)";
    if (entries.has(name)) throw refuse("NPY_HEADER_KEYS", `the array's header has ${name} twice`);
    entries.set(name, value);
  }
  const expected = ["descr", "fortran_order", "shape"];
  if (entries.size !== expected.length || !expected.every((key) => entries.has(key))) {
    throw refuse("NPY_HEADER_KEYS", "the array's header has the wrong keys", {
      expected: expected.join(", "),
      got: [...entries.keys()].join(", ") || "none",
    });
  }
  return entries;
}

/** A dimension such as np.int64(2), the text of a NumPy scalar. */
const numpyScalarInShape = /['"]shape['"]\s*:\s*[([][^)\]]*\b(?:(?:np|numpy)\.)?u?int\d*\(\s*-?\d+\s*\)/;
/** Arithmetic such as -2*-2 in the shape, which Python would evaluate and this grammar refuses. */
const badNumberInShape = /['"]shape['"]\s*:\s*\(?[\d\s,.\-+*/]*[*+/][\d\s,.\-+*/]*\)?/;

function describeType(literal: Literal, text: string): { descr: string; type: NpyType } {
  if (literal.kind === "string") return { descr: literal.value, type: parseType(literal.value) };
  const structuredWithObject = /'\|?O8?'/.test(text);
  return { descr: shorten(text), type: { kind: structuredWithObject ? "object" : "unsupported" } };
}

function readShape(literal: Literal, refuse: Refuse): bigint[] {
  if (literal.kind !== "tuple") {
    throw refuse("NPY_SHAPE", "the array's shape is not a tuple", {
      expected: "a tuple of integers",
      got: literal.kind,
    });
  }
  if (literal.items.length > maximumRank) {
    throw refuse("NPY_RANK", "the array has too many dimensions", {
      expected: `at most ${maximumRank}`,
      got: String(literal.items.length),
    });
  }
  return literal.items.map((item) => {
    const value = item.kind === "int" ? item.value : null;
    if (value === null || value < 0n || value >= 2n ** 64n) {
      const got = item.kind === "int" ? String(item.value) : item.kind === "float" ? item.text : item.kind;
      throw refuse("NPY_SHAPE", "a dimension of the array is not a count", { expected: "an integer from 0 on", got });
    }
    return value;
  });
}

function checkedProduct(shape: readonly bigint[], itemBytes: number, refuse: Refuse): number {
  const count = shape.reduce((product, length) => product * length, 1n);
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  if (count * BigInt(itemBytes) > limit || shape.some((length) => length > limit)) {
    throw refuse("NPY_SHAPE_OVERFLOW", "the array's shape is beyond any memory", {
      expected: "fewer than 2^53 bytes",
      got: `shape (${shape.join(", ")})`,
    });
  }
  return Number(count);
}

/** Throws NPY_OBJECT_REFUSED or NPY_DTYPE for an array that is needed but cannot be decoded. */
export function assertDecodable(header: NpyHeader, source: string, field: string): void {
  if (header.type.kind === "object") {
    throw new InputError("NPY_OBJECT_REFUSED", "the array holds pickled Python objects, which are never loaded", {
      source,
      field,
      expected: `one of ${acceptedTypes}`,
      got: header.descr,
      remedy: "Save it again as a numeric array",
    });
  }
  if (header.type.kind === "unsupported") throw typeError(header, source, field);
}

/** NPY_DTYPE, naming what is accepted. */
export function typeError(header: NpyHeader, source: string, field: string): InputError {
  return new InputError("NPY_DTYPE", "the array's type is not supported", {
    source,
    field,
    expected: `one of ${acceptedTypes}`,
    got: header.descr,
    remedy: "Save it again as one of these types",
  });
}

function shorten(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > 120 ? `${trimmed.slice(0, 120)}...` : trimmed;
}
