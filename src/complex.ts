// Complex arrays: interleaved float32 pairs with a shape. Nothing here computes physics.

/** C-ordered complex64 array: `data` holds re, im pairs, 2 * product(shape) numbers. */
export interface ComplexArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A complex array of zeros. */
export function complexZeros(shape: readonly number[]): ComplexArray {
  return { shape, data: new Float32Array(2 * elementCount(shape)) };
}

/** Views interleaved pairs as a complex array; throws RangeError when the length does not fit the shape. */
export function complexView(data: Float32Array, shape: readonly number[]): ComplexArray {
  if (data.length !== 2 * elementCount(shape)) {
    throw new RangeError(
      `complex array of shape [${shape.join(", ")}] needs ${2 * elementCount(shape)} numbers, got ${data.length}`,
    );
  }
  return { shape, data };
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
