// Bodies of .npy arrays as typed arrays. npyjs decodes what it can; byte order, Fortran order, bool and text are ours.

import { dump, parse } from "npyjs";
import { InputError } from "../errors.ts";
import { type NumericType, typeFacts } from "./npy-dtype.ts";
import type { NpyHeader } from "./npy-header.ts";

/** Storage of numeric arrays: bool as 0/1 in Uint8Array, float16 widened to Float32Array, complex interleaved. */
export type NumericData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** A C-ordered numeric array; complex types hold 2 * product(shape) numbers. */
export interface NumericArray {
  readonly shape: readonly number[];
  readonly dtype: NumericType;
  readonly data: NumericData;
}

/** A C-ordered array of strings (product(shape) of them; one for shape []). */
export interface TextArray {
  readonly shape: readonly number[];
  readonly dtype: "str";
  readonly data: readonly string[];
}

export type NpyArray = NumericArray | TextArray;

/** An array being filled: `body` is the place for exactly the bytes that the header declares. */
export interface NpyTarget {
  readonly body: Uint8Array;
  /** Decodes the filled body; call once. */
  finish(): NpyArray;
}

/** Allocates room for an array whose header has been checked against its real size. */
export function allocateNpy(header: NpyHeader, source: string, field: string): NpyTarget {
  const { type, shape, elementCount, fortranOrder } = header;
  if (type.kind === "unicode") {
    const body = new Uint8Array(elementCount * type.itemBytes);
    return {
      body,
      finish() {
        if (type.bigEndian) swapBytes(body, 4);
        const text = decodeText(body, type.characters, elementCount, source, field);
        return { shape, dtype: "str", data: fortranOrder ? reorder(text, shape, 1, []) : text };
      },
    };
  }
  if (type.kind !== "numeric") throw new TypeError(`cannot decode ${header.descr}`);
  // npyjs views the body in place, so it is filled right behind a header that it understands and that keeps it aligned.
  const { code, wordBytes } = typeFacts(type.name === "bool" ? "uint8" : type.name);
  const canonical = encodeHeader(code, [elementCount]);
  const buffer = new ArrayBuffer(canonical.length + elementCount * type.itemBytes);
  new Uint8Array(buffer).set(canonical);
  const body = new Uint8Array(buffer, canonical.length);
  return {
    body,
    finish() {
      if (type.bigEndian) swapBytes(body, wordBytes);
      let data = parse(buffer).data as NumericData;
      if (type.name === "bool") data = Uint8Array.from(body, (value) => (value === 0 ? 0 : 1));
      if (fortranOrder) data = reorderNumeric(data, shape, type.name.startsWith("complex") ? 2 : 1);
      return { shape, dtype: type.name, data };
    },
  };
}

/** An .npy 1.0 header as npyjs writes it; numbers behind it are 8-byte aligned. */
export function encodeHeader(code: string, shape: readonly number[]): Uint8Array {
  const empty = new Uint8Array(0);
  const written = new Uint8Array(dump(empty, [...shape], { dtype: code as "u1" }));
  if (written.length % 8 !== 0) throw new RangeError("npyjs wrote an unaligned header");
  return written;
}

/** Numbers of a real array as float64. Throws NPY_INT_RANGE for 64-bit integers that float64 cannot hold. */
export function toNumbers(array: NumericArray, source: string, field: string): Float64Array {
  const { data } = array;
  if (!(data instanceof BigInt64Array) && !(data instanceof BigUint64Array)) return Float64Array.from(data);
  return narrowBigIntegers(data, source, field);
}

/** 64-bit integers as float64; NPY_INT_RANGE beyond 2^53, because rounding would be silent. */
export function narrowBigIntegers(data: BigInt64Array | BigUint64Array, source: string, field: string): Float64Array {
  const numbers = new Float64Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const value = Number(data[index]!);
    if (!Number.isSafeInteger(value)) {
      throw new InputError("NPY_INT_RANGE", "a 64-bit integer is too large to be kept exactly", {
        source,
        field,
        expected: "at most 2^53 - 1",
        got: `${data[index]} at element ${index}`,
      });
    }
    numbers[index] = value;
  }
  return numbers;
}

/** Reverses every word of `wordBytes` bytes in place; a rest shorter than a word is left alone. */
export function swapBytes(bytes: Uint8Array, wordBytes: number): void {
  if (wordBytes === 1) return;
  for (let at = 0; at + wordBytes <= bytes.length; at += wordBytes) {
    for (let low = at, high = at + wordBytes - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}

function decodeText(
  body: Uint8Array,
  characters: number,
  count: number,
  source: string,
  field: string,
): readonly string[] {
  const points = new Uint32Array(body.buffer, body.byteOffset, body.length / 4);
  return Array.from({ length: count }, (_, item) => {
    const parts: string[] = [];
    for (let index = 0; index < characters; index++) {
      const point = points[item * characters + index]!;
      if (point > 0x10ffff) {
        throw new InputError("NPY_TEXT", "the text holds a number that is no character", {
          source,
          field,
          got: String(point),
        });
      }
      parts.push(String.fromCodePoint(point));
    }
    return parts.join("").replace(/\0+$/, "");
  });
}

function reorderNumeric(data: NumericData, shape: readonly number[], width: number): NumericData {
  const target = new (data.constructor as new (length: number) => NumericData)(data.length);
  // The union of typed arrays has no common element type; source and target are of the same class.
  return reorder(data as unknown as number[], shape, width, target as unknown as number[]) as unknown as NumericData;
}

/** Copies elements (of `width` numbers each) from Fortran order into C order. */
function reorder<T>(from: ArrayLike<T>, shape: readonly number[], width: number, to: T[]): T[] {
  const strides: number[] = [];
  let stride = 1;
  for (const length of shape) {
    strides.push(stride);
    stride *= length;
  }
  const index = new Array<number>(shape.length).fill(0);
  let source = 0;
  for (let target = 0; target < stride; target++) {
    for (let part = 0; part < width; part++) to[target * width + part] = from[source * width + part]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      source += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      source -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return to;
}
