// A whole reconstruction: dataset and options to result; epochs, progress, cancellation, diagnosis.

import type { Dataset, DatasetNote } from "../data/dataset.ts";
import { assertIntensityRange } from "../data/pattern-statistics.ts";
import { assertCanvasSize } from "../data/scan-geometry.ts";
import { parseOptions, type ReconstructOptions, type ReconstructOptionsInput } from "../options.ts";
import { exportSchedule, noteScheduleGaps, planFromSchedule } from "../schedule/explicit.ts";
import { createMinibatchPlan } from "../schedule/minibatches.ts";
import type { MinibatchPlan } from "../schedule/schedule.ts";
import { type Canvas, layOutCanvas, makeInitialObject } from "./canvas.ts";
import { assertCheckpointFits } from "./checkpoint.ts";
import type { EpochOutcome } from "./epoch-outcome.ts";
import { lossFactor, resolveIntensityScale, scaleProblem, unscaleProbe } from "./intensity-scale.ts";
import { LsqmlEngine } from "./lsqml-engine.ts";
import { makeInitialProbe } from "./probe-modes.ts";
import type { LsqmlProblem } from "./problem.ts";
import { chooseRunProfile } from "./profile-choice.ts";
import type { Diagnosis, EpochProgress, PreviewHook, ReconstructHooks, ReconstructResult } from "./result.ts";
import { settingsNotes } from "./settings-notes.ts";
import { candidatesOf, defaultProfile } from "./state.ts";

/**
 * Reconstructs `dataset` on `device`. Object and probe of the result are those of the last finished epoch, also when the
 * run was cancelled or the numbers went wrong (status). Throws OptionsError (78), InputError (65), GpuError (69, 70, 75).
 * The device stays the caller's; the dataset stays open.
 */
export async function reconstruct(
  device: GPUDevice,
  dataset: Dataset,
  input: ReconstructOptionsInput = {},
  hooks: ReconstructHooks = {},
): Promise<ReconstructResult> {
  return await reconstructPrepared(device, await prepareRun(dataset, parseOptions(input), hooks), hooks);
}

/** As `reconstruct`, from what `prepareRun` gave, so that data can be refused before any device is opened. */
export async function reconstructPrepared(
  device: GPUDevice,
  prepared: PreparedProblem,
  hooks: Omit<ReconstructHooks, "schedule"> = {},
): Promise<ReconstructResult> {
  const { problem, canvas, options, intensityScale: scale } = prepared;
  const notes = [...prepared.notes];
  if (hooks.resumeFrom) assertCheckpointFits(hooks.resumeFrom, problem);
  const choice = chooseRunProfile({
    option: options.profile,
    checkpoint: hooks.resumeFrom ?? null,
    tuned: hooks.tunedProfile ?? null,
    adapter: defaultProfile(device).name,
    candidates: candidatesOf(device),
  });
  const settings = { profile: choice.profile, ...(hooks.signal ? { signal: hooks.signal } : {}) };
  const engine = await LsqmlEngine.create(device, problem, options.epochs, settings);
  try {
    if (hooks.resumeFrom) engine.restore(hooks.resumeFrom);
    const begin = performance.now();
    const run = await runEpochs(engine, problem, scale, hooks);
    let { status, diagnosis } = run;
    let finished = run.loss.length;
    let object = await engine.readObject(run.restore ? finished : null);
    let probe = await engine.readProbe(run.restore ? finished : null);
    if (finished > 0 && !(allFinite(object.data) && allFinite(probe.data))) {
      // the constraints at the end of the last finished epoch broke it: no loss could tell in time
      finished -= 1;
      const quantity = allFinite(object.data) ? "probe" : "object";
      status = "diverged";
      diagnosis = { epoch: finished, minibatch: null, quantity, likelyCause: guessCause(problem, quantity) };
      object = await engine.readObject(finished);
      probe = await engine.readProbe(finished);
    }
    const compute = (performance.now() - begin - run.waitedMs) / 1000;
    const { patterns } = problem;
    const patternBytes = engine.state.patternsResident ? patterns.count * patterns.patternBytes : ringBytes(engine);
    if (run.unsolvedSteps > 0) notes.push(unsolvedNote(run.unsolvedSteps));
    if (patternBytes > (options.deviceMemoryBytes ?? Number.POSITIVE_INFINITY)) notes.push(memoryNote(patternBytes));
    return {
      status,
      diagnosis,
      epochsCompleted: finished,
      object,
      probe: unscaleProbe(probe, scale),
      intensityScale: scale,
      loss: Float64Array.from(run.loss.slice(0, finished)),
      canvasOriginPx: canvas.canvasOriginPx,
      positionsPx: canvas.positionsPx,
      positionOriginPx: canvas.originPx,
      startIndicesPx: canvas.placement.startIndicesPx,
      fractionsPx: canvas.placement.fractionsPx,
      scanIndexUsed: usedPatterns(problem.plan, patterns.count, finished),
      // a long run's schedule is large: it is written out only when asked for
      get schedule() {
        return exportSchedule(problem.plan, patterns.count, Math.max(1, finished));
      },
      plan: problem.plan,
      options,
      ...choice,
      memory: {
        patterns: engine.state.patternsResident ? "resident" : "streamed",
        patternBytes,
        workingBytes: engine.state.pool.sizeBytes - patternBytes,
      },
      seconds: { ...engine.seconds, compute },
      notes,
    };
  } finally {
    engine.destroy();
  }
}

