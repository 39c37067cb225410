// A whole simulated scan: object, probe, positions, patterns with photon noise. Deterministic: same options, seed and
// inputs, same bytes on every machine.

import { type ComplexArray, complexView, elementCount } from "../complex.ts";
import { roundHalfEven } from "../engine/geometry.ts";
import { OptionsError } from "../errors.ts";
import { createGenerator } from "../schedule/random.ts";
import { createForwardModel } from "./forward-model.ts";
import { createObjectFromImage, createProceduralObject, type GreyImage } from "./object.ts";
import { resolveSimulateOptions, type SimulateOptions, type SimulateOptionsInput } from "./options.ts";
import { createPositions, planField } from "./positions.ts";
import { createProbe, energyOf, perturbProbe } from "./probe.ts";
import { drawPoisson, simulationPurpose } from "./random.ts";

/** Things that a caller brings instead of having them generated. */
export interface SimulateInputs {
  /** True object [y, x] as it is. */
  readonly object?: ComplexArray;
  /** Grey image that becomes the true object through `object.phaseRangeRad` and `object.amplitudeRange`. */
  readonly image?: GreyImage;
  /** True probe [mode, y, x] or [y, x] of the pattern's shape; scaled to energy 1. */
  readonly probe?: ComplexArray;
  /** Positions [position, 2] (y, x) in object pixels; replace the scan pattern. */
  readonly positionsPx?: Float64Array;
}

/** A scan whose truth is known. Arrays are C-ordered, coordinates (y, x). */
export interface SimulatedScan {
  readonly options: SimulateOptions;
  readonly seed: number;
  /** Which of the inputs were given. */
  readonly givenInputs: readonly string[];
  /** [position, y, x] amplitude, zero frequency at (h//2, w//2). */
  readonly diffraction: Float32Array;
  readonly patternShapePx: readonly [number, number];
  /** diffraction^2 * countsPerUnitIntensity = photon counts. */
  readonly countsPerUnitIntensity: number;
  /** [position, 2]: object pixel under pattern index (h//2, w//2). */
  readonly positionsPx: Float64Array;
  /** [y, x] true object. */
  readonly object: ComplexArray;
  /** [mode, y, x] true probe: sum over the detector of |FFT(P O)|^2 / (h w) is the expected diffraction^2. */
  readonly probe: ComplexArray;
  /** [mode, y, x] what a reconstruction may start from. */
  readonly probeGuess: ComplexArray;
}

/**
 * Simulates a scan. `seed` is a whole number 0 ... 2^32 - 1. Throws OptionsError for options out of bounds, inputs of
 * the wrong shape and positions whose pattern would leave the object.
 */
export function simulateScan(
  optionsInput: SimulateOptionsInput = {},
  seed = 0,
  inputs: SimulateInputs = {},
): SimulatedScan {
  const options = resolveSimulateOptions(optionsInput);
  checkSeed(seed);
  const { patternShapePx } = options;
  const object = prepareObject(options, seed, inputs);
  const truth = inputs.probe ? checkProbe(inputs.probe, patternShapePx) : createProbe(options.probe, patternShapePx);
  const positionsPx = preparePositions(options, seed, inputs, object);
  checkPositions(positionsPx, object, patternShapePx);

  const diffraction = new Float32Array((positionsPx.length / 2) * elementCount(patternShapePx));
  const meanIntensity = writeIntensities(diffraction, object, truth, positionsPx, patternShapePx);
  // A truth of energy 1 makes data of the scale "study"; the others multiply probe and amplitudes by the same factor.
  const intensityFactor = chooseIntensityFactor(options, meanIntensity);
  const countsPerUnit = options.photonsPerPattern / meanIntensity;
  writeAmplitudes(diffraction, countsPerUnit, countsPerUnit / intensityFactor, options, seed);

  const probeScale = Math.sqrt(intensityFactor);
  const guess = options.probeGuess.kind === "truth" ? truth : perturbProbe(truth, options.probeGuess);
  return {
    options,
    seed,
    givenInputs: Object.keys(inputs).sort(),
    diffraction,
    patternShapePx,
    countsPerUnitIntensity: countsPerUnit / intensityFactor,
    positionsPx,
    object,
    probe: scaleComplex(truth, probeScale),
    probeGuess: scaleComplex(guess, probeScale),
  };
}

function prepareObject(options: SimulateOptions, seed: number, inputs: SimulateInputs): ComplexArray {
  if (inputs.object && inputs.image) {
    throw new OptionsError("SIMULATE_INPUTS", "both an object and an image were given", { remedy: "Give one of them" });
  }
  if (inputs.image) return createObjectFromImage(options.object, inputs.image);
  if (inputs.object) {
    if (inputs.object.shape.length === 2) return inputs.object;
    throw shapeError("object", "two axes [y, x]", inputs.object.shape);
  }
  const { fieldPx, stepPx } = planField(options.scan);
  const reachPx = 2 * options.scan.jitter * stepPx;
  const autoShape = fieldPx.map(
    (length, axis) => Math.ceil(length + reachPx) + options.patternShapePx[axis]! + 2 * options.object.marginPx + 2,
  ) as [number, number];
  return createProceduralObject(options.object, options.object.shapePx ?? autoShape, fieldPx, seed);
}

