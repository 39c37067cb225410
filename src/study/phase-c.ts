// Phase C: positions, patterns with photon noise, the split into train and test. Deterministic, and pattern j of a dose
// does not depend on which others are made.

import type { NumericArray, NumericData } from "../data/npy-array.ts";
import type { NumericType } from "../data/npy-dtype.ts";
import { numericArray, textScalar } from "../data/npy-encode.ts";
import { judgeGeometry } from "../data/scan-geometry.ts";
import { OptionsError } from "../errors.ts";
import { createGenerator } from "../schedule/random.ts";
import { drawPoisson, drawUniform, simulationPurpose } from "../simulate/random.ts";
import { checkBase, type StudyBase } from "./base.ts";
import { type StudySplit, splitFraction, wholePhotons } from "./design.ts";
import type { StudyMember } from "./members.ts";
import { describePhaseC } from "./phase-c-metadata.ts";
import { createStudyModel, type StudyModel } from "./study-model.ts";

export interface PhaseCSettings {
  /** Positions and noise: whole, 0 ... 2^32 - 1. */
  readonly seed: number;
  readonly positions: number;
  /** Adds the true patches, 8 N^2 bytes per pattern each: `ground_truth_patches` and `Y`. */
  readonly withPatches: boolean;
}

/** Everything that the doses have in common. */
export interface PhaseCPlan {
  readonly base: StudyBase;
  readonly settings: PhaseCSettings;
  readonly model: StudyModel;
  /** Distance that positions keep from the object's edge. */
  readonly bufferPx: number;
  /** [position, 2] (y, x). */
  readonly positionsPx: Float64Array;
  readonly splitPointPx: number;
  /** Positions of each split, ascending: train has y < split point. */
  readonly indices: Readonly<Record<StudySplit, Uint32Array>>;
  /** Mean over all positions of sum |O|^2 |P|^2. */
  readonly meanEnergy: number;
}

/** How a dose turns intensities into counts: expected counts = intensity * intensityScale^2. */
export interface DoseFacts {
  readonly dose: number;
  /** Mean photons per pattern. */
  readonly photons: number;
  readonly intensityScale: number;
  readonly noiseSeed: number;
}

/** Purposes of random streams besides `simulationPurpose`. Never renumber. */
export const studyPurpose = { noiseSeed: 200, subsample: 201, groups: 202 } as const;

/**
 * Plans Phase C. Throws InputError STUDY_BASE, OptionsError STUDY_SEED and, for splits that make no scan, DATA_GEOMETRY.
 */
export function planPhaseC(base: StudyBase, settings: PhaseCSettings): PhaseCPlan {
  checkBase(base);
  checkSeed(settings.seed);
  const { bufferPx, positionsPx } = drawPositions(base, settings);
  const { splitPointPx, indices } = splitPositions(positionsPx);
  const model = createStudyModel(base);
  for (const split of ["train", "test"] as const) {
    judgeGeometry(takePairs(positionsPx, indices[split]), model.patternPx, model.patternPx, `${split} split`);
  }
  let sum = 0;
  for (let j = 0; j < settings.positions; j++) sum += model.measureEnergy(positionsPx[2 * j]!, positionsPx[2 * j + 1]!);
  const meanEnergy = sum / settings.positions;
  return { base, settings, model, bufferPx, positionsPx, splitPointPx, indices, meanEnergy };
}

/** Scale and noise seed of a dose. Throws OptionsError STUDY_DOSE. */
export function describeDose(plan: PhaseCPlan, dose: number): DoseFacts {
  const photons = wholePhotons(dose);
  const noiseSeed = createGenerator(plan.settings.seed, studyPurpose.noiseSeed, photons).nextUint32();
  return { dose, photons, intensityScale: Math.sqrt(photons / plan.meanEnergy), noiseSeed };
}

/**
 * Members of `patched_<split>.npz`: diffraction float32 [n, N, N] amplitude = sqrt(counts) / intensityScale, zero
 * frequency at (N/2, N/2); positions float64 px; objectGuess and probeGuess complex64, the truth; `_metadata` as text.
 */
