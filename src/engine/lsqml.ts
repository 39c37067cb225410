// One LSQML minibatch as named steps in the paper's order (Odstrcil, Menzel, Guizar-Sicairos 2018; lsqml.md section 3).
// Encodes only: no buffers are made here, nothing is read back.

import { type BoundKernel, compileKernel, type KernelSpec } from "../gpu/kernel.ts";
import type { StageRecorder } from "../gpu/timing.ts";
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
import { type MinibatchEntry, SINGLE_PLANE_OFFSET, tilesAcross } from "./epoch-tables.ts";
import type { LsqmlProblem } from "./problem.ts";
import { type LsqmlState, STEP_SUM_COUNT } from "./state.ts";

/** Regularisation of the 2 x 2 system per mode: pty-chi's lambda_0 times the pixels (conventions.md section 9). */
const STEP_REGULARISATION = 1.2e-7;
/** Index of the counter of unsolvable steps in the flags buffer. */
const INVALID_STEP_FLAG = 2;
const NOTHING_EXCLUDED = -3e38;

/** What a minibatch of this epoch does. */
export interface MinibatchActions {
  /** False in the epoch that only measures the probe's power. */
  readonly update: boolean;
  readonly updateObject: boolean;
  readonly updateProbe: boolean;
  /** Which set of pattern buffers holds the data. */
  readonly patternSet: number;
}

/** Bound kernels of one slice. */
interface SliceSteps {
  readonly shiftProbe: BoundFft;
  readonly propagate: BoundFft;
  readonly sumLosses: BoundKernel;
  readonly propagateBack: BoundFft;
  readonly transformProbeGradient: BoundFft;
  readonly sumProbeDirection: BoundKernel;
  readonly sumProbeModes: BoundKernel | null;
  readonly gatherObject: BoundKernel;
  readonly sumSteps: BoundKernel;
  /** One per pattern set. */
  readonly detector: readonly BoundKernel[];
  readonly poissonSums: readonly (readonly BoundKernel[])[];
  readonly poissonResidual: readonly BoundKernel[];
}

export interface LsqmlSteps {
  encodeMinibatch(recorder: StageRecorder, minibatch: MinibatchEntry, actions: MinibatchActions): void;
  destroy(): void;
}

