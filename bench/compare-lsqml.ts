// One row: the same scan, schedule and options through both engines in turn, the gate, and what came out.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GateValue, gateEarly, gateFinal, LEAST_MOVEMENT, measureMovement, passesGate } from "./compare-gate.ts";
import { type EpochPlan, type LsqmlRow, planEpochs } from "./compare-rows.ts";
import { type PreparedScan, writeSchedule } from "./compare-scan.ts";
import { type JobWork, Side, type SideChoices, type VariantName } from "./compare-sides.ts";
import { mean, pairRatios, type Spread, spread, spreadOrNull } from "./statistics.ts";

export interface RunChoices extends SideChoices {
  readonly folder: string;
  readonly repeats: number;
  readonly epochsPerTurn: number;
  readonly steady: boolean;
  readonly variants: readonly VariantName[];
  readonly batchSizes: readonly number[];
  /** Also from process start to first epoch, in processes of their own. */
  readonly firstResults: boolean;
  readonly say: (line: string) => void;
}

export interface SideResult {
  readonly batchSize: number;
  readonly secondsPerEpoch: Spread;
  readonly patternsPerSecond: Spread;
  /** Minibatch code alone; null where the engine cannot tell. */
  readonly computeSecondsPerEpoch: Spread | null;
  /** The first two epochs. */
  readonly warmUpSeconds: readonly number[];
  /** Reading, compiling, upload. */
  readonly prepareSeconds: number;
  readonly peakHostBytes: number;
  readonly deviceBytes: number | null;
  readonly doublePrecisionFft: boolean | null;
}

export interface GateRecord {
  readonly batchSize: number;
  /** How far pty-chi's object went between the ends of epochs 0 and 2: agreement of what stood still would say nothing. */
  readonly movement: number;
  /** After three epochs, by variant. */
  readonly early: Readonly<Record<string, readonly GateValue[]>>;
  /** After the run; null where the schedules differ. */
  readonly final: Readonly<Record<string, readonly GateValue[]>> | null;
}

export interface FirstResult {
  /** Seconds from process start to the end of epoch 0, which only rescales, and of epoch 1, the first that updates. */
  readonly firstEpochSeconds: number;
  readonly firstUpdateSeconds: number;
}

export interface LsqmlResult {
  readonly passed: boolean;
  readonly gates: readonly GateRecord[];
  readonly epochs: EpochPlan;
  readonly sides: Readonly<Record<string, SideResult>>;
  /** Theirs over ours, by variant; null when the gate did not pass. */
  readonly ratios: Readonly<
    Record<string, { readonly epoch: Spread | null; readonly compute: Spread | null } | null>
  > | null;
  /** Shader caches empty, then as the first left them. */
  readonly firstResults: Readonly<Record<string, { readonly cold: FirstResult; readonly warm: FirstResult }>> | null;
  /** Seconds per epoch of every batch size that was tried; null where it was given. */
  readonly batchTrials: Readonly<Record<string, Readonly<Record<number, number>>>> | null;
}

const PAUSE_MS = 150;
const TRIAL_EPOCHS = 4;

