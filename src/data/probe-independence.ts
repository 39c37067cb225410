// Whether the incoherent modes of a probe differ: copies of one mode share all their updates and stay copies.

import type { DatasetNote } from "./dataset.ts";

/** What is left of a mode without the earlier ones, as a share of its energy, below which it counts as their mixture. */
const leastResidual = 1e-6;

/**
 * Indices of modes that are zero or a mixture of earlier ones, by Gram-Schmidt in float64. `data` [mode, y, x] as re, im
 * pairs.
 */
export function findDependentModes(data: Float32Array, modeCount: number): number[] {
  const frame = data.length / modeCount;
  const basis: Float64Array[] = [];
  const dependent: number[] = [];
  for (let mode = 0; mode < modeCount; mode++) {
    const rest = Float64Array.from(data.subarray(mode * frame, (mode + 1) * frame));
    const energy = energyOf(rest);
    for (const unit of basis) subtractProjection(rest, unit);
    const left = energyOf(rest);
    if (left <= leastResidual * energy) {
      dependent.push(mode);
      continue;
    }
    const norm = Math.sqrt(left);
    basis.push(rest.map((value) => value / norm));
  }
  return dependent;
}

/** A warning that names them, counted from 1. */
export function dependenceNotes(data: Float32Array, modeCount: number, field: string): DatasetNote[] {
  const dependent = modeCount > 1 ? findDependentModes(data, modeCount) : [];
  if (dependent.length === 0) return [];
  const names = dependent.map((mode) => mode + 1).join(", ");
  const [modes, are, them] = dependent.length > 1 ? ["modes", "are", "them"] : ["mode", "is", "it"];
  const message =
    `${field}: ${modes} ${names} of ${modeCount} ${are} zero or a mixture of the modes before, ` +
    `so orthogonalisation leaves no light in ${them}: save modes that differ, or one mode and pass --probe-modes`;
  return [{ level: "warning", code: "PROBE_MODES_DEPENDENT", message }];
}

function energyOf(wave: Float64Array): number {
  return wave.reduce((sum, value) => sum + value * value, 0);
}

/** wave -= unit <unit, wave> */
function subtractProjection(wave: Float64Array, unit: Float64Array): void {
  let [re, im] = [0, 0];
  for (let at = 0; at < wave.length; at += 2) {
    re += unit[at]! * wave[at]! + unit[at + 1]! * wave[at + 1]!;
    im += unit[at]! * wave[at + 1]! - unit[at + 1]! * wave[at]!;
  }
  for (let at = 0; at < wave.length; at += 2) {
    wave[at]! -= re * unit[at]! - im * unit[at + 1]!;
    wave[at + 1]! -= re * unit[at + 1]! + im * unit[at]!;
  }
}