/** Compiles the kernels a run needs, all at once, and binds them to the state. */
export async function createLsqmlSteps(
  device: GPUDevice,
  problem: LsqmlProblem,
  state: LsqmlState,
  storeIntensity: boolean,
): Promise<LsqmlSteps> {
  const { options, patterns } = problem;
  const { size, laneCount } = state;
  const [height, width] = size.frame;
  const [canvasHeight, canvasWidth] = size.canvasShape;
  const { modeCount } = size;
  const pixels = height * width;
  const poisson = options.noiseModel === "poisson";
  const firstModeOnly = options.stepSizesFromFirstModeOnly;
  const multimodal = options.object.multimodalUpdate;
  const canvas = { canvasHeight, canvasWidth, tilesAcross: tilesAcross(canvasWidth) };
  const frame = { height, width };
  const excludeBelow = options.excludeMeasuredPixelsBelow ?? NOTHING_EXCLUDED;
  const measured = {
    SAMPLE_UINT16: patterns.sampleType === "uint16" ? 1 : 0,
    SAMPLE_INTENSITY: patterns.quantity === "intensity" ? 1 : 0,
    PATTERN_WORDS: patterns.patternBytes / 4,
    LAYOUT_OFFSET: patterns.layout.offset,
    LAYOUT_ROW: patterns.layout.rowStride,
    LAYOUT_COLUMN: patterns.layout.columnStride,
    HEIGHT: height,
    WIDTH: width,
  };
  const loss = chooseLoss(options);
  const modes = { MODE_COUNT: modeCount };
  const weighted = { SCALE_BY_FAR_STEP: poisson ? 1 : 0 };
  const fft = new Fft2d(device, state.batches, height, width);
  const compile = <Name extends string>(spec: KernelSpec<Name>, constants: Record<string, number> = {}) =>
    compileKernel(device, spec, constants);

  const [
    ramps,
    detector,
    sums,
    gather,
    direction,
    spectrum,
    modeSums,
    stepSum,
    stepSolve,
    trim,
    combine,
    updateObject,
    updateProbe,
  ] = await Promise.all([
    compile(shiftRamps),
    compile(farField, {
      ...measured,
      ...loss,
      ...modes,
      GAUSSIAN: poisson ? 0 : 1,
      STORE_INTENSITY: poisson || storeIntensity ? 1 : 0,
    }),
    compile(sumPartials),
    compile(objectGradient, { ...modes, ...weighted, MULTIMODAL: multimodal ? 1 : 0 }),
    compile(objectDirection),
    compile(probeDirectionSpectrum, weighted),
    modeCount > 1 ? compile(probeDirectionModes, { ...modes, ...weighted }) : null,
    compile(stepSums, { ...modes, FIRST_MODE_ONLY: firstModeOnly ? 1 : 0 }),
    compile(stepSizes, { ...weighted, JOINT: options.solveStepSizesJointly ? 1 : 0 }),
    compile(trimSteps),
    compile(combineSteps),
    compile(applyObject),
    compile(applyProbe),
  ]);
  const [poissonSum, poissonSolve, poissonGradient] = poisson
    ? await Promise.all([
        compile(poissonSums, measured),
        compile(poissonStep),
        compile(poissonResidual, { ...measured, ...modes }),
      ])
    : [null, null, null];

  const {
    batches: batch,
    slots,
    tiles,
    object,
    probe,
    farStep,
    farStepNext,
    partials,
    batchSums,
    validPixels,
    flags,
  } = state;
  const probeTransform = await fft.bind({
    load: fftPlain,
    loadBuffers: { source: probe },
    result: state.probeSpectrum,
    scratch: state.planeScratch,
    direction: "forward",
    scale: 1,
    planesPerPattern: 1,
  });
  const directionTransform = await fft.bind({
    load: fftPlain,
    loadBuffers: { source: state.probeDirectionSpectrum },
    result: state.probeDirection,
    scratch: state.planeScratch,
    direction: "inverse",
    scale: 1 / pixels,
    planesPerPattern: 1,
  });
  const makeRamps = ramps.bind({ params: frame, batch, buffers: { slots, ramps: state.ramps } });
  const sumInto = (quantityCount: number, target: GPUBuffer, intoStatistics: boolean) =>
    sums.bind({
      params: { laneCount, quantityCount, intoStatistics: intoStatistics ? 1 : 0 },
      batch,
      buffers: { partials, sums: target },
    });
  const sumStepPartials = sumInto(STEP_SUM_COUNT, batchSums, false);
  const sumPoissonPartials = sumInto(2, batchSums, false);
  const sumLosses = sumInto(2, state.losses, true);
  const farSteps = [
    { previous: farStep, next: farStepNext, addNoise: 0 },
    { previous: farStepNext, next: farStep, addNoise: options.poissonStepNoise > 0 ? 1 : 0 },
  ];
  const solvePoisson = farSteps.map(({ previous, next, addNoise }) =>
    poissonSolve?.bind({ params: { addNoise }, batch, buffers: { slots, sums: batchSums, previous, next } }),
  );

  const slices: SliceSteps[] = await Promise.all(
    state.slices.map(async ({ waves, shiftedProbe, scratch, modelled }, slice): Promise<SliceSteps> => {
      const sets = state.patterns.map((set) => set[state.patternsResident ? 0 : slice]!);
      // an odd number of passes ends in the other buffer than it began with: the way back then ends in `waves`
      const [atDetector, other] = fft.passCount % 2 === 0 ? [waves, scratch] : [scratch, waves];
      return {
        shiftProbe: await fft.bind({
          load: fftShiftedProbe,
          loadBuffers: { spectrum: state.probeSpectrum, ramps: state.ramps },
          result: shiftedProbe,
          scratch,
          direction: "inverse",
          scale: 1 / pixels,
          planesPerPattern: 1,
        }),
        propagate: await fft.bind({
          load: fftExitWave,
          constants: { ...modes, CANVAS_HEIGHT: canvasHeight, CANVAS_WIDTH: canvasWidth },
          loadBuffers: { slots, shiftedProbe, probe, object },
          result: atDetector,
          scratch: other,
          direction: "forward",
          scale: 1,
          planesPerPattern: modeCount,
        }),
        detector: sets.map((patternBuffer) =>
          detector.bind({
            params: { laneCount, residualScale: -1 / (4 * options.gaussianNoiseStd ** 2 * pixels), excludeBelow },
            batch,
            buffers: { slots, patterns: patternBuffer, validPixels, waves: atDetector, partials, modelled },
          }),
        ),
        sumLosses,
        poissonSums: farSteps.map(({ previous }) =>
          sets.flatMap((patternBuffer) =>
            poissonSum
              ? [
                  poissonSum.bind({
                    params: { laneCount, excludeBelow },
                    batch,
                    buffers: { slots, patterns: patternBuffer, validPixels, modelled, farStep: previous, partials },
                  }),
                ]
              : [],
          ),
        ),
        poissonResidual: sets.flatMap((patternBuffer) =>
          poissonGradient
            ? [
                poissonGradient.bind({
                  params: { residualScale: -1 / pixels, excludeBelow },
                  batch,
                  buffers: { slots, patterns: patternBuffer, validPixels, modelled, waves: atDetector },
                }),
              ]
            : [],
        ),
        propagateBack: await fft.bind({
          load: fftPlain,
          loadBuffers: { source: atDetector },
          result: waves,
          scratch,
          direction: "inverse",
          scale: 1, // 1 / (h w) is part of the residual's factor
          planesPerPattern: modeCount,
        }),
        transformProbeGradient: await fft.bind({
          load: fftProbeGradient,
          constants: { ...modes, CANVAS_HEIGHT: canvasHeight, CANVAS_WIDTH: canvasWidth },
          loadBuffers: { slots, chi: waves, object },
          result: state.probeGradient,
          scratch,
          direction: "forward",
          scale: 1,
          planesPerPattern: 1,
        }),
        sumProbeDirection: spectrum.bind({
          params: frame,
          batch,
          buffers: {
            slots,
            ramps: state.ramps,
            gradients: state.probeGradient,
            farStep,
            spectrum: state.probeDirectionSpectrum,
          },
        }),
        sumProbeModes:
          modeSums?.bind({
            params: { ...frame, canvasHeight, canvasWidth },
            batch,
            buffers: { slots, chi: waves, object, farStep, probeDirection: state.probeDirection },
          }) ?? null,
        gatherObject: gather.bind({
          params: { ...frame, ...canvas },
          batch,
          buffers: { slots, tiles, chi: waves, shiftedProbe, probe, farStep, gradient: state.objectGradient },
        }),
        sumSteps: stepSum.bind({
          params: { laneCount, ...frame, canvasHeight, canvasWidth },
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
        }),
      };
    }),
  );

  const preconditionObject = direction.bind({
    params: canvas,
    batch,
    buffers: {
      tiles,
      gradient: state.objectGradient,
      preconditioner: state.preconditioner,
      direction: state.objectDirection,
    },
  });
  const solveSteps = stepSolve.bind({
    params: {
      objectScale: options.object.optimalStepSizeScaler / (multimodal ? modeCount : 1),
      probeScale: options.probe.optimalStepSizeScaler,
      regularisation: STEP_REGULARISATION * (firstModeOnly ? 1 : modeCount),
      invalidCounter: INVALID_STEP_FLAG,
    },
    batch,
    buffers: { slots, sums: batchSums, farStep, steps: state.steps, patternSteps: state.patternSteps, flags },
  });
  const trimObjectSteps = trim.bind({ batch, buffers: { steps: state.steps, kept: state.kept } });
  const combine_ = combine.bind({
    batch,
    buffers: { steps: state.steps, kept: state.kept, batchSteps: state.batchSteps },
  });
  const applyToObject = updateObject.bind({
    params: { ...canvas, learningRate: options.object.stepSize },
    batch,
    buffers: { tiles, batchSteps: state.batchSteps, direction: state.objectDirection, object, flags },
  });
  const applyToProbe = updateProbe.bind({
    params: { sampleCount: modeCount * pixels, learningRate: options.probe.stepSize },
    batch,
    buffers: { batchSteps: state.batchSteps, probeDirection: state.probeDirection, probe, flags },
  });

  function encodeMinibatch(recorder: StageRecorder, minibatch: MinibatchEntry, actions: MinibatchActions): void {
    const stage = (name: string) => recorder.stage(name);
    const first = minibatch.slices[0]!.batchOffset;
    const count = minibatch.indices.length;
    const set = actions.patternSet;
    const parts = minibatch.slices.map((entry, slice) => ({ entry, steps: slices[slice]! }));

    probeTransform.encode(stage("probe spectrum"), 1, SINGLE_PLANE_OFFSET);
    makeRamps.encode(stage("shift ramps"), count * (height + width), first);

    for (const { entry, steps } of parts) {
      steps.shiftProbe.encode(stage("shift probe"), entry.count, entry.batchOffset);
      steps.propagate.encode(stage("exit wave to detector"), entry.count, entry.batchOffset);
      steps.detector[set]!.encode(stage("detector"), entry.count * laneCount, entry.batchOffset);
      steps.sumLosses.encode(stage("detector"), entry.count * 2, entry.batchOffset);
      if (actions.update && !poisson) propagateBack(entry, steps);
    }
    if (!actions.update) return;
    if (poisson) solvePoissonSteps();

    directionTransform.encode(stage("probe direction"), 1, SINGLE_PLANE_OFFSET);
    preconditionObject.encodeWorkgroups(stage("object direction"), minibatch.tileCount, first);

    for (const { entry, steps } of parts) {
      steps.sumSteps.encode(stage("step sums"), entry.count * laneCount, entry.batchOffset);
      sumStepPartials.encode(stage("step sums"), entry.count * STEP_SUM_COUNT, entry.batchOffset);
    }
    solveSteps.encode(stage("step sizes"), count, first);
    trimObjectSteps.encode(stage("step sizes"), count, first);
    combine_.encodeWorkgroups(stage("step sizes"), 1, first);

    if (actions.updateObject) applyToObject.encodeWorkgroups(stage("apply update"), minibatch.tileCount, first);
    if (actions.updateProbe) applyToProbe.encode(stage("apply update"), modeCount * pixels, first);

    /** chi and what follows from it: probe gradients and the object gradient. */
    function propagateBack(entry: { count: number; batchOffset: number }, steps: SliceSteps): void {
      steps.propagateBack.encode(stage("detector to chi"), entry.count, entry.batchOffset);
      steps.transformProbeGradient.encode(stage("probe gradient"), entry.count, entry.batchOffset);
      steps.sumProbeDirection.encode(stage("probe direction"), pixels, entry.batchOffset);
      steps.sumProbeModes?.encode(stage("probe direction"), (modeCount - 1) * pixels, entry.batchOffset);
      steps.gatherObject.encodeWorkgroups(stage("object gradient"), minibatch.tileCount, entry.batchOffset);
    }

    /** Two damped passes for the exit-wave steps of the whole minibatch, then the residuals. */
    function solvePoissonSteps(): void {
      for (const [round, solve] of solvePoisson.entries()) {
        for (const { entry, steps } of parts) {
          steps.poissonSums[round]![set]!.encode(stage("poisson steps"), entry.count * laneCount, entry.batchOffset);
          sumPoissonPartials.encode(stage("poisson steps"), entry.count * 2, entry.batchOffset);
        }
        solve!.encode(stage("poisson steps"), count, first);
      }
      for (const { entry, steps } of parts) {
        steps.poissonResidual[set]!.encode(stage("detector"), entry.count * pixels, entry.batchOffset);
        propagateBack(entry, steps);
      }
    }
  }

  return { encodeMinibatch, destroy: () => fft.destroy() };
}

function chooseLoss(options: LsqmlProblem["options"]): { LOSS: number; LOSS_SCALE: number } {
  if (options.displayedLoss === "mse") return { LOSS: 1, LOSS_SCALE: 1 };
  if (options.displayedLoss === "mse-sqrt") return { LOSS: 0, LOSS_SCALE: 1 };
  if (options.noiseModel === "poisson") return { LOSS: 3, LOSS_SCALE: 1 };
  return { LOSS: 0, LOSS_SCALE: 1 / (2 * options.gaussianNoiseStd ** 2) };
}
