// Whether two engines computed the same thing: without that no ratio means anything.

import { largest, relativeDifference, relativeError } from "./golden-compare.ts";

/** State of an engine after some epochs: complex pairs [y, x] and [mode, y, x], and the loss of every epoch. */
export interface EngineState {
  readonly object: ArrayLike<number>;
  readonly probe: ArrayLike<number>;
  readonly loss: readonly number[];
}

export interface GateValue {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
}

/** After the first three epochs from a structured start: as the golden files ask. */
export const EARLY_LIMIT = 1e-4;
/** Of objects after the run, global phase removed. */
export const FINAL_LIMIT = 1e-3;
/** Of every epoch's loss over the run. */
export const LOSS_CURVE_LIMIT = 1e-2;

/** Where less than this happened to the object between the ends of epochs 0 and 2, agreement would say nothing. */
export const LEAST_MOVEMENT = 1e-3;

/** Relative distance of two objects. */
export function measureMovement(from: ArrayLike<number>, to: ArrayLike<number>, weights: ArrayLike<number>): number {
  return relativeError(to, from, weights);
}

/** Same start, same schedule: nothing has to be removed. `weights` [y, x] of the object. */
export function gateEarly(ours: EngineState, theirs: EngineState, weights: ArrayLike<number>): GateValue[] {
  return [
    { name: "object", value: relativeError(ours.object, theirs.object, weights), limit: EARLY_LIMIT },
    { name: "probe", value: relativeError(ours.probe, theirs.probe), limit: EARLY_LIMIT },
    { name: "loss", value: largestLossDifference(ours.loss, theirs.loss), limit: EARLY_LIMIT },
  ];
}

export function gateFinal(ours: EngineState, theirs: EngineState, weights: ArrayLike<number>): GateValue[] {
  return [
    { name: "object", value: alignedError(ours.object, theirs.object, weights), limit: FINAL_LIMIT },
    { name: "loss", value: largestLossDifference(ours.loss, theirs.loss), limit: LOSS_CURVE_LIMIT },
  ];
}

/** True when every value is within its limit, and there is one; NaN never is. */
export function passesGate(values: readonly GateValue[]): boolean {
  return values.length > 0 && values.every(({ value, limit }) => value <= limit);
}

/** Weighted relative L2 error of complex pairs after the best global phase factor on `actual`. */
export function alignedError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  weights: ArrayLike<number>,
): number {
  if (actual.length !== expected.length) return NaN;
  let [re, im] = [0, 0];
  for (let index = 0; index < actual.length; index += 2) {
    const weight = weights[(index >> 1) % weights.length]!;
    const [a, b, c, d] = [actual[index]!, actual[index + 1]!, expected[index]!, expected[index + 1]!];
    if (weight === 0) continue;
    re += weight * (a * c + b * d);
    im += weight * (a * d - b * c);
  }
  const modulus = Math.hypot(re, im);
  const [cosine, sine] = modulus === 0 ? [1, 0] : [re / modulus, im / modulus];
  const turned = Float64Array.from({ length: actual.length }, (_, index) =>
    index % 2 === 0
      ? actual[index]! * cosine - actual[index + 1]! * sine
      : actual[index]! * cosine + actual[index - 1]! * sine,
  );
  return relativeError(turned, expected, weights);
}

function largestLossDifference(ours: readonly number[], theirs: readonly number[]): number {
  if (ours.length !== theirs.length || ours.length === 0) return NaN;
  return largest(ours.map((loss, epoch) => relativeDifference(loss, theirs[epoch]!)));
}
