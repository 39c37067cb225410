// Arrays as .npy bytes, for results and simulated scans. npyjs writes them; text beyond its plane is laid out here.

import { dump } from "npyjs";
import { encodeHeader, type NpyArray, type NumericArray, type NumericData, type TextArray } from "./npy-array.ts";
import { isComplex, type NumericType, typeFacts } from "./npy-dtype.ts";

/** A numeric array as it will be read by numpy.load; throws RangeError when the data does not fit the shape. */
export function numericArray(dtype: NumericType, shape: readonly number[], data: NumericData): NumericArray {
  const expected = shape.reduce((product, length) => product * length, isComplex(dtype) ? 2 : 1);
  if (data.length !== expected) {
    throw new RangeError(`${dtype} array of shape [${shape.join(", ")}] needs ${expected} numbers, got ${data.length}`);
  }
  return { dtype, shape, data };
}

/** A 0-d float64 array. */
export function float64Scalar(value: number): NumericArray {
  return numericArray("float64", [], Float64Array.of(value));
}

/** A 0-d unicode array. */
export function textScalar(value: string): TextArray {
  return { dtype: "str", shape: [], data: [value] };
}

/** An array as the bytes of an .npy file: version 1.0, C order, little-endian. float16 cannot be written. */
export function encodeNpy(array: NpyArray): Uint8Array {
  if (array.dtype === "str") return encodeText(array);
  if (array.dtype === "float16") throw new RangeError("float16 arrays are read, not written");
  return npyjsDump(numericArray(array.dtype, array.shape, array.data).data, array.shape, typeFacts(array.dtype).code);
}

/** The header alone, for a body that is written in pieces. */
export function encodeNpyHeader(dtype: NumericType, shape: readonly number[]): Uint8Array {
  return encodeHeader(typeFacts(dtype).code, shape);
}

function encodeText(array: TextArray): Uint8Array {
  // npyjs counts UTF-16 units where NumPy counts characters, so the characters are laid out before it sees them.
  const texts = array.data.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const width = Math.max(1, ...texts.map((points) => points.length));
  const body = new Uint32Array(texts.length * width);
  texts.forEach((points, index) => {
    body.set(points, index * width);
  });
  return npyjsDump(body, array.shape, `U${width}`);
}

function npyjsDump(data: NumericData, shape: readonly number[], code: string): Uint8Array {
  return new Uint8Array(dump(data as Float32Array, [...shape], { dtype: code as "f4" }));
}
