// The kernels of one slice of a minibatch bound to its buffers, and, where they read patterns, to every set of pattern
// buffers.

import type { BoundKernel } from "../gpu/kernel.ts";
import { gatherParts, objectGradient, probeDirectionModes } from "../kernels/directions.ts";
import { farField, poissonResidual, poissonSums } from "../kernels/far-field.ts";
import {
  type BoundLine,
  lineChi,
  lineChiModes,
  lineDetector,
  lineExitWave,
  lineExitWaveModes,
  lineInPlace,
  lineProbeGradient,
  lineShiftedProbe,
} from "../kernels/lines.ts";
import { stepSumParts, stepSums } from "../kernels/steps.ts";
import { awaitAll, bindSum, type KernelContext } from "./kernel-context.ts";
import { chooseLoss, describeDetector, describeSamples } from "./sample-constants.ts";

/** Kernels of one slice; arrays by pattern set. */
export interface SliceKernels {
  readonly shiftProbe: BoundLine;
  readonly exitWave: BoundLine;
  /** Modes that are not shifted; null when there is one mode. */
  readonly exitWaveModes: BoundLine | null;
  /** To the detector and back, by pattern set; null when the detector has kernels of its own. */
  readonly detectorAndBack: readonly BoundLine[] | null;
  readonly toDetector: BoundLine | null;
  readonly detector: readonly BoundKernel[];
  readonly fromDetector: BoundLine | null;
  readonly sumLosses: BoundKernel;
  /** [round][pattern set]; empty with the Gaussian model. */
  readonly poissonSums: readonly (readonly BoundKernel[])[];
  readonly poissonResidual: readonly BoundKernel[];
  readonly chi: BoundLine;
  readonly chiModes: BoundLine | null;
  readonly probeGradient: BoundLine;
  readonly sumProbeModes: BoundKernel | null;
  readonly gatherObject: BoundKernel;
  readonly sumSteps: BoundKernel;
}

export async function bindSlice(context: KernelContext, index: number): Promise<SliceKernels> {
  const { state } = context;
  const patternSets = state.patterns.map((set) => set[state.patternsResident ? 0 : index]!);
  const [waves, detector, directions] = await Promise.all([
    bindWaves(context, index),
    bindDetector(context, index, patternSets),
    bindDirections(context, index),
  ]);
  return { ...waves, ...detector, ...directions };
}

/** Lines along the rows or columns of the pattern's frame. */
function along(context: KernelContext, axis: "row" | "column") {
  const { height, width } = context.frame;
  return axis === "row"
    ? ({ axis, length: width, linesPerPlane: height } as const)
    : ({ axis, length: height, linesPerPlane: width } as const);
}

/** From the probe to the exit waves' rows in Fourier space, and from the detector's columns to chi. */
function bindWaves(context: KernelContext, index: number) {
  const { lines, state, pixels, canvas } = context;
  const { batches: batch, slots, object, probe, halfway } = state;
  const { waves, shiftedProbe } = state.slices[index]!;
  const { modeCount } = state.size;
  const several = modeCount > 1;
  const onCanvas = { ...canvas, waveModes: modeCount };
  const rows = along(context, "row");
  return awaitAll({
    shiftProbe: lines.bind(
      lineShiftedProbe,
      { kind: "inverse", ...along(context, "column") },
      { batch, buffers: { spectrum: state.probeSpectrum, slots, result: halfway } },
    ),
    exitWave: lines.bind(
      lineExitWave,
      { kind: "inverse-forward", ...rows },
      { params: { ...onCanvas, scale: 1 / pixels }, batch, buffers: { slots, halfway, object, shiftedProbe, waves } },
    ),
    exitWaveModes: several
      ? lines.bind(
          lineExitWaveModes,
          { kind: "forward", ...rows },
          { params: onCanvas, batch, buffers: { slots, probe, object, waves } },
        )
      : Promise.resolve(null),
    chi: lines.bind(
      lineChi,
      { kind: "inverse-forward", ...rows },
      { params: onCanvas, batch, buffers: { slots, object, waves, gradient: halfway } },
    ),
    chiModes: several
      ? lines.bind(
          lineChiModes,
          { kind: "inverse", ...rows },
          { params: { waveModes: modeCount }, batch, buffers: { waves } },
        )
      : Promise.resolve(null),
  });
}

