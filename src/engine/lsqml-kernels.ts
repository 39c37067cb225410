// The kernels of a run bound to its state: those of the whole minibatch once, those of a slice for every slice and, where
// they read patterns, for every set of pattern buffers. No order of steps here; that is lsqml.ts.

import type { BoundKernel } from "../gpu/kernel.ts";
import { KernelLibrary } from "../gpu/kernel-library.ts";
import {
  objectDirection,
  objectGradient,
  probeDirectionModes,
  probeDirectionSpectrum,
  shiftRamps,
} from "../kernels/directions.ts";
import { farField, poissonResidual, poissonStep, poissonSums, sumPartials } from "../kernels/far-field.ts";
import { type BoundFft, Fft2d, fftExitWave, fftPlain, fftProbeGradient, fftShiftedProbe } from "../kernels/fft2d.ts";
import { applyObject, applyProbe, combineSteps, stepSizes, stepSums, trimSteps } from "../kernels/steps.ts";
import { tilesAcross } from "./epoch-tables.ts";
import type { LsqmlProblem } from "./problem.ts";
import { chooseLoss, describeDetector, describeSamples } from "./sample-constants.ts";
import { type LsqmlState, STEP_SUM_COUNT } from "./state.ts";

/** Regularisation of the 2 x 2 system per mode: pty-chi's lambda_0 times the pixels (conventions.md section 9). */
const STEP_REGULARISATION = 1.2e-7;
/** Index of the counter of unsolvable steps in the flags buffer. */
const INVALID_STEP_FLAG = 2;

/** Kernels of the whole minibatch. */
export interface BatchKernels {
  readonly transformProbe: BoundFft;
  readonly makeRamps: BoundKernel;
  /** Two passes with the Poisson model, none otherwise. */
  readonly solvePoisson: readonly BoundKernel[];
  readonly sumPoissonPartials: BoundKernel;
  readonly transformDirection: BoundFft;
  readonly preconditionObject: BoundKernel;
  readonly sumStepPartials: BoundKernel;
  readonly solveSteps: BoundKernel;
  readonly trimSteps: BoundKernel;
  readonly combineSteps: BoundKernel;
  readonly applyObject: BoundKernel;
  readonly applyProbe: BoundKernel;
}

/** Kernels of one slice; arrays by pattern set. */
export interface SliceKernels {
  readonly shiftProbe: BoundFft;
  readonly propagate: BoundFft;
  readonly detector: readonly BoundKernel[];
  readonly sumLosses: BoundKernel;
  /** [round][pattern set]; empty with the Gaussian model. */
  readonly poissonSums: readonly (readonly BoundKernel[])[];
  readonly poissonResidual: readonly BoundKernel[];
  readonly propagateBack: BoundFft;
  readonly transformProbeGradient: BoundFft;
  readonly sumProbeDirection: BoundKernel;
  readonly sumProbeModes: BoundKernel | null;
  readonly gatherObject: BoundKernel;
  readonly sumSteps: BoundKernel;
}

/** What every binding shares. */
interface Context {
  readonly library: KernelLibrary;
  readonly fft: Fft2d;
  readonly problem: LsqmlProblem;
  readonly state: LsqmlState;
  readonly storeIntensity: boolean;
  readonly poisson: boolean;
  readonly pixels: number;
  readonly frame: { readonly height: number; readonly width: number };
  readonly canvas: { readonly canvasHeight: number; readonly canvasWidth: number };
  readonly tiles: { readonly tilesAcross: number };
  readonly modes: { readonly MODE_COUNT: number };
  readonly weighted: { readonly SCALE_BY_FAR_STEP: number };
  /** Steps of the exit waves before and after each of the two Poisson passes. */
  readonly farSteps: readonly { readonly previous: GPUBuffer; readonly next: GPUBuffer }[];
}

