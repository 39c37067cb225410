// Which profile is the fastest on a device, measured in turns on a made-up scan: for `ptycho tune`, never for a run.

import { GpuError } from "../errors.ts";
import { isSoftwareAdapter } from "../gpu/device.ts";
import { parseOptions } from "../options.ts";
import type { ProfileName } from "../profile-names.ts";
import { LsqmlEngine } from "./lsqml-engine.ts";
import { makeScan } from "./measure-batch.ts";
import type { LsqmlProblem } from "./problem.ts";
import { prepareProblem } from "./reconstruct.ts";
import { candidatesOf, defaultProfile } from "./state.ts";

/** The scans to be fast on. */
export interface ProfileShape {
  readonly framePx: readonly [number, number];
  readonly modeCount: number;
  readonly batchSize: number;
}

export interface ProfileMeasurement {
  readonly profile: ProfileName;
  /** True for what a run takes when nobody says anything. */
  readonly isDefault: boolean;
  /** Median of the turns; null when it could not be measured. */
  readonly patternsPerSecond: number | null;
  /** Compiling and loading. What profiles share is compiled for the first one only. */
  readonly readySeconds: number | null;
  /** Why it could not be measured; null when it was. */
  readonly reason: string | null;
}

/** Odd, so that the median is a turn. */
export const TURNS = 5;
/** A turn takes as many epochs as last so long: the clock and the reading back must not count. */
const TURN_SECONDS = 0.25;
const MOST_EPOCHS = 500;
/** One that measures, one that tells how long an epoch takes. */
const WARM_UP_EPOCHS = 2;
/** Errors that are a profile's own. */
const PROFILE_FAULTS = ["GPU_VALIDATION", "GPU_INTERNAL", "KERNEL_COMPILE", "FFT_SIZE", "LANE_ORDER", "GPU_LIMIT"];
/** Of an epoch: a processor takes long over each, a graphics processor must have enough to do between two readings. */
const MINIBATCHES = { software: 2, hardware: 8 } as const;

interface Contender {
  readonly profile: ProfileName;
  readonly engine: LsqmlEngine;
  readonly readySeconds: number;
  /** Of a turn. */
  readonly epochs: number;
  next: number;
}

/**
 * Measures every profile of the adapter's kind; `onStep` is told what comes next. Throws GpuError; a profile that alone
 * cannot be compiled or gives no numbers is part of the answer.
 */
export async function measureProfiles(
  device: GPUDevice,
  shape: ProfileShape,
  onStep: (step: string) => void = () => {},
): Promise<ProfileMeasurement[]> {
  const software = isSoftwareAdapter(device.adapterInfo);
  const problem = makeProblem(shape, MINIBATCHES[software ? "software" : "hardware"]);
  const names = candidatesOf(device);
  const contenders: Contender[] = [];
  const reasons = new Map<ProfileName, string>();
  try {
    for (const profile of names) {
      onStep(`compiling ${profile}`);
      const contender = await prepareContender(device, problem, profile).catch((error: unknown) => {
        // anything else says that the device will not do for the others either
        if (!(error instanceof GpuError) || !PROFILE_FAULTS.includes(error.code)) throw error;
        return error.message;
      });
      if (typeof contender === "string") reasons.set(profile, contender);
      else contenders.push(contender);
    }
    const rates = new Map<ProfileName, number[]>(contenders.map(({ profile }) => [profile, []]));
    for (let turn = 0; turn < TURNS; turn++) {
      onStep(`turn ${turn + 1} of ${TURNS}`);
      for (const contender of contenders) {
        const rate = await measureTurn(contender, problem.patterns.count);
        if (Number.isFinite(rate)) rates.get(contender.profile)!.push(rate);
        else reasons.set(contender.profile, "its numbers went wrong");
      }
    }
    const standard = defaultProfile(device).name;
    return names.map((profile): ProfileMeasurement => {
      const reason = reasons.get(profile) ?? null;
      return {
        profile,
        isDefault: profile === standard,
        patternsPerSecond: reason === null ? medianOf(rates.get(profile)!) : null,
        readySeconds: contenders.find((contender) => contender.profile === profile)?.readySeconds ?? null,
        reason,
      };
    });
  } finally {
    for (const { engine } of contenders) engine.destroy();
  }
}

/** The fastest of those that could be measured; the first of several; null when none could. */
export function findFastest(measurements: readonly ProfileMeasurement[]): ProfileMeasurement | null {
  let fastest: ProfileMeasurement | null = null;
  for (const measurement of measurements) {
    if ((measurement.patternsPerSecond ?? 0) > (fastest?.patternsPerSecond ?? 0)) fastest = measurement;
  }
  return fastest;
}

function makeProblem({ framePx, modeCount, batchSize }: ProfileShape, minibatches: number): LsqmlProblem {
  const dataset = makeScan({ framePx, modeCount }, minibatches * batchSize);
  // all that a step computes, and a state that stays where it is however many there are
  const still = { object: { stepSize: 0 }, probe: { stepSize: 0 } };
  const epochs = WARM_UP_EPOCHS + TURNS * MOST_EPOCHS;
  return prepareProblem(dataset, parseOptions({ ...still, batchSize, epochs })).problem;
}

async function prepareContender(device: GPUDevice, problem: LsqmlProblem, profile: ProfileName): Promise<Contender> {
  const begin = performance.now();
  const engine = await LsqmlEngine.create(device, problem, problem.options.epochs, { profile });
  try {
    const readySeconds = (performance.now() - begin) / 1000;
    await engine.runEpoch(0);
    const warm = performance.now();
    await engine.runEpoch(1);
    const seconds = (performance.now() - warm) / 1000;
    const epochs = Math.min(MOST_EPOCHS, Math.max(1, Math.ceil(TURN_SECONDS / seconds)));
    return { profile, engine, readySeconds, epochs, next: WARM_UP_EPOCHS };
  } catch (error) {
    engine.destroy();
    throw error;
  }
}

/** Patterns per second; NaN when the numbers went wrong. */
async function measureTurn(contender: Contender, patternCount: number): Promise<number> {
  const begin = performance.now();
  for (let epoch = 0; epoch < contender.epochs; epoch++) {
    const { firstBad } = await contender.engine.runEpoch(contender.next++);
    if (firstBad) return Number.NaN;
  }
  return (contender.epochs * patternCount) / ((performance.now() - begin) / 1000);
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