/** At the detector: one kernel where all modes fit on chip, else transforms and pointwise kernels. */
async function bindDetector(context: KernelContext, index: number, patternSets: readonly GPUBuffer[]) {
  const { library, lines, problem, state, poisson, pixels, modes } = context;
  const { batches: batch, slots, partials, validPixels, plan } = state;
  const { waves, modelled } = state.slices[index]!;
  const { modeCount } = state.size;
  const measured = describeSamples(problem.patterns, state.size.frame);
  const numbers = describeDetector(problem, pixels);
  const { amplitudeScale, excludeBelow } = numbers;
  const residualScale = numbers.gaussianResidualScale;
  const loss = chooseLoss(problem.options);
  const columns = along(context, "column");
  const perSet = <T>(wanted: boolean, bind: (patterns: GPUBuffer) => Promise<T>) =>
    Promise.all((wanted ? patternSets : []).map(bind));
  const { fusedDetector } = plan;
  const laneCount = plan.detectorLanes;
  const inPlace = (kind: "forward" | "inverse") =>
    fusedDetector
      ? Promise.resolve(null)
      : lines.bind(
          lineInPlace,
          { kind, ...columns },
          { params: { planesPerPattern: modeCount }, batch, buffers: { waves } },
        );
  const bound = await awaitAll({
    fused: perSet(fusedDetector, (patterns) =>
      lines.bind(
        lineDetector,
        { kind: "forward-inverse", ...columns, modes: modeCount },
        {
          params: { residualScale, excludeBelow, amplitudeScale },
          batch,
          buffers: { slots, patterns, validPixels, waves, partials, modelled },
        },
        { ...measured, ...loss, STORE_INTENSITY: context.storeIntensity ? 1 : 0, MASKED: problem.mask ? 1 : 0 },
      ),
    ),
    toDetector: inPlace("forward"),
    fromDetector: inPlace("inverse"),
    detector: perSet(!fusedDetector, (patterns) =>
      library.bind(
        farField,
        {
          params: { laneCount, residualScale, excludeBelow, amplitudeScale },
          batch,
          buffers: { slots, patterns, validPixels, waves, partials, modelled },
        },
        {
          ...measured,
          ...loss,
          ...modes,
          GAUSSIAN: poisson ? 0 : 1,
          STORE_INTENSITY: poisson || context.storeIntensity ? 1 : 0,
        },
      ),
    ),
    sumLosses: bindSum(context, laneCount, 2, state.losses, true),
    poissonSums: Promise.all(
      (poisson ? context.farSteps : []).map(({ previous }) =>
        perSet(true, (patterns) =>
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
    poissonResidual: perSet(poisson, (patterns) =>
      library.bind(
        poissonResidual,
        {
          params: { residualScale: numbers.poissonResidualScale, excludeBelow, amplitudeScale },
          batch,
          buffers: { slots, patterns, validPixels, modelled, waves },
        },
        { ...measured, ...modes },
      ),
    ),
  });
  const { fused, ...rest } = bound;
  return { ...rest, detectorAndBack: fusedDetector ? fused : null };
}

/** From chi to the directions and the sums for the step sizes. */
function bindDirections(context: KernelContext, index: number) {
  const { library, lines, problem, state, frame, canvas, tiles, tileSide, modes, weighted } = context;
  const { options } = problem;
  const { batches: batch, slots, object, probe, farStep, partials, plan } = state;
  const { waves: chi, shiftedProbe } = state.slices[index]!;
  const sums = plan.profile.invocations > 1 ? stepSumParts.group : stepSumParts.lane;
  const frameSize = { HEIGHT: frame.height, WIDTH: frame.width };
  return awaitAll({
    probeGradient: lines.bind(
      lineProbeGradient,
      { kind: "forward-sum", ...along(context, "column"), terms: plan.gradientTerms },
      {
        batch,
        buffers: { slots, gradient: state.halfway, farStep, terms: state.gradientTerms },
      },
      weighted,
    ),
    sumProbeModes:
      modes.MODE_COUNT > 1
        ? library.bind(
            probeDirectionModes,
            {
              params: canvas,
              batch,
              buffers: { slots, chi, object, farStep, probeDirection: state.probeDirection },
            },
            { ...modes, ...frameSize, ...weighted },
          )
        : Promise.resolve(null),
    gatherObject: library.bind(
      { ...objectGradient, parts: [gatherParts[plan.profile.gatheredPixels]] },
      {
        params: { ...frame, ...canvas, ...tiles },
        batch,
        buffers: {
          slots,
          tiles: state.tiles,
          chi,
          shiftedProbe,
          probe,
          farStep,
          preconditioner: state.preconditioner,
          direction: state.objectDirection,
        },
      },
      {
        ...modes,
        ...weighted,
        ...tileSide,
        MULTIMODAL: options.object.multimodalUpdate ? 1 : 0,
      },
    ),
    sumSteps: library.bind(
      { ...stepSums, parts: [sums.part] },
      {
        params: { groupCount: plan.stepGroups, ...canvas },
        batch,
        buffers: {
          slots,
          chi,
          shiftedProbe,
          probe,
          object,
          direction: state.objectDirection,
          probeDirection: state.probeDirection,
          partials,
        },
      },
      { ...modes, ...frameSize, FIRST_MODE_ONLY: options.stepSizesFromFirstModeOnly ? 1 : 0 },
    ),
  });
}
