// LSQML in float64 from the specification alone (lsqml.md sections 2 to 5): one slice, incoherent modes, RANDOM and
// UNIFORM batches. Every direction is formed as written there: no fused transforms, no tiles, no slices.

import type { LsqmlProblem } from "../../src/engine/problem.ts";
import {
  ambiguityNorm,
  orthogonalizeGramSchmidt,
  orthogonalizeSvd,
  powerFactor,
  scalePlanes,
  sortModes,
} from "./constraints.ts";
import {
  gaussianFactor,
  listConstrainingPixels,
  modelIntensity,
  moveZeroFrequency,
  poissonFactor,
  readIntensities,
  solvePoissonSteps,
  sumLoss,
} from "./detector.ts";
import { listRegionPixels, placeAll, placePatch, type ReferencePlacement, readPatch } from "./placement.ts";
import {
  addScaled,
  multiplyConjugatePlanes,
  multiplyPlanes,
  type Plane,
  type Shape,
  shiftPlane,
  transformBack,
  transformForward,
} from "./planes.ts";
import { solveSteps, trimmedMean } from "./step-sizes.ts";

export interface ReferenceRun {
  /** [y, x] on the canvas. */
  readonly object: Plane;
  /** [mode] of [y, x]. */
  readonly probe: readonly Plane[];
  /** [epoch][minibatch]. */
  readonly minibatchLoss: number[][];
  /** [epoch] */
  readonly loss: number[];
  /** [pattern] of the last epoch; 1 where a pattern took no part. */
  readonly objectSteps: Float64Array;
  readonly probeSteps: Float64Array;
  /** [pattern] exit-wave steps of the Poisson model. */
  readonly farSteps: Float64Array;
  /** [y, x] illumination map. */
  readonly illumination: Float64Array;
}

/** Runs `epochs` epochs. `afterEpoch` sees the state at the end of each. */
export async function runReference(
  problem: LsqmlProblem,
  epochs: number,
  afterEpoch: (epoch: number, run: ReferenceRun) => void = () => {},
): Promise<ReferenceRun> {
  const reconstruction = new ReferenceReconstruction(problem, await readIntensities(problem.patterns));
  for (let epoch = 0; epoch < epochs; epoch++) {
    reconstruction.runEpoch(epoch);
    afterEpoch(epoch, reconstruction);
  }
  return reconstruction;
}

/** One pattern of a minibatch on its way through the model. */
interface Forward {
  readonly pattern: number;
  readonly place: ReferencePlacement;
  /** Probe modes as they meet the object: mode 0 shifted. */
  readonly probe: readonly Plane[];
  readonly object: Plane;
  readonly exit: readonly Plane[];
  readonly detector: readonly Plane[];
  readonly model: Float64Array;
}

class ReferenceReconstruction implements ReferenceRun {
  readonly object: Plane;
  probe: Plane[];
  readonly minibatchLoss: number[][] = [];
  readonly loss: number[] = [];
  readonly objectSteps: Float64Array;
  readonly probeSteps: Float64Array;
  readonly farSteps: Float64Array;
  illumination: Float64Array = new Float64Array(0);
  readonly #problem: LsqmlProblem;
  readonly #intensities: readonly Float64Array[];
  readonly #valid: readonly number[] | null;
  readonly #frame: Shape;
  readonly #canvas: Shape;
  readonly #places: readonly ReferencePlacement[];
  readonly #region: readonly number[];

  constructor(problem: LsqmlProblem, intensities: readonly Float64Array[]) {
    const [, modeCount, height, width] = problem.probe.shape as [number, number, number, number];
    const [, rows, columns] = problem.object.shape as [number, number, number];
    this.#problem = problem;
    this.#intensities = intensities;
    this.#valid = problem.mask ? moveZeroFrequency(problem.mask, height, width) : null;
    this.#frame = [height, width];
    this.#canvas = [rows, columns];
    this.#places = placeAll(problem.positionsPx, problem.originPx, this.#frame);
    this.#region = listRegionPixels(problem.positionsPx, problem.originPx, this.#canvas);
    this.object = Float64Array.from(problem.object.data);
    const plane = 2 * height * width;
    this.probe = Array.from({ length: modeCount }, (_, m) =>
      Float64Array.from(problem.probe.data.subarray(m * plane, (m + 1) * plane)),
    );
    this.objectSteps = new Float64Array(intensities.length).fill(1);
    this.probeSteps = new Float64Array(intensities.length).fill(1);
    this.farSteps = new Float64Array(intensities.length).fill(0.5);
  }

