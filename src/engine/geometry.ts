// Where patterns lie on the canvas: origin, integer starts, sub-pixel fractions, region of interest
// (conventions.md section 5). Computed in float32 as pty-chi does.

/** Rounds halves to even, as NumPy, torch and WGSL do; Math.round does not. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest < 0.5) return low;
  if (rest > 0.5) return low + 1;
  return low % 2 === 0 ? low : low + 1;
}

export type OriginRule = "support" | "positions";
export type HalfPixelRule = "ptychi" | "ptychi-before-2.1";

/** Origin (y, x) that is added to the positions; [position, 2] `positionsPx` are used by the rule "positions" only. */
export function computeOrigin(
  rule: OriginRule,
  halfPixel: HalfPixelRule,
  canvasShape: readonly [number, number],
  positionsPx: ArrayLike<number>,
): [number, number] {
  const half = halfPixel === "ptychi" ? -0.5 : 0.5;
  return [0, 1].map((axis) => {
    const length = canvasShape[axis]!;
    if (rule === "support") return roundHalfEven(length / 2) + half;
    const [smallest, largest] = axisRange(positionsPx, axis).map(Math.fround) as [number, number];
    return roundHalfEven(length / 2 - (largest + smallest) / 2) + half;
  }) as [number, number];
}

/** Smallest and largest coordinate along an axis (0 = y, 1 = x). */
export function axisRange(positionsPx: ArrayLike<number>, axis: number): [number, number] {
  let smallest = Infinity;
  let largest = -Infinity;
  for (let index = axis; index < positionsPx.length; index += 2) {
    const value = positionsPx[index]!;
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  return [smallest, largest];
}

/** Placement of every pattern: [position, 2] start row and column, and fraction in [-0.5, 0.5]. */
export interface Placement {
  readonly startIndicesPx: Int32Array;
  readonly fractionsPx: Float32Array;
}

/** Integer starts and fractions of centred positions [position, 2] for patterns of `frame` (h, w) pixels. */
export function placePatterns(
  positionsPx: ArrayLike<number>,
  originPx: readonly [number, number],
  frame: readonly [number, number],
): Placement {
  const startIndicesPx = new Int32Array(positionsPx.length);
  const fractionsPx = new Float32Array(positionsPx.length);
  for (let index = 0; index < positionsPx.length; index++) {
    const axis = index % 2;
    const position = Math.fround(positionsPx[index]!);
    const whole = roundHalfEven(position);
    startIndicesPx[index] = roundHalfEven(whole + originPx[axis]! - (frame[axis]! - 1) / 2);
    fractionsPx[index] = position - whole;
  }
  return { startIndicesPx, fractionsPx };
}

/** Box of canvas rows and columns spanned by the positions, ends excluded; null when it is empty. */
export interface RegionOfInterest {
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
}

/** Region of interest of pty-chi (build_roi_bounding_box), clipped to the canvas. */
export function findRegion(
  positionsPx: ArrayLike<number>,
  originPx: readonly [number, number],
  canvasShape: readonly [number, number],
): RegionOfInterest | null {
  const [top, bottom, left, right] = [0, 1].flatMap((axis) => {
    const [smallest, largest] = axisRange(positionsPx, axis).map(Math.fround) as [number, number];
    const length = canvasShape[axis]!;
    const clip = (value: number) => Math.min(length, Math.max(0, Math.trunc(Math.fround(value + originPx[axis]!))));
    return [clip(smallest), clip(largest)];
  }) as [number, number, number, number];
  if (bottom <= top || right <= left) return null;
  return { top, left, rows: bottom - top, columns: right - left };
}