export function listPhaseCMembers(
  plan: PhaseCPlan,
  dose: number,
  split: StudySplit,
  packageVersion: string,
): StudyMember[] {
  const facts = describeDose(plan, dose);
  const { base, model, positionsPx, settings } = plan;
  const indices = plan.indices[split];
  const count = indices.length;
  const side = model.patternPx;
  const y = Float64Array.from(indices, (j) => positionsPx[2 * j]!);
  const x = Float64Array.from(indices, (j) => positionsPx[2 * j + 1]!);
  const pairs = Float64Array.from({ length: 2 * count }, (_, i) => (i & 1 ? y : x)[i >> 1]!);
  const whole = (name: string, dtype: NumericType, shape: readonly number[], data: NumericData): StudyMember => ({
    name,
    array: numericArray(dtype, shape, data) satisfies NumericArray,
  });
  const patches = (name: string, shape: readonly number[]): StudyMember => ({
    name,
    dtype: "complex64",
    shape,
    pieces: cutPatches(plan, indices),
  });
  return [
    whole("xcoords", "float64", [count], x),
    whole("ycoords", "float64", [count], y),
    whole("xcoords_start", "float64", [count], x),
    whole("ycoords_start", "float64", [count], y),
    {
      name: "diffraction",
      dtype: "float32",
      shape: [count, side, side],
      pieces: drawPatterns(plan, facts, indices),
    },
    whole("probeGuess", "complex64", base.probe.shape, base.probe.data),
    whole("objectGuess", "complex64", base.object.shape, base.object.data),
    whole("scan_index", "int64", [count], new BigInt64Array(count)),
    ...(settings.withPatches
      ? [patches("ground_truth_patches", [count, side, side, 1]), patches("Y", [count, side, side])]
      : []),
    // Groups of one image: the group's place is the image's (x, y), and the image lies at its group's place.
    whole("coords_start_offsets", "float64", [count, 1, 2, 1], pairs),
    whole("coords_start_relative", "float64", [count, 1, 2, 1], new Float64Array(2 * count)),
    { name: "_metadata", array: textScalar(JSON.stringify(describePhaseC(plan, facts, packageVersion))) },
  ];
}

/** Pairs [n, 2] of the given positions. */
export function takePairs(positionsPx: Float64Array, indices: Uint32Array): Float64Array {
  return Float64Array.from({ length: 2 * indices.length }, (_, i) => positionsPx[2 * indices[i >> 1]! + (i & 1)]!);
}

/** Uniform in [b, W - b) x [b, H - b): all x first, then all y, as the original draws them. */
function drawPositions({ object, probe }: StudyBase, { seed, positions }: PhaseCSettings) {
  const [rows, columns] = object.shape as [number, number];
  const bufferPx = Math.min(Math.floor(Math.max(...probe.shape) / 2), Math.min(rows, columns) / 2 - 1);
  const generator = createGenerator(seed, simulationPurpose.positions);
  const positionsPx = new Float64Array(2 * positions);
  for (const [axis, length] of [
    [1, columns],
    [0, rows],
  ] as const) {
    for (let j = 0; j < positions; j++) {
      positionsPx[2 * j + axis] = bufferPx + (length - 2 * bufferPx) * drawUniform(generator);
    }
  }
  return { bufferPx, positionsPx };
}

function splitPositions(positionsPx: Float64Array) {
  const y = positionsPx.filter((_, i) => (i & 1) === 0);
  const lowest = y.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const highest = y.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const splitPointPx = lowest + splitFraction * (highest - lowest);
  const all = Uint32Array.from(y, (_, j) => j);
  const indices = {
    train: all.filter((j) => y[j]! < splitPointPx),
    test: all.filter((j) => y[j]! >= splitPointPx),
  };
  return { splitPointPx, indices };
}

/** Amplitudes of one pattern after the other, in a buffer that is used again. */
function* drawPatterns(plan: PhaseCPlan, facts: DoseFacts, indices: Uint32Array): Generator<Float32Array> {
  const { model, positionsPx } = plan;
  const { intensityScale, noiseSeed } = facts;
  const intensity = new Float64Array(model.patternPx ** 2);
  const amplitude = new Float32Array(intensity.length);
  const countsPerUnit = intensityScale * intensityScale;
  for (const j of indices) {
    model.writeIntensity(positionsPx[2 * j]!, positionsPx[2 * j + 1]!, intensity);
    const generator = createGenerator(noiseSeed, simulationPurpose.photons, j);
    for (let i = 0; i < intensity.length; i++) {
      amplitude[i] = Math.sqrt(drawPoisson(generator, countsPerUnit * intensity[i]!)) / intensityScale;
    }
    yield amplitude;
  }
}

function* cutPatches({ model, positionsPx }: PhaseCPlan, indices: Uint32Array): Generator<Float32Array> {
  const patch = new Float32Array(2 * model.patternPx ** 2);
  for (const j of indices) {
    model.writePatch(positionsPx[2 * j]!, positionsPx[2 * j + 1]!, patch);
    yield patch;
  }
}

function checkSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new OptionsError("STUDY_SEED", "invalid seed", {
    field: "seed",
    expected: "a whole number 0 ... 4294967295",
    got: String(seed),
  });
}