  runEpoch(epoch: number): void {
    const { options, plan } = this.#problem;
    this.#updateIllumination(epoch);
    const measureOnly = epoch === 0 && options.rescaleProbeInFirstEpoch;
    if (!measureOnly) {
      this.objectSteps.fill(1);
      this.probeSteps.fill(1);
    }
    const losses: number[] = [];
    let measured = 0;
    let modelled = 0;
    for (const indices of plan.minibatches(epoch)) {
      const forward = Array.from(indices, (pattern) => this.#propagate(pattern));
      let total = 0;
      for (const { pattern, model } of forward) {
        total += sumLoss(model, this.#intensities[pattern]!, options);
        measured += sum(this.#intensities[pattern]!);
        modelled += sum(model);
      }
      losses.push(total / (indices.length * this.#frame[0] * this.#frame[1]));
      if (!measureOnly) this.#updateFrom(forward, epoch);
    }
    this.minibatchLoss.push(losses);
    this.loss.push(sum(losses) / losses.length);
    if (measureOnly) scalePlanes(this.probe, Math.sqrt(measured / modelled));
    this.#constrain(epoch);
  }

  /** Section 2.1. */
  #updateIllumination(epoch: number): void {
    const { options } = this.#problem;
    const since = epoch - options.probe.plan.start;
    const absent = this.illumination.length === 0;
    if (!absent && !(since > 0 && (since < 10 || since % 10 === 0))) return;
    const map = new Float64Array(this.#canvas[0] * this.#canvas[1]);
    const light = modelIntensity(options.object.preconditionerFromAllModes ? this.probe : [this.probe[0]!]);
    for (const { start } of this.#places) placePatch(map, this.#canvas, start, light, this.#frame, 1);
    const strongest = Math.max(...this.#intensities.map(sum));
    const kappa = strongest / (4 * (this.#frame[0] * this.#frame[1]) ** 2);
    const before = absent ? map.map((value) => value * kappa) : this.illumination;
    this.illumination = before.map((value, pixel) => (value + map[pixel]!) / 2);
  }

  /** Step 1. */
  #propagate(pattern: number): Forward {
    const place = this.#places[pattern]!;
    const probe = this.probe.map((mode, m) => (m === 0 ? shiftPlane(mode, this.#frame, place.fraction) : mode));
    const object = readPatch(this.object, this.#canvas, place.start, this.#frame);
    const exit = probe.map((mode) => multiplyPlanes(mode, object));
    const detector = exit.map((wave) => transformForward(wave, this.#frame));
    return { pattern, place, probe, object, exit, detector, model: modelIntensity(detector) };
  }

  /** Steps 4 and 5: chi = F^-1{Psi'} - psi, [position][mode]. */
  #residuals(forward: readonly Forward[]): Plane[][] {
    const { options } = this.#problem;
    const measured = forward.map(({ pattern }) => this.#intensities[pattern]!);
    const used = measured.map((data) => listConstrainingPixels(data, this.#valid, options));
    const poisson = options.noiseModel === "poisson";
    if (poisson) {
      const previous = forward.map(({ pattern }) => this.farSteps[pattern]!);
      const models = forward.map(({ model }) => model);
      const steps = solvePoissonSteps(previous, models, measured, used);
      for (const [j, { pattern }] of forward.entries()) this.farSteps[pattern] = steps[j]!;
    }
    return forward.map(({ pattern, model, detector, exit }, j) => {
      const factor = poisson
        ? poissonFactor(model, measured[j]!, used[j]!, this.farSteps[pattern]!)
        : gaussianFactor(model, measured[j]!, used[j]!, options.gaussianNoiseStd);
      return detector.map((wave, m) => {
        const corrected = wave.map((value, k) => value * (1 + factor[Math.floor(k / 2)]!));
        const residual = transformBack(corrected, this.#frame);
        addScaled(residual, -1, exit[m]!);
        return residual;
      });
    });
  }

  /** Steps 4 to 12. */
  #updateFrom(forward: readonly Forward[], epoch: number): void {
    const { options } = this.#problem;
    const modeCount = this.probe.length;
    const chi = this.#residuals(forward);
    const { all, first } = this.#objectDirections(forward, chi);
    const probeDirection = this.#probeDirections(forward, chi);
    const firstOnly = options.stepSizesFromFirstModeOnly;
    const modes = <T>(planes: readonly T[]) => (firstOnly ? planes.slice(0, 1) : planes);
    const steps = solveSteps(
      forward.map(({ place, probe, object }, j) => ({
        chi: modes(chi[j]!),
        probe: modes(probe),
        object,
        objectDirection: readPatch(firstOnly ? first : all, this.#canvas, place.start, this.#frame),
        probeDirection: modes(probeDirection),
      })),
      options.solveStepSizesJointly,
    );
    const objectScale = options.object.optimalStepSizeScaler / (options.object.multimodalUpdate ? modeCount : 1);
    const objectSteps = steps.object.map((step) => step * objectScale);
    const probeSteps = steps.probe.map((step) => step * options.probe.optimalStepSizeScaler);
    for (const [j, { pattern }] of forward.entries()) {
      this.objectSteps[pattern] = objectSteps[j]!;
      this.probeSteps[pattern] = probeSteps[j]!;
    }
    if (options.object.optimize && isActive(options.object.plan, epoch))
      addScaled(this.object, options.object.stepSize * trimmedMean(objectSteps), all);
    if (options.probe.optimize && isActive(options.probe.plan, epoch)) {
      const step = (options.probe.stepSize * sum(probeSteps)) / probeSteps.length;
      for (const [m, mode] of this.probe.entries()) addScaled(mode, step, probeDirection[m]!);
    }
  }

  /** Step 6: preconditioned directions of all modes and of mode 0, on the canvas. */
  #objectDirections(forward: readonly Forward[], chi: readonly Plane[][]): { all: Plane; first: Plane } {
    const { options } = this.#problem;
    const all = new Float64Array(this.object.length);
    const first = new Float64Array(this.object.length);
    for (const [j, { place, probe }] of forward.entries()) {
      for (const [m, wave] of chi[j]!.entries()) {
        const update = multiplyConjugatePlanes(wave, probe[m]!);
        placePatch(all, this.#canvas, place.start, update, this.#frame, 2);
        if (m === 0) placePatch(first, this.#canvas, place.start, update, this.#frame, 2);
      }
    }
    const largest = Math.max(...this.illumination);
    const precondition = (gradient: Plane) =>
      gradient.map((value, k) => {
        const light = this.illumination[Math.floor(k / 2)]!;
        return value / Math.sqrt(light ** 2 + (options.preconditionerDamping * largest) ** 2);
      });
    const direction = { all: precondition(all), first: precondition(first) };
    return options.object.multimodalUpdate ? direction : { all: direction.first, first: direction.first };
  }

  /** Step 7: mean over the minibatch, mode 0 shifted back. */
  #probeDirections(forward: readonly Forward[], chi: readonly Plane[][]): Plane[] {
    return this.probe.map((mode, m) => {
      const mean = new Float64Array(mode.length);
      for (const [j, { place, object }] of forward.entries()) {
        const update = multiplyConjugatePlanes(chi[j]![m]!, object);
        const [y, x] = place.fraction;
        addScaled(mean, 1 / forward.length, m === 0 ? shiftPlane(update, this.#frame, [-y, -x]) : update);
      }
      return mean;
    });
  }

  /** The common list, in its order. */
  #constrain(epoch: number): void {
    const { object, probe } = this.#problem.options;
    if (probe.power.enabled && isActive(probe.power.plan, epoch)) {
      const { target } = probe.power;
      const power = target === "median-total-intensity" ? median(this.#intensities.map(sum)) : target;
      const factor = powerFactor(this.probe, power);
      scalePlanes(this.probe, factor);
      if (probe.power.scaleObject) scalePlanes([this.object], 1 / factor);
    }
    const { enabled, method, sortByOccupancy, plan } = probe.orthogonalizeModes;
    if (this.probe.length > 1 && enabled && isActive(plan, epoch)) {
      const ordered = sortByOccupancy ? sortModes(this.probe) : this.probe;
      this.probe = method === "svd" ? orthogonalizeSvd(ordered) : orthogonalizeGramSchmidt(ordered);
    }
    const ambiguity = object.removeObjectProbeAmbiguity;
    if (ambiguity.enabled && isActive(ambiguity.plan, epoch)) {
      const norm = ambiguityNorm(this.object, this.illumination, this.#region);
      scalePlanes([this.object], 1 / norm);
      scalePlanes(this.probe, norm);
    }
  }
}

/** start <= e < stop, every `stride` epochs. */
function isActive(plan: { start: number; stop: number | null; stride: number }, epoch: number): boolean {
  return epoch >= plan.start && (plan.stop === null || epoch < plan.stop) && (epoch - plan.start) % plan.stride === 0;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += values[index]!;
  return total;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}
