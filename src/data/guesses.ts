// The arrays beside the patterns: probe, object guess, coordinates, scan index and mask, each checked and narrowed.

import type { ComplexArray } from "../complex.ts";
import { InputError } from "../errors.ts";
import type { DatasetNote } from "./dataset.ts";
import { type NumericArray, toNumbers } from "./npy-array.ts";
import { isComplex, isInteger, type NumericType } from "./npy-dtype.ts";
import { dependenceNotes } from "./probe-independence.ts";

/** Where an array comes from, for errors and notes. */
export interface ArrayOrigin {
  readonly source: string;
  readonly field: string;
}

/** Throws DATA_DTYPE unless the array is complex; `shape` tells real and imaginary parts along a last axis of two. */
export function assertComplex(dtype: NumericType, origin: ArrayOrigin, shape: readonly number[] = []): void {
  if (isComplex(dtype)) return;
  const message = `${origin.field} must be complex dtype (complex64/complex128), got dtype=${dtype}`;
  throw new InputError("DATA_DTYPE", message, {
    ...origin,
    expected: "complex64 or complex128",
    got: dtype,
    remedy:
      shape.length > 2 && shape.at(-1) === 2
        ? `If the last axis holds real and imaginary part, save a[..., 0] + 1j * a[..., 1] as ${origin.field}`
        : `Save it again as ${origin.field}.astype('complex64')`,
  });
}

/**
 * Shape [mode, y, x] of a probe stored as (y, x), (mode, y, x), (y, x, 1) or (OPR mode, mode, y, x). `patternPx` decides
 * about a trailing 1. Throws DATA_RANK.
 */
export function probeShape(
  shape: readonly number[],
  patternPx: readonly [number, number] | null,
  origin: ArrayOrigin,
): { readonly shape: readonly [number, number, number]; readonly oprModes: number } {
  const [first, second, third, fourth] = shape as number[];
  if (shape.length === 2) return { shape: [1, first!, second!], oprModes: 1 };
  if (shape.length === 3) {
    const trailing = third === 1 && (patternPx === null || (first === patternPx[0] && second === patternPx[1]));
    return { shape: trailing ? [1, first!, second!] : [first!, second!, third!], oprModes: 1 };
  }
  if (shape.length === 4) return { shape: [second!, third!, fourth!], oprModes: first! };
  throw new InputError("DATA_RANK", "the probe has the wrong number of axes", {
    ...origin,
    expected: "(y, x), (mode, y, x) or (OPR mode, mode, y, x)",
    got: `(${shape.join(", ")})`,
  });
}

/** The probe as complex64 [mode, y, x]; throws DATA_PROBE when it is not finite or all zero. */
export function readProbe(
  array: NumericArray,
  shape: readonly [number, number, number],
  oprModes: number,
  origin: ArrayOrigin,
  notes: DatasetNote[],
): ComplexArray {
  const all = narrowComplex(array, origin, notes);
  const data = all.subarray(0, 2 * shape[0] * shape[1] * shape[2]);
  if (oprModes > 1) {
    const message = `${origin.field}: only the first of ${oprModes} OPR modes is used`;
    notes.push({ level: "warning", code: "PROBE_OPR_MODES", message });
  }
  const refuse = (message: string, got: string) =>
    new InputError("DATA_PROBE", message, {
      ...origin,
      expected: "a finite probe that is not zero",
      got,
      remedy: "Save a probe guess with the file",
    });
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw refuse("the probe holds NaN or infinite values", `the first at element ${Math.floor(bad / 2)}`);
  if (data.every((value) => value === 0)) throw refuse("the probe is all zero", "zeros");
  notes.push(...dependenceNotes(data, shape[0], origin.field));
  return { shape, data: data.slice() };
}

/** The object guess as complex64 [slice, y, x] from (y, x) or (slice, y, x); throws DATA_RANK or DATA_NONFINITE. */
export function readObject(array: NumericArray, origin: ArrayOrigin, notes: DatasetNote[]): ComplexArray {
  const shape = objectShape(array.shape, origin);
  const data = narrowComplex(array, origin, notes);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new InputError("DATA_NONFINITE", "the object guess holds NaN or infinite values", {
      ...origin,
      expected: "finite numbers",
      got: `the first at element ${Math.floor(bad / 2)}`,
      remedy: "Save an object guess of ones if none is known",
    });
  }
  return { shape, data };
}

/** Shape [slice, y, x] of an object stored as (y, x) or (slice, y, x). */
export function objectShape(shape: readonly number[], origin: ArrayOrigin): readonly [number, number, number] {
  const [first, second, third] = shape as number[];
  if (shape.length === 2) return [1, first!, second!];
  if (shape.length === 3) return [first!, second!, third!];
  throw new InputError("DATA_RANK", "the object guess has the wrong number of axes", {
    ...origin,
    expected: "(y, x) or (slice, y, x)",
    got: `(${shape.join(", ")})`,
  });
}

/** Scan indices as int32; throws DATA_DTYPE or NPY_INT_RANGE. */
export function readScanIndex(array: NumericArray, origin: ArrayOrigin): Int32Array {
  if (!isInteger(array.dtype)) {
    throw new InputError("DATA_DTYPE", `${origin.field} must be integer dtype, got dtype=${array.dtype}`, {
      ...origin,
      expected: "an integer type",
      got: array.dtype,
    });
  }
  const numbers = toNumbers(array, origin.source, origin.field);
  const bad = numbers.findIndex((value) => Math.abs(value) >= 2 ** 31);
  if (bad >= 0) {
    throw new InputError("NPY_INT_RANGE", "a scan index is too large", {
      ...origin,
      expected: "below 2^31",
      got: `${numbers[bad]} at element ${bad}`,
    });
  }
  return Int32Array.from(numbers);
}

function narrowComplex(array: NumericArray, origin: ArrayOrigin, notes: DatasetNote[]): Float32Array {
  if (array.data instanceof Float32Array) return array.data;
  const message = `${origin.field}: ${array.dtype} narrowed to complex64`;
  notes.push({ level: "info", code: "DATA_NARROWED", message });
  return Float32Array.from(array.data as Float64Array);
}
