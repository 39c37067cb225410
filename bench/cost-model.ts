// Bytes and operations by model (performance.md sections 1.3 and 3.3), u = 8 N^2 bytes: one complex plane of a pattern.

/** Bytes of a complex plane of N x N numbers: the unit u. */
export function planeBytes(size: number): number {
  return 8 * size * size;
}

/** Least bytes of a 2-D transform in two passes: rows read and written, columns read and written. */
export function fftBytes(size: number): number {
  return 4 * planeBytes(size);
}

/** Operations of a complex 2-D transform as they are usually counted: 5 n log2 n per axis. */
export function fftFlops(size: number): number {
  return 10 * size * size * Math.log2(size);
}
