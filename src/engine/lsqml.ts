// One LSQML minibatch as named steps in the paper's order (Odstrcil, Menzel, Guizar-Sicairos 2018; lsqml.md section 3).
// Encodes only: no buffers are made here, nothing is read back.

import type { StageRecorder } from "../gpu/timing.ts";
import { type MinibatchEntry, SINGLE_PLANE_OFFSET, type SliceEntry } from "./epoch-tables.ts";
import { type BatchKernels, bindLsqmlKernels } from "./lsqml-kernels.ts";
import type { LsqmlProblem } from "./problem.ts";
import type { SliceKernels } from "./slice-kernels.ts";
import { type LsqmlState, STEP_SUM_COUNT } from "./state.ts";

/** What a minibatch of this epoch does. */
export interface MinibatchActions {
  /** False in the epoch that only measures the probe's power. */
  readonly update: boolean;
  readonly updateObject: boolean;
  readonly updateProbe: boolean;
  /** Which set of pattern buffers holds the data. */
  readonly patternSet: number;
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
  const kernels = await bindLsqmlKernels(device, problem, state, storeIntensity);
  return {
    encodeMinibatch: (recorder, minibatch, actions) =>
      encodeMinibatch(
        { recorder, state, minibatch, actions, batch: kernels.batch, slices: kernels.slices },
        problem.options.noiseModel === "poisson",
      ),
    destroy: kernels.destroy,
  };
}

/** All that the steps of one minibatch need. */
interface Encoding {
  readonly recorder: StageRecorder;
  readonly state: LsqmlState;
  readonly minibatch: MinibatchEntry;
  readonly actions: MinibatchActions;
  readonly batch: BatchKernels;
  readonly slices: readonly SliceKernels[];
}

function encodeMinibatch(encoding: Encoding, poisson: boolean): void {
  prepareProbe(encoding);
  forEachSlice(encoding, (slice, entry) => {
    propagateToDetector(encoding, slice, entry);
    if (encoding.actions.update && !poisson) propagateBack(encoding, slice, entry);
  });
  if (!encoding.actions.update) return;
  if (poisson) {
    solvePoissonSteps(encoding);
    forEachSlice(encoding, (slice, entry) => {
      computePoissonResidual(encoding, slice, entry);
      propagateBack(encoding, slice, entry);
    });
  }
  finishDirections(encoding);
  solveStepSizes(encoding);
  applyUpdates(encoding);
}

/** Spectrum of probe mode 0. */
function prepareProbe({ recorder, batch }: Encoding): void {
  batch.transformProbe.encode(recorder.stage("probe spectrum"), 1, SINGLE_PLANE_OFFSET);
}

/** Steps 1, 4 and 13: exit waves, their spectra, modelled intensity and loss; with the Gaussian model the residual. */
function propagateToDetector({ recorder, state, actions }: Encoding, slice: SliceKernels, entry: SliceEntry): void {
  const { count, batchOffset } = entry;
  const { modeCount } = state.size;
  slice.shiftProbe.encode(recorder.stage("shift probe"), count, batchOffset);
  slice.exitWave.encode(recorder.stage("exit wave"), count, batchOffset);
  slice.exitWaveModes?.encode(recorder.stage("exit wave"), count * (modeCount - 1), batchOffset);
  const stage = recorder.stage("detector");
  if (slice.detectorAndBack) {
    slice.detectorAndBack[actions.patternSet]!.encode(stage, count, batchOffset);
  } else {
    slice.toDetector!.encode(stage, count * modeCount, batchOffset);
    slice.detector[actions.patternSet]!.encode(stage, count * state.plan.detectorLanes, batchOffset);
  }
  slice.sumLosses.encode(recorder.stage("losses"), count * 2, batchOffset);
}

