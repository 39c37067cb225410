// The valid-pixel mask: true = valid. From the file, from a file of its own, and from pixels that were not finite.

import { InputError } from "../errors.ts";
import type { DatasetNote } from "./dataset.ts";
import type { ArrayOrigin } from "./guesses.ts";
import { type NumericArray, toNumbers } from "./npy-array.ts";
import { isComplex } from "./npy-dtype.ts";
import { decodeNpy } from "./npz.ts";
import { gatherPattern, type OrientedPattern } from "./orientation.ts";

/** The array of a mask in a file of its own. Throws DATA_MASK for anything but a single .npy array. */
export function decodeMask(bytes: Uint8Array, origin: ArrayOrigin): NumericArray {
  const refuse = (message: string, got: string) =>
    new InputError("DATA_MASK", message, {
      ...origin,
      expected: "one .npy array of bool",
      got,
      remedy: 'Save the mask alone: numpy.save("mask.npy", valid), true = valid',
    });
  // PK: the first bytes of every ZIP archive
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) throw refuse("the mask is an archive", "an NPZ file");
  const array = decodeNpy(bytes, origin.source, origin.field);
  if (array.dtype === "str") throw refuse("the mask is text", "text");
  return array;
}

/**
 * A mask [y, x] in the file's orientation as 0/1, from any real type whose values are 0 or 1 (bool: any byte but 0 is true).
 * A leading axis of 1 is dropped. Throws DATA_MASK.
 */
export function readMask(
  array: NumericArray,
  storedPx: readonly [number, number],
  origin: ArrayOrigin,
  notes: DatasetNote[],
): Uint8Array {
  const refuse = (message: string, expected: string, got: string) =>
    new InputError("DATA_MASK", message, {
      ...origin,
      expected,
      got,
      remedy: "Save one mask for all patterns; true = valid",
    });
  const shape = array.shape.length === 3 && array.shape[0] === 1 ? array.shape.slice(1) : array.shape;
  if (shape.length !== 2 || shape[0] !== storedPx[0] || shape[1] !== storedPx[1]) {
    throw refuse("the mask does not fit the patterns", `shape (${storedPx.join(", ")})`, `(${array.shape.join(", ")})`);
  }
  if (isComplex(array.dtype)) throw refuse("the mask is complex", "bool", array.dtype);
  const numbers = toNumbers(array, origin.source, origin.field);
  const odd = numbers.find((value) => value !== 0 && value !== 1);
  if (odd !== undefined) throw refuse("the mask holds other values than 0 and 1", "bool", String(odd));
  const mask = Uint8Array.from(numbers);
  const valid = mask.reduce((sum, value) => sum + value, 0);
  if (valid === 0) throw refuse("the mask leaves no pixel valid", "true where a pixel is valid", "false everywhere");
  if (array.dtype !== "bool") {
    const message = `${origin.field}: ${array.dtype} read as bool (1 = valid)`;
    notes.push({ level: "info", code: "DATA_CONVERTED", message });
  }
  if (2 * valid < mask.length) {
    const message = `${origin.field}: only ${valid} of ${mask.length} pixels are valid; is it inverted? (true = valid)`;
    notes.push({ level: "warning", code: "DATA_MASK", message });
  }
  return mask;
}

/**
 * The mask of the oriented pattern, 1 = valid; null when every pixel is. `given` is [y, x] as in the file, `nonfinite` marks
 * pixels in storage order. Throws DATA_MASK when nothing is left.
 */
export function combineMasks(
  given: Uint8Array | null,
  nonfinite: Uint8Array | null,
  stored: OrientedPattern,
  oriented: OrientedPattern,
  origin: ArrayOrigin,
): Uint8Array | null {
  if (!given && !nonfinite) return null;
  const valid = new Uint8Array(stored.heightPx * stored.widthPx).fill(1);
  if (given) {
    // The file's mask is row by row; storage order may be column by column.
    const { rowStride, columnStride } = stored.layout;
    for (let y = 0; y < stored.heightPx; y++) {
      for (let x = 0; x < stored.widthPx; x++) valid[y * rowStride + x * columnStride] = given[y * stored.widthPx + x]!;
    }
  }
  if (nonfinite) {
    for (let pixel = 0; pixel < valid.length; pixel++) if (nonfinite[pixel] !== 0) valid[pixel] = 0;
  }
  const left = valid.reduce((sum, value) => sum + value, 0);
  if (left === 0) {
    throw new InputError("DATA_MASK", "no valid pixel is left", { ...origin, expected: "at least one", got: "none" });
  }
  return left === valid.length ? null : gatherPattern(valid, oriented);
}