/** Measures a row. Errors of a worker end it; a gate that does not pass gives a result without ratios. */
export async function compareRow(row: LsqmlRow, scan: PreparedScan, choices: RunChoices): Promise<LsqmlResult> {
  const plan = planEpochs(choices.repeats, choices.epochsPerTurn, choices.steady);
  const trials = row.batch === "best" ? await tryBatchSizes(row, scan, choices) : null;
  const batchOf = (variant: VariantName | null) =>
    row.batch === "best" ? fastest(trials![variant === null ? "ours" : "theirs"]!) : row.batch;
  const sides = [null, ...choices.variants].map((variant) => new Side(variant, choices));
  try {
    const gates: GateRecord[] = [];
    const same = batchOf(null) === batchOf("default");
    if (!same)
      for (const batchSize of [batchOf(null), batchOf("default")])
        gates.push(await gateAlone(row, scan, batchSize, choices));
    if (!gates.every(gatePassed)) return failed(gates, plan);
    const prepared = await prepareAll(sides, row, scan, plan, batchOf, choices);
    const { seconds: warmUp, ...first } = await runFirstEpochs(sides, scan);
    if (same) gates.push({ batchSize: batchOf(null), ...first });
    if (!gates.every(gatePassed)) return failed(gates, plan);
    await runAll(sides, plan.untimed);
    const turns = await takeTurns(sides, plan, choices);
    if (same) gates.push({ ...gates.pop()!, final: await gateSides(sides, scan, gateFinal) });
    const passed = gates.every(gatePassed);
    const results: Record<string, SideResult> = {};
    for (const [index, side] of sides.entries()) {
      const { peakBytes, deviceBytes } = await side.memory();
      const { seconds, compute } = turns[index]!;
      results[side.name] = {
        batchSize: batchOf(side.variant),
        secondsPerEpoch: spread(seconds),
        patternsPerSecond: spreadOrNull(seconds.map((value) => row.patterns / value))!,
        computeSecondsPerEpoch: spreadOrNull(compute),
        warmUpSeconds: warmUp[index]!.slice(0, plan.warmUp.count),
        prepareSeconds: prepared[index]!.seconds,
        peakHostBytes: peakBytes,
        deviceBytes,
        doublePrecisionFft: prepared[index]!.doublePrecisionFft,
      };
    }
    const [ours, ...theirs] = turns;
    const ratios = theirs.map(({ seconds, compute }, index) => [
      choices.variants[index]!,
      {
        epoch: row.computeOnly ? null : spreadOrNull(pairRatios(seconds, ours!.seconds)),
        // our whole epoch against their minibatches alone
        compute: compute.length > 0 ? spreadOrNull(pairRatios(compute, ours!.seconds)) : null,
      },
    ]);
    await Promise.all(sides.map((side) => side.close()));
    return {
      passed,
      gates,
      epochs: plan,
      sides: results,
      ratios: passed ? Object.fromEntries(ratios) : null,
      firstResults: passed && choices.firstResults ? await measureFirstResults(row, scan, batchOf, choices) : null,
      batchTrials: trials,
    };
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

function failed(gates: readonly GateRecord[], epochs: EpochPlan): LsqmlResult {
  return { passed: false, gates, epochs, sides: {}, ratios: null, firstResults: null, batchTrials: null };
}

function gatePassed({ movement, early, final }: GateRecord): boolean {
  if (!(movement >= LEAST_MOVEMENT)) return false;
  return [...Object.values(early), ...Object.values(final ?? {})].every(passesGate);
}

async function describeJob(
  row: LsqmlRow,
  scan: PreparedScan,
  batchSize: number,
  epochs: number,
  { folder }: RunChoices,
): Promise<JobWork> {
  const schedule = await writeSchedule(folder, scan, batchSize, epochs);
  const { path, canvasShape } = scan;
  return { scan: path, schedule, canvasShape, epochs, batchSize, noiseModel: row.noise };
}

/** One after the other, so that neither start-up disturbs the other. */
async function prepareAll(
  sides: readonly Side[],
  row: LsqmlRow,
  scan: PreparedScan,
  plan: EpochPlan,
  batchOf: (variant: VariantName | null) => number,
  choices: RunChoices,
): Promise<{ seconds: number; doublePrecisionFft: boolean | null }[]> {
  const prepared = [];
  for (const side of sides) {
    await side.ready();
    const job = await describeJob(row, scan, batchOf(side.variant), plan.total, choices);
    const { seconds, doublePrecisionFft } = await side.prepare(job);
    const all = typeof seconds === "number" ? seconds : (seconds as { all: number }).all;
    prepared.push({ seconds: all, doublePrecisionFft: (doublePrecisionFft as boolean | undefined) ?? null });
  }
  return prepared;
}

/** Seconds of every epoch, by side. */
async function runAll(sides: readonly Side[], span: EpochPlan["untimed"]): Promise<number[][]> {
  const seconds = [];
  for (const side of sides) seconds.push((await side.run(span)).seconds);
  return seconds;
}

/** A B C A B C ...: mean seconds per epoch of every turn, by side. */
async function takeTurns(
  sides: readonly Side[],
  plan: EpochPlan,
  { say }: RunChoices,
): Promise<{ seconds: number[]; compute: number[] }[]> {
  const results = sides.map(() => ({ seconds: [] as number[], compute: [] as number[] }));
  for (const [turn, { before, timed }] of plan.turns.entries()) {
    await runAll(sides, before);
    for (const [index, side] of sides.entries()) {
      // threads of the one before spin on for a moment
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      const { seconds, computeSeconds } = await side.run(timed);
      results[index]!.seconds.push(mean(seconds));
      if (computeSeconds) results[index]!.compute.push(mean(computeSeconds));
    }
    const line = sides.map(({ name }, index) => `${name} ${results[index]!.seconds.at(-1)!.toPrecision(3)} s`);
    say(`   turn ${turn + 1}/${plan.turns.length}, per epoch: ${line.join(", ")}`);
  }
  return results;
}

/** Epochs 0 to 2 and the gate after them; seconds by side and epoch. */
async function runFirstEpochs(
  sides: readonly Side[],
  scan: PreparedScan,
): Promise<Omit<GateRecord, "batchSize"> & { readonly seconds: number[][] }> {
  const scaled = await runAll(sides, { first: 0, count: 1 });
  const before = await sides[1]!.state();
  const updated = await runAll(sides, { first: 1, count: 2 });
  const after = await sides[1]!.state();
  return {
    movement: measureMovement(before.object, after.object, scan.illumination),
    early: await gateSides(sides, scan, gateEarly),
    final: null,
    seconds: scaled.map((seconds, index) => [...seconds, ...updated[index]!]),
  };
}

async function gateSides(
  [ours, ...theirs]: readonly Side[],
  scan: PreparedScan,
  gate: typeof gateEarly,
): Promise<Record<string, GateValue[]>> {
  const own = await ours!.state();
  const found: Record<string, GateValue[]> = {};
  for (const side of theirs) found[side.variant!] = gate(own, await side.state(), scan.illumination);
  return found;
}

/** The gate after three epochs where the timed runs have different schedules. */
async function gateAlone(
  row: LsqmlRow,
  scan: PreparedScan,
  batchSize: number,
  choices: RunChoices,
): Promise<GateRecord> {
  const sides = [null, "default" as const].map((variant) => new Side(variant, choices));
  try {
    const job = await describeJob(row, scan, batchSize, 3, choices);
    for (const side of sides) {
      await side.ready();
      await side.prepare(job);
    }
    const { seconds: _, ...gate } = await runFirstEpochs(sides, scan);
    return { batchSize, ...gate };
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

/** Seconds per epoch by batch size: the better of the last two of four epochs. */
async function tryBatchSizes(
  row: LsqmlRow,
  scan: PreparedScan,
  choices: RunChoices,
): Promise<{ ours: Record<number, number>; theirs: Record<number, number> }> {
  const trials = { ours: {} as Record<number, number>, theirs: {} as Record<number, number> };
  for (const [name, variant] of [["ours", null] as const, ["theirs", "default"] as const]) {
    const side = new Side(variant, choices);
    try {
      await side.ready();
      for (const batchSize of choices.batchSizes.filter((size) => size <= row.patterns)) {
        await side.prepare(await describeJob(row, scan, batchSize, TRIAL_EPOCHS, choices));
        const { seconds } = await side.run({ first: 0, count: TRIAL_EPOCHS });
        trials[name][batchSize] = Math.min(...seconds.slice(2));
      }
    } finally {
      await side.close();
    }
    choices.say(
      `   batch sizes, ${name}: ${Object.entries(trials[name]).map(([size, value]) => `${size} ${value.toPrecision(3)} s`)}`,
    );
  }
  return trials;
}

function fastest(trials: Readonly<Record<number, number>>): number {
  return Number(Object.entries(trials).reduce((best, entry) => (entry[1] < best[1] ? entry : best))[0]);
}

/** Processes of their own; the second finds what the first left in the driver's shader caches. */
async function measureFirstResults(
  row: LsqmlRow,
  scan: PreparedScan,
  batchOf: (variant: VariantName | null) => number,
  choices: RunChoices,
): Promise<Record<string, { cold: FirstResult; warm: FirstResult }>> {
  const results: Record<string, { cold: FirstResult; warm: FirstResult }> = {};
  for (const variant of [null, "default"] as const) {
    const caches = await mkdtemp(join(tmpdir(), "ptycho-caches-"));
    const env = {
      ...process.env,
      MESA_SHADER_CACHE_DIR: caches,
      __GL_SHADER_DISK_CACHE_PATH: caches,
      TRITON_CACHE_DIR: join(caches, "triton"),
    };
    try {
      const job = await describeJob(row, scan, batchOf(variant), 2, choices);
      const [cold, warm] = [await startOnce(variant, job, env, choices), await startOnce(variant, job, env, choices)];
      results[variant === null ? "ours" : `pty-chi ${variant}`] = { cold, warm };
    } finally {
      await rm(caches, { recursive: true, force: true });
    }
  }
  return results;
}

async function startOnce(
  variant: VariantName | null,
  job: JobWork,
  env: NodeJS.ProcessEnv,
  choices: RunChoices,
): Promise<FirstResult> {
  const side = new Side(variant, choices, env);
  const elapsed = () => (performance.now() - side.worker.startedAt) / 1000;
  try {
    await side.ready();
    await side.prepare(job);
    await side.run({ first: 0, count: 1 });
    const firstEpochSeconds = elapsed();
    await side.run({ first: 1, count: 1 });
    return { firstEpochSeconds, firstUpdateSeconds: elapsed() };
  } finally {
    await side.close();
  }
}