/** A problem on its canvas, with the remarks that came up on the way. */
export interface PreparedProblem {
  readonly problem: LsqmlProblem;
  readonly canvas: Canvas;
  /** As asked for; those of `problem` are at its intensity scale. */
  readonly options: ReconstructOptions;
  readonly intensityScale: number;
  readonly notes: readonly DatasetNote[];
}

/** Everything that is decided before the device is used. Throws as `prepareProblem` does, and InputError (INTENSITY_SCALE). */
export async function prepareRun(
  dataset: Dataset,
  options: ReconstructOptions,
  hooks: Pick<ReconstructHooks, "schedule"> = {},
): Promise<PreparedProblem> {
  const { scale, notes } = await resolveIntensityScale(dataset, options);
  const prepared = prepareProblem(dataset, options, hooks);
  return {
    ...prepared,
    problem: scaleProblem(prepared.problem, scale),
    intensityScale: scale,
    notes: [...prepared.notes, ...notes],
  };
}

/** The problem at the data's own intensity scale. Throws InputError (DATA_RANGE, DATA_CANVAS_SIZE) and OptionsError. */
export function prepareProblem(
  dataset: Dataset,
  options: ReconstructOptions,
  hooks: Pick<ReconstructHooks, "schedule"> = {},
): PreparedProblem {
  const { patterns } = dataset;
  assertIntensityRange(dataset.totalIntensity, dataset.name, "diffraction");
  const canvas = layOutCanvas(dataset.positionsPx, [patterns.heightPx, patterns.widthPx], options.canvas);
  assertCanvasSize(canvas.shape, dataset.name);
  const object = makeInitialObject(options.initialObject, dataset.object, canvas);
  const probe = makeInitialProbe(dataset.probe, options.probe.modes, options.probe.extraModeEnergy);
  const plan = hooks.schedule
    ? planFromSchedule(hooks.schedule, patterns.count, options.epochs)
    : createMinibatchPlan({
        count: patterns.count,
        batchSize: options.batchSize,
        batching: options.batching,
        evenBatches: options.evenBatches,
        seed: options.seed,
        positionsPx: canvas.centredPx,
      });
  const problem: LsqmlProblem = {
    patterns,
    totalIntensity: dataset.totalIntensity,
    mask: dataset.mask,
    object: object.object,
    probe: probe.probe,
    positionsPx: canvas.centredPx,
    originPx: canvas.originPx,
    plan,
    options,
  };
  return {
    problem,
    canvas,
    options,
    intensityScale: 1,
    notes: [
      ...canvas.notes,
      ...object.notes,
      ...probe.notes,
      ...settingsNotes(options, patterns.count, hooks.schedule !== undefined),
      ...(hooks.schedule ? noteScheduleGaps(hooks.schedule) : []),
    ],
  };
}

interface Run {
  readonly status: ReconstructResult["status"];
  readonly diagnosis: Diagnosis | null;
  readonly loss: number[];
  /** True when the epoch under way was left and the state before it counts. */
  readonly restore: boolean;
  readonly unsolvedSteps: number;
  /** Spent in `beforeEpoch`, where a run waits while it is paused. */
  readonly waitedMs: number;
}

