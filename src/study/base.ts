// True object and probe of the study: from a file, or a procedural stand-in of the same size and statistics.

import { type ComplexArray, complexView, complexZeros } from "../complex.ts";
import { InputError } from "../errors.ts";
import { cosSinOfTurns } from "../simulate/elementary.ts";
import { resolveSimulateOptions } from "../simulate/options.ts";
import { createProbe } from "../simulate/probe.ts";
import type { StudyScale } from "./design.ts";
import { paintStandIn } from "./stand-in-object.ts";

/** What a study is simulated from. */
export interface StudyBase {
  /** File name without its folder, or what stands in for a file. */
  readonly name: string;
  /** Of the file, lower-case hex; null for the stand-in. */
  readonly sha256: string | null;
  /** [y, x] */
  readonly object: ComplexArray;
  /** [N, N], N even. */
  readonly probe: ComplexArray;
}

export const standInName = "built-in stand-in";

/** Figures of the original study's object, and the intensity that its patterns add up to. */
const recorded = { amplitudeMean: 0.564, amplitudeSd: 0.046, phaseSdRad: 0.275, patternIntensity: 0.97 };
const standInSeed = 64;
/** Gives patterns about as bright at their peak and as wide as the recorded ones. */
const standInProbe = { pupil: 0.42, halo: 0.1 };

/**
 * Object of cells, stars, letters and bars down to single pixels with the original's amplitude mean and sd and phase sd,
 * mean phase 0; a defocused zone-plate probe some 0.3 N wide. The same for every seed, as a file would be.
 */
export function createStandInBase({ patternPx, objectPx }: Pick<StudyScale, "patternPx" | "objectPx">): StudyBase {
  const specimen = paintStandIn(objectPx, standInSeed);
  const thickness = standardize(specimen.thickness);
  const absorption = standardize(specimen.absorption);
  const object = complexZeros([objectPx, objectPx]);
  let squares = 0;
  for (let i = 0; i < thickness.length; i++) {
    const [cosine, sine] = cosSinOfTurns((recorded.phaseSdRad * thickness[i]!) / (2 * Math.PI));
    const amplitude = recorded.amplitudeMean - recorded.amplitudeSd * absorption[i]!;
    object.data[2 * i] = amplitude * cosine;
    object.data[2 * i + 1] = amplitude * sine;
    squares += amplitude * amplitude;
  }
  const { probe: options } = resolveSimulateOptions({ probe: { ...standInProbe, defocusPx2: 0.78 * patternPx } });
  const wave = createProbe(options, [patternPx, patternPx]);
  const factor = Math.sqrt((recorded.patternIntensity * thickness.length) / squares);
  const probe = complexView(
    wave.data.map((value) => factor * value),
    [patternPx, patternPx],
  );
  return { name: standInName, sha256: null, object, probe };
}

/** Throws InputError STUDY_BASE unless the probe is square and even and the object larger than it, all numbers finite. */
export function checkBase(base: StudyBase): void {
  const { name: source, object, probe } = base;
  const refuse = (field: string, message: string, expected: string, got: string) =>
    new InputError("STUDY_BASE", message, { source, field, expected, got });
  const [height, width] = probe.shape;
  if (probe.shape.length !== 2 || height !== width || height! % 2 !== 0 || height! < 4) {
    throw refuse("probeGuess", "the probe has an unfit shape", "(N, N), N even", `(${probe.shape.join(", ")})`);
  }
  if (object.shape.length !== 2 || !object.shape.every((length) => length > height!)) {
    const expected = `(rows, columns), both above ${height}`;
    throw refuse("objectGuess", "the object has an unfit shape", expected, `(${object.shape.join(", ")})`);
  }
  for (const [field, { data }] of [
    ["objectGuess", object],
    ["probeGuess", probe],
  ] as const) {
    if (!data.every(Number.isFinite)) throw refuse(field, "not all numbers are finite", "finite numbers", "NaN or Inf");
    if (!data.some((value) => value !== 0)) throw refuse(field, "all numbers are zero", "some light", "zeros");
  }
}

/** Numbers cut to 0 ... 1, then shifted and scaled to mean 0 and standard deviation 1. */
function standardize(values: Float64Array): Float64Array {
  const cut = values.map((value) => Math.min(1, Math.max(0, value)));
  let sum = 0;
  for (const value of cut) sum += value;
  const mean = sum / cut.length;
  let squares = 0;
  for (const value of cut) squares += (value - mean) * (value - mean);
  const sd = Math.sqrt(squares / cut.length);
  return cut.map((value) => (value - mean) / sd);
}