function preparePositions(
  options: SimulateOptions,
  seed: number,
  inputs: SimulateInputs,
  object: ComplexArray,
): Float64Array {
  if (!inputs.positionsPx) {
    const [heightPx, widthPx] = object.shape as [number, number];
    return createPositions(
      options.scan,
      [heightPx / 2, widthPx / 2],
      createGenerator(seed, simulationPurpose.positions),
    );
  }
  if (inputs.positionsPx.length >= 2 && inputs.positionsPx.length % 2 === 0) return inputs.positionsPx;
  throw new OptionsError("SIMULATE_INPUTS", "positions must be (y, x) pairs", {
    field: "positionsPx",
    got: `${inputs.positionsPx.length} numbers`,
  });
}

function checkSeed(seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new OptionsError("SIMULATE_SEED", "invalid seed", {
    field: "seed",
    expected: "a whole number 0 ... 4294967295",
    got: String(seed),
  });
}

function checkProbe(probe: ComplexArray, patternShapePx: readonly [number, number]): ComplexArray {
  const shape = probe.shape.length === 2 ? [1, ...probe.shape] : probe.shape;
  if (shape.length !== 3 || shape[1] !== patternShapePx[0] || shape[2] !== patternShapePx[1]) {
    throw shapeError("probe", `[mode, ${patternShapePx.join(", ")}]`, probe.shape);
  }
  const energy = energyOf(probe.data);
  if (!(energy > 0 && Number.isFinite(energy))) {
    throw new OptionsError("SIMULATE_INPUTS", "the probe has no finite energy", { field: "probe", got: `${energy}` });
  }
  return scaleComplex(complexView(probe.data, shape), 1 / Math.sqrt(energy));
}

function checkPositions(positionsPx: Float64Array, object: ComplexArray, patternShapePx: readonly [number, number]) {
  for (let i = 0; i < positionsPx.length; i++) {
    const patternPx = patternShapePx[i & 1]!;
    const objectPx = object.shape[i & 1]!;
    const start = roundHalfEven(positionsPx[i]!) - (patternPx >> 1);
    if (start >= 0 && start + patternPx <= objectPx) continue;
    const first = patternPx >> 1;
    throw new OptionsError("SIMULATE_FIELD", `position ${i >> 1} has part of its pattern outside the object`, {
      field: i & 1 ? "x" : "y",
      expected: `${first} ... ${objectPx - patternPx + first} px`,
      got: `${positionsPx[i]} px`,
      remedy: "Use a larger object, a smaller field or fewer positions",
    });
  }
}

/** Fills in expected intensities; returns their mean sum per pattern. */
function writeIntensities(
  diffraction: Float32Array,
  object: ComplexArray,
  probe: ComplexArray,
  positionsPx: Float64Array,
  patternShapePx: readonly [number, number],
): number {
  const model = createForwardModel(object, probe);
  const patternSize = elementCount(patternShapePx);
  const positions = positionsPx.length / 2;
  let sum = 0;
  for (let j = 0; j < positions; j++) {
    sum += model.writeIntensity(positionsPx[2 * j]!, positionsPx[2 * j + 1]!, diffraction, j * patternSize);
  }
  if (sum > 0 && Number.isFinite(sum)) return sum / positions;
  throw new OptionsError("SIMULATE_DARK", "no light reaches the detector", {
    got: `mean intensity ${sum / positions}`,
  });
}

/** What the intensities of a probe of energy 1 are multiplied by to have the wanted scale. */
function chooseIntensityFactor(options: SimulateOptions, meanIntensity: number): number {
  switch (options.scale) {
    case "study":
      return 1;
    case "unit":
      return elementCount(options.patternShapePx) / meanIntensity;
    case "counts":
      return options.photonsPerPattern / meanIntensity;
    default:
      return options.scale satisfies never;
  }
}

/** Intensities of a probe of energy 1 become photon counts and then amplitudes sqrt(counts / storedCounts), in place. */
function writeAmplitudes(
  diffraction: Float32Array,
  countsPerUnit: number,
  storedCounts: number,
  options: SimulateOptions,
  seed: number,
): void {
  const patternSize = elementCount(options.patternShapePx);
  const divisor = Math.sqrt(storedCounts);
  for (let start = 0; start < diffraction.length; start += patternSize) {
    // A stream per pattern: pattern j does not depend on how many numbers the earlier ones drew.
    const generator = createGenerator(seed, simulationPurpose.photons, start / patternSize);
    for (let i = start; i < start + patternSize; i++) {
      const expected = countsPerUnit * diffraction[i]!;
      const counts = options.noise ? drawPoisson(generator, expected) : expected;
      diffraction[i] = Math.sqrt(counts) / divisor;
    }
  }
}

function scaleComplex(array: ComplexArray, factor: number): ComplexArray {
  return factor === 1
    ? array
    : complexView(
        array.data.map((value) => factor * value),
        array.shape,
      );
}

function shapeError(field: string, expected: string, shape: readonly number[]): OptionsError {
  return new OptionsError("SIMULATE_INPUTS", "wrong shape", { field, expected, got: `[${shape.join(", ")}]` });
}