/** Step 4, Poisson: two damped passes for the exit-wave steps of the whole minibatch. */
function solvePoissonSteps(encoding: Encoding): void {
  const { recorder, state, minibatch, actions, batch } = encoding;
  for (const [round, solve] of batch.solvePoisson.entries()) {
    forEachSlice(encoding, (slice, { count, batchOffset }) => {
      const stage = recorder.stage("poisson steps");
      slice.poissonSums[round]![actions.patternSet]!.encode(stage, count * state.plan.detectorLanes, batchOffset);
      batch.sumPoissonPartials.encode(stage, count * 2, batchOffset);
    });
    solve.encode(recorder.stage("poisson steps"), minibatch.indices.length, firstOffset(minibatch));
  }
}

function computePoissonResidual({ recorder, state, actions }: Encoding, slice: SliceKernels, entry: SliceEntry): void {
  const [height, width] = state.size.frame;
  const stage = recorder.stage("detector");
  slice.poissonResidual[actions.patternSet]!.encode(stage, entry.count * height * width, entry.batchOffset);
}

/** Steps 5 to 7: chi, and what this slice adds to the directions of object and probe. */
function propagateBack({ recorder, state, minibatch, batch }: Encoding, slice: SliceKernels, entry: SliceEntry): void {
  const { count, batchOffset } = entry;
  const [height, width] = state.size.frame;
  slice.fromDetector?.encode(recorder.stage("detector"), count * state.size.modeCount, batchOffset);
  slice.chi.encode(recorder.stage("chi"), count, batchOffset);
  slice.chiModes?.encode(recorder.stage("chi"), count * (state.size.modeCount - 1), batchOffset);
  slice.probeGradient.encode(
    recorder.stage("probe direction"),
    Math.ceil(count / state.plan.gradientTerms),
    batchOffset,
  );
  batch.sumTerms.encode(recorder.stage("probe direction"), height * width, batchOffset);
  slice.sumProbeModes?.encode(
    recorder.stage("probe direction"),
    (state.size.modeCount - 1) * height * width,
    batchOffset,
  );
  slice.gatherObject.encodeWorkgroups(recorder.stage("object gradient"), minibatch.tileGroups, batchOffset);
}

/** Step 7: the probe's direction back from Fourier space; the object's is complete with the last slice. */
function finishDirections({ recorder, minibatch, batch }: Encoding): void {
  batch.transformDirection.encode(recorder.stage("probe direction"), 1, firstOffset(minibatch));
}

/** Step 10: six sums per pattern, a small system each, and the means over the minibatch. */
function solveStepSizes(encoding: Encoding): void {
  const { recorder, state, minibatch, batch } = encoding;
  forEachSlice(encoding, (slice, { count, batchOffset }) => {
    slice.sumSteps.encodeWorkgroups(recorder.stage("step sums"), count * state.plan.stepGroups, batchOffset);
    batch.sumStepPartials.encode(recorder.stage("step sums"), count * STEP_SUM_COUNT, batchOffset);
  });
  const stage = recorder.stage("step sizes");
  const offset = firstOffset(minibatch);
  batch.solveSteps.encodeWorkgroups(stage, 1, offset);
}

/** Step 12. */
function applyUpdates({ recorder, state, minibatch, actions, batch }: Encoding): void {
  const [height, width] = state.size.frame;
  const stage = recorder.stage("apply update");
  const offset = firstOffset(minibatch);
  const probeGroups = Math.ceil((state.size.modeCount * height * width) / 256);
  if (actions.updateObject && actions.updateProbe)
    batch.applyBoth.encodeWorkgroups(stage, minibatch.tileGroups + probeGroups, offset);
  else if (actions.updateObject) batch.applyObject.encodeWorkgroups(stage, minibatch.tileGroups, offset);
  else if (actions.updateProbe) batch.applyProbe.encodeWorkgroups(stage, minibatch.tileGroups + probeGroups, offset);
}

function forEachSlice(encoding: Encoding, visit: (slice: SliceKernels, entry: SliceEntry) => void): void {
  for (const [index, entry] of encoding.minibatch.slices.entries()) visit(encoding.slices[index]!, entry);
}

/** Batch entry of kernels that work on the whole minibatch. */
function firstOffset(minibatch: MinibatchEntry): number {
  return minibatch.slices[0]!.batchOffset;
}
