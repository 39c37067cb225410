// The kernels of a run bound to its state: those of the whole minibatch once, those of a slice for every slice
// (slice-kernels.ts). No order of steps here; that is lsqml.ts.

import type { BoundKernel } from "../gpu/kernel.ts";
import { KernelLibrary } from "../gpu/kernel-library.ts";
import { sumTerms } from "../kernels/directions.ts";
import { poissonStep } from "../kernels/far-field.ts";
import { type BoundFft, bindFft } from "../kernels/fft2d.ts";
import { LineKernels } from "../kernels/lines.ts";
import { applyUpdate, stepSizes } from "../kernels/steps.ts";
import { tilesAcross } from "./epoch-tables.ts";
import { awaitAll, bindSum, type KernelContext } from "./kernel-context.ts";
import type { LsqmlProblem } from "./problem.ts";
import { bindSlice, type SliceKernels } from "./slice-kernels.ts";
import { type LsqmlState, STEP_SUM_COUNT } from "./state.ts";

/** Regularisation of the 2 x 2 system per mode: pty-chi's lambda_0 times the pixels (conventions.md section 9). */
const STEP_REGULARISATION = 1.2e-7;
/** Index of the counter of unsolvable steps in the flags buffer. */
const INVALID_STEP_FLAG = 2;

/** Kernels of the whole minibatch. */
export interface BatchKernels {
  readonly transformProbe: BoundFft;
  /** Two passes with the Poisson model, none otherwise. */
  readonly solvePoisson: readonly BoundKernel[];
  readonly sumPoissonPartials: BoundKernel;
  readonly sumTerms: BoundKernel;
  readonly transformDirection: BoundFft;
  readonly sumStepPartials: BoundKernel;
  readonly solveSteps: BoundKernel;
  /** Applies to object and probe as the names say. */
  readonly applyBoth: BoundKernel;
  readonly applyObject: BoundKernel;
  readonly applyProbe: BoundKernel;
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
  const lines = new LineKernels(device, library, state.plan.profile);
  const context: KernelContext = {
    library,
    lines,
    problem,
    state,
    storeIntensity,
    poisson,
    pixels: height * width,
    frame: { height, width },
    canvas: { canvasHeight, canvasWidth },
    tiles: { tilesAcross: tilesAcross(canvasWidth, state.layout.tileSide) },
    tileSide: { TILE_SIDE: state.layout.tileSide },
    modes: { MODE_COUNT: state.size.modeCount },
    weighted: { SCALE_BY_FAR_STEP: poisson ? 1 : 0 },
    farSteps: [
      { previous: state.farStep, next: state.farStepNext },
      { previous: state.farStepNext, next: state.farStep },
    ],
  };
  const destroy = () => {
    library.destroy();
    lines.destroy();
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

async function bindBatch(context: KernelContext): Promise<BatchKernels> {
  const { library, lines, problem, state, pixels, modes, weighted } = context;
  const { options } = problem;
  const { batches: batch, slots, batchSums, batchSteps, flags } = state;
  const { modeCount } = state.size;
  const plane = { scratch: state.planeScratch, planesPerPattern: 0, once: true };
  const multimodal = options.object.multimodalUpdate;
  const bindings = {
    transformProbe: bindFft(lines, batch, state.size.frame, {
      ...plane,
      source: state.probe,
      result: state.probeSpectrum,
      direction: "forward",
      scale: 1,
    }),
    solvePoisson: Promise.all(
      (context.poisson ? context.farSteps : []).map((_, round) => bindPoissonStep(context, round)),
    ),
    sumPoissonPartials: bindSum(context, state.plan.detectorLanes, 2, batchSums, false),
    sumTerms: library.bind(sumTerms, {
      params: { termPatterns: state.plan.gradientTerms, sampleCount: pixels },
      batch,
      buffers: { terms: state.gradientTerms, mean: state.gradientMean },
    }),
    transformDirection: bindFft(lines, batch, state.size.frame, {
      ...plane,
      source: state.gradientMean,
      result: state.probeDirection,
      direction: "inverse",
      scale: 1 / pixels,
    }),
    sumStepPartials: bindSum(context, state.plan.stepLanes, STEP_SUM_COUNT, batchSums, false),
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
          batchSteps,
          flags,
        },
      },
      {
        ...weighted,
        JOINT: options.solveStepSizesJointly ? 1 : 0,
        LANES: state.plan.profile.invocations > 1 ? 128 : 64,
      },
    ),
    applyBoth: bindApply(context, modes.MODE_COUNT * pixels, true, true),
    applyObject: bindApply(context, modes.MODE_COUNT * pixels, true, false),
    applyProbe: bindApply(context, modes.MODE_COUNT * pixels, false, true),
  } as const;
  return awaitAll(bindings);
}

function bindApply(
  { library, problem, state, canvas, tiles, tileSide }: KernelContext,
  probeSamples: number,
  object: boolean,
  probe: boolean,
): Promise<BoundKernel> {
  const { options } = problem;
  const allModes = state.size.modeCount > 1 ? canvas.canvasHeight * canvas.canvasWidth : 0;
  const params = { objectRate: options.object.stepSize, probeSamples, probeRate: options.probe.stepSize, allModes };
  return library.bind(
    applyUpdate,
    {
      params: { ...canvas, ...tiles, ...params },
      batch: state.batches,
      buffers: {
        tiles: state.tiles,
        batchSteps: state.batchSteps,
        direction: state.objectDirection,
        probeDirection: state.probeDirection,
        object: state.object,
        probe: state.probe,
        flags: state.flags,
      },
    },
    { ...tileSide, UPDATE_OBJECT: object ? 1 : 0, UPDATE_PROBE: probe ? 1 : 0 },
  );
}

function bindPoissonStep({ library, problem, state, farSteps }: KernelContext, round: number): Promise<BoundKernel> {
  const { previous, next } = farSteps[round]!;
  const last = round === farSteps.length - 1;
  return library.bind(poissonStep, {
    params: { addNoise: last && problem.options.poissonStepNoise > 0 ? 1 : 0 },
    batch: state.batches,
    buffers: { slots: state.slots, sums: state.batchSums, previous, next },
  });
}