/** Compiles everything at the same time and binds it; `destroy` releases what the bindings own. */
export async function bindLsqmlKernels(
  device: GPUDevice,
  problem: LsqmlProblem,
  state: LsqmlState,
  storeIntensity: boolean,
): Promise<{ batch: BatchKernels; slices: readonly SliceKernels[]; destroy: () => void }> {
  const [height, width] = state.size.frame;
  const [canvasHeight, canvasWidth] = state.size.canvasShape;
  const poisson = problem.options.noiseModel === "poisson";
  const library = new KernelLibrary(device);
  const fft = new Fft2d(device, state.batches, height, width);
  const context: Context = {
    library,
    fft,
    problem,
    state,
    storeIntensity,
    poisson,
    pixels: height * width,
    frame: { height, width },
    canvas: { canvasHeight, canvasWidth },
    tiles: { tilesAcross: tilesAcross(canvasWidth) },
    modes: { MODE_COUNT: state.size.modeCount },
    weighted: { SCALE_BY_FAR_STEP: poisson ? 1 : 0 },
    farSteps: [
      { previous: state.farStep, next: state.farStepNext },
      { previous: state.farStepNext, next: state.farStep },
    ],
  };
  const destroy = () => {
    library.destroy();
    fft.destroy();
  };
  try {
    const [batch, slices] = await Promise.all([
      bindBatch(context),
      Promise.all(state.slices.map((_, slice) => bindSlice(context, slice))),
    ]);
    return { batch, slices, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}

async function bindBatch(context: Context): Promise<BatchKernels> {
  const { library, fft, problem, state, pixels, frame, canvas, tiles, modes, weighted } = context;
  const { options } = problem;
  const { batches: batch, slots, batchSums, batchSteps, flags } = state;
  const { modeCount } = state.size;
  const plane = { load: fftPlain, scratch: state.planeScratch, planesPerPattern: 1 };
  const multimodal = options.object.multimodalUpdate;
  const bindings = {
    transformProbe: fft.bind({
      ...plane,
      loadBuffers: { source: state.probe },
      result: state.probeSpectrum,
      direction: "forward",
      scale: 1,
    }),
    makeRamps: library.bind(shiftRamps, { params: frame, batch, buffers: { slots, ramps: state.ramps } }),
    solvePoisson: Promise.all(
      (context.poisson ? context.farSteps : []).map((_, round) => bindPoissonStep(context, round)),
    ),
    sumPoissonPartials: bindSum(context, 2, batchSums, false),
    transformDirection: fft.bind({
      ...plane,
      loadBuffers: { source: state.probeDirectionSpectrum },
      result: state.probeDirection,
      direction: "inverse",
      scale: 1 / pixels,
    }),
    preconditionObject: library.bind(objectDirection, {
      params: { ...canvas, ...tiles },
      batch,
      buffers: {
        tiles: state.tiles,
        gradient: state.objectGradient,
        preconditioner: state.preconditioner,
        direction: state.objectDirection,
      },
    }),
    sumStepPartials: bindSum(context, STEP_SUM_COUNT, batchSums, false),
    solveSteps: library.bind(
      stepSizes,
      {
        params: {
          objectScale: options.object.optimalStepSizeScaler / (multimodal ? modeCount : 1),
          probeScale: options.probe.optimalStepSizeScaler,
          regularisation: STEP_REGULARISATION * (options.stepSizesFromFirstModeOnly ? 1 : modeCount),
          invalidCounter: INVALID_STEP_FLAG,
        },
        batch,
        buffers: {
          slots,
          sums: batchSums,
          farStep: state.farStep,
          steps: state.steps,
          patternSteps: state.patternSteps,
          flags,
        },
      },
      { ...weighted, JOINT: options.solveStepSizesJointly ? 1 : 0 },
    ),
    trimSteps: library.bind(trimSteps, { batch, buffers: { steps: state.steps, kept: state.kept } }),
    combineSteps: library.bind(combineSteps, {
      batch,
      buffers: { steps: state.steps, kept: state.kept, batchSteps },
    }),
    applyObject: library.bind(applyObject, {
      params: { ...canvas, ...tiles, learningRate: options.object.stepSize },
      batch,
      buffers: { tiles: state.tiles, batchSteps, direction: state.objectDirection, object: state.object, flags },
    }),
    applyProbe: library.bind(applyProbe, {
      params: { sampleCount: modes.MODE_COUNT * pixels, learningRate: options.probe.stepSize },
      batch,
      buffers: { batchSteps, probeDirection: state.probeDirection, probe: state.probe, flags },
    }),
  } as const;
  return awaitAll(bindings);
}

async function bindSlice(context: Context, index: number): Promise<SliceKernels> {
  const { library, fft, problem, state, poisson, pixels, frame, canvas, tiles, modes, weighted } = context;
  const { options } = problem;
  const { batches: batch, slots, object, probe, farStep, partials, validPixels } = state;
  const { waves, shiftedProbe, scratch, modelled } = state.slices[index]!;
  const { laneCount } = state;
  const patternSets = state.patterns.map((set) => set[state.patternsResident ? 0 : index]!);
  // an odd number of passes ends in the other buffer than it began with: the way back then ends in `waves`
  const [atDetector, other] = fft.passCount % 2 === 0 ? [waves, scratch] : [scratch, waves];
  const measured = describeSamples(problem.patterns, state.size.frame);
  const onCanvas = { ...modes, CANVAS_HEIGHT: canvas.canvasHeight, CANVAS_WIDTH: canvas.canvasWidth };
  const detector = describeDetector(problem, pixels);
  const { amplitudeScale, excludeBelow } = detector;
  const { modeCount } = state.size;
  const bindings = {
    shiftProbe: fft.bind({
      load: fftShiftedProbe,
      loadBuffers: { spectrum: state.probeSpectrum, ramps: state.ramps },
      result: shiftedProbe,
      scratch,
      direction: "inverse",
      scale: 1 / pixels,
      planesPerPattern: 1,
    }),
    propagate: fft.bind({
      load: fftExitWave,
      constants: onCanvas,
      loadBuffers: { slots, shiftedProbe, probe, object },
      result: atDetector,
      scratch: other,
      direction: "forward",
      scale: 1,
      planesPerPattern: modeCount,
    }),
    detector: Promise.all(
      patternSets.map((patterns) =>
        library.bind(
          farField,
          {
            params: { laneCount, residualScale: detector.gaussianResidualScale, excludeBelow, amplitudeScale },
            batch,
            buffers: { slots, patterns, validPixels, waves: atDetector, partials, modelled },
          },
          {
            ...measured,
            ...chooseLoss(options),
            ...modes,
            GAUSSIAN: poisson ? 0 : 1,
            STORE_INTENSITY: poisson || context.storeIntensity ? 1 : 0,
          },
        ),
      ),
    ),
    sumLosses: bindSum(context, 2, state.losses, true),
    poissonSums: Promise.all(
      (poisson ? context.farSteps : []).map(({ previous }) =>
        Promise.all(
          patternSets.map((patterns) =>
            library.bind(
              poissonSums,
              {
                params: { laneCount, excludeBelow, amplitudeScale },
                batch,
                buffers: { slots, patterns, validPixels, modelled, farStep: previous, partials },
              },
              measured,
            ),
          ),
        ),
      ),
    ),
    poissonResidual: Promise.all(
      (poisson ? patternSets : []).map((patterns) =>
        library.bind(
          poissonResidual,
          {
            params: { residualScale: detector.poissonResidualScale, excludeBelow, amplitudeScale },
            batch,
            buffers: { slots, patterns, validPixels, modelled, waves: atDetector },
          },
          { ...measured, ...modes },
        ),
      ),
    ),
    propagateBack: fft.bind({
      load: fftPlain,
      loadBuffers: { source: atDetector },
      result: waves,
      scratch,
      direction: "inverse",
      scale: 1, // 1 / (h w) is part of the residual's factor
      planesPerPattern: modeCount,
    }),
    transformProbeGradient: fft.bind({
      load: fftProbeGradient,
      constants: onCanvas,
      loadBuffers: { slots, chi: waves, object },
      result: state.probeGradient,
      scratch,
      direction: "forward",
      scale: 1,
      planesPerPattern: 1,
    }),
    sumProbeDirection: library.bind(
      probeDirectionSpectrum,
      {
        params: frame,
        batch,
        buffers: {
          slots,
          ramps: state.ramps,
          gradients: state.probeGradient,
          farStep,
          spectrum: state.probeDirectionSpectrum,
        },
      },
      weighted,
    ),
    sumProbeModes:
      modeCount > 1
        ? library.bind(
            probeDirectionModes,
            {
              params: { ...frame, ...canvas },
              batch,
              buffers: { slots, chi: waves, object, farStep, probeDirection: state.probeDirection },
            },
            { ...modes, ...weighted },
          )
        : Promise.resolve(null),
    gatherObject: library.bind(
      objectGradient,
      {
        params: { ...frame, ...canvas, ...tiles },
        batch,
        buffers: {
          slots,
          tiles: state.tiles,
          chi: waves,
          shiftedProbe,
          probe,
          farStep,
          gradient: state.objectGradient,
        },
      },
      { ...modes, ...weighted, MULTIMODAL: options.object.multimodalUpdate ? 1 : 0 },
    ),
    sumSteps: library.bind(
      stepSums,
      {
        params: { laneCount, ...frame, ...canvas },
        batch,
        buffers: {
          slots,
          chi: waves,
          shiftedProbe,
          probe,
          object,
          direction: state.objectDirection,
          probeDirection: state.probeDirection,
          partials,
        },
      },
      { ...modes, FIRST_MODE_ONLY: options.stepSizesFromFirstModeOnly ? 1 : 0 },
    ),
  } as const;
  return awaitAll(bindings);
}

function bindSum(
  { library, state }: Context,
  quantityCount: number,
  sums: GPUBuffer,
  intoStatistics: boolean,
): Promise<BoundKernel> {
  return library.bind(sumPartials, {
    params: { laneCount: state.laneCount, quantityCount, intoStatistics: intoStatistics ? 1 : 0 },
    batch: state.batches,
    buffers: { partials: state.partials, sums },
  });
}

function bindPoissonStep({ library, problem, state, farSteps }: Context, round: number): Promise<BoundKernel> {
  const { previous, next } = farSteps[round]!;
  const last = round === farSteps.length - 1;
  return library.bind(poissonStep, {
    params: { addNoise: last && problem.options.poissonStepNoise > 0 ? 1 : 0 },
    batch: state.batches,
    buffers: { slots: state.slots, sums: state.batchSums, previous, next },
  });
}

type AllAwaited<T> = { readonly [Key in keyof T]: Awaited<T[Key]> };

/** Awaits every value of an object at the same time. */
async function awaitAll<T extends Record<string, unknown>>(pending: T): Promise<AllAwaited<T>> {
  const entries = await Promise.all(Object.entries(pending).map(async ([key, value]) => [key, await value] as const));
  return Object.fromEntries(entries) as AllAwaited<T>;
}