async function runEpochs(
  engine: LsqmlEngine,
  problem: LsqmlProblem,
  scale: number,
  hooks: ReconstructHooks,
): Promise<Run> {
  const { epochs } = problem.options;
  const lossUnit = lossFactor(problem.options, scale);
  const loss = [...(hooks.resumeFrom?.loss ?? [])];
  let unsolvedSteps = hooks.resumeFrom?.unsolvedSteps ?? 0;
  const end = (status: Run["status"], restore: boolean, diagnosis: Diagnosis | null = null): Run => ({
    status,
    diagnosis,
    loss,
    restore,
    unsolvedSteps,
    waitedMs,
  });
  let waitedMs = 0;
  let computedSeconds = 0;
  let savedAt = performance.now();
  const save = async (startOf: number | null) => {
    if (!hooks.checkpoints || loss.length === 0) return;
    const snapshot = await engine.readSnapshot(startOf);
    await hooks.checkpoints.save({
      ...snapshot,
      epochsCompleted: loss.length,
      loss: Float64Array.from(loss),
      unsolvedSteps,
      profile: engine.state.plan.profile.name,
    });
    savedAt = performance.now();
  };
  for (let epoch = loss.length; epoch < epochs; epoch++) {
    if (hooks.beforeEpoch) {
      const arrived = performance.now();
      await hooks.beforeEpoch(epoch);
      waitedMs += performance.now() - arrived;
    }
    if (hooks.signal?.aborted) {
      await save(null);
      return end("cancelled", false);
    }
    const begin = performance.now();
    const raw = await engine.runEpoch(epoch, {
      ...(hooks.signal ? { signal: hooks.signal } : {}),
      onMinibatch: (minibatch, minibatchCount, indices) =>
        hooks.onMinibatch?.({ epoch, minibatch, minibatchCount, indices }),
    });
    const outcome = { ...raw, loss: lossUnit * raw.loss, minibatchLoss: raw.minibatchLoss.map((v) => lossUnit * v) };
    if (!outcome.finished) {
      await save(epoch);
      return end("cancelled", true);
    }
    unsolvedSteps += outcome.unsolvedSteps;
    if (outcome.firstBad) return end("diverged", true, diagnose(problem, epoch, outcome.firstBad));
    loss.push(outcome.loss);
    const seconds = (performance.now() - begin) / 1000;
    computedSeconds += seconds;
    const meanSeconds = computedSeconds / (epoch + 1 - (hooks.resumeFrom?.epochsCompleted ?? 0));
    reportEpoch(hooks, epoch, epochs, outcome, countPatterns(problem.plan, epoch), seconds, meanSeconds);
    if (hooks.preview && previewDue(hooks.preview, loss.length, epochs))
      await hooks.preview.paint({ epoch, ...engine.arraysOnDevice(), probeScale: Math.sqrt(scale) });
    const everyMs = 1000 * (hooks.checkpoints?.everySeconds ?? Infinity);
    if (loss.length < epochs && performance.now() - savedAt >= everyMs) await save(null);
  }
  return end("complete", false);
}

function previewDue({ everyEpochs = 1 }: PreviewHook, epochsDone: number, epochs: number): boolean {
  return epochsDone % everyEpochs === 0 || epochsDone === epochs;
}

function reportEpoch(
  hooks: ReconstructHooks,
  epoch: number,
  epochCount: number,
  outcome: EpochOutcome,
  patterns: number,
  seconds: number,
  meanSeconds: number,
): void {
  const progress: EpochProgress = {
    epoch,
    epochCount,
    loss: outcome.loss,
    minibatchLoss: outcome.minibatchLoss,
    seconds,
    patternsPerSecond: patterns / seconds,
  };
  hooks.onEpoch?.(progress);
  const done = epoch + 1;
  hooks.onProgress?.({ ...progress, share: done / epochCount, etaSeconds: meanSeconds * (epochCount - done) });
}

function diagnose(problem: LsqmlProblem, epoch: number, bad: NonNullable<EpochOutcome["firstBad"]>): Diagnosis {
  return { epoch, minibatch: bad.minibatch, quantity: bad.quantity, likelyCause: guessCause(problem, bad.quantity) };
}

/** What most often lies behind a NaN, from the options and the data. */
function guessCause(problem: LsqmlProblem, quantity: Diagnosis["quantity"]): string {
  const { options } = problem;
  const rates = [options.object.stepSize, options.probe.stepSize];
  if (Math.max(...rates) > 2)
    return "the learning rate (object.stepSize, probe.stepSize) is far above 1: the steps overshoot";
  if (!allFinite(problem.probe.data)) return "the initial probe holds NaN or infinite values";
  if (problem.probe.data.every((value) => value === 0)) return "the initial probe is zero everywhere";
  if (options.noiseModel === "poisson") {
    return "the Poisson model divides by the modelled intensity: give counts instead of normalised data, or use --noise-model gaussian";
  }
  return `the ${quantity} left the range of float32: check the scale of patterns and probe (ptycho inspect)`;
}

function countPatterns(plan: MinibatchPlan, epoch: number): number {
  return plan.minibatches(epoch).reduce((sum, indices) => sum + indices.length, 0);
}

/** Patterns of the first `epochs` epochs, ascending. */
function usedPatterns(plan: MinibatchPlan, count: number, epochs: number): Int32Array {
  const used = new Uint8Array(count);
  for (let epoch = 0; epoch < epochs && used.includes(0); epoch++)
    for (const indices of plan.minibatches(epoch)) for (const index of indices) used[index] = 1;
  return Int32Array.from(Array.from(used.keys()).filter((index) => used[index] === 1));
}

function allFinite(values: Float32Array): boolean {
  return values.every(Number.isFinite);
}

function ringBytes(engine: LsqmlEngine): number {
  return engine.state.patterns.flat().reduce((sum, buffer) => sum + buffer.size, 0);
}

function memoryNote(patternBytes: number): DatasetNote {
  const message =
    `the device memory asked for does not hold two minibatches: ${patternBytes} bytes of patterns are kept there; ` +
    "a smaller --batch-size needs less";
  return { level: "warning", code: "DEVICE_MEMORY", message };
}

function unsolvedNote(count: number): DatasetNote {
  const message = `${count} step sizes had no solution (no light or no gradient) and were left out`;
  return { level: "warning", code: "STEPS_UNSOLVED", message };
}
