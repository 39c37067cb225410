// npm run bench:kernels: time of every stage of an LSQML epoch beside the bytes and operations it comes to by model, and
// the share of the floor that it reaches (performance.md sections 3.3 and 6).

import { formatAdapterLine, LsqmlEngine, type LsqmlProblem } from "../src/index.ts";
import { openDevice } from "../src/node/index.ts";
import { type Cost, leastPlanes, planeBytes, stageCost, type Workload } from "./cost-model.ts";
import { measureCopies, measureFlops, measureLatencies, type Probed } from "./device-probes.ts";
import { GpuClock } from "./gpu-clock.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { describeMachine, saveResults } from "./save-results.ts";
import { type HostSeconds, timeBusyByStamps, timeHost, timeStagesByStamps, timeStagesByWall } from "./stage-clock.ts";
import { median } from "./statistics.ts";
import { makeTimingProblem } from "./synthetic.ts";
import { type Column, formatMarkdown, formatTable, percent, significant } from "./text-table.ts";
import { countTouchedPixels } from "./touched-pixels.ts";

const USAGE = `usage: npm run bench:kernels -- [--device auto|gpu|software] [--adapter NAME] [--driver NAME] [--json] [--save]
                                [--sizes 64,128] [--modes 1,4] [--noise gaussian|poisson] [--patterns N] [--batch 96]
                                [--rounds 5]
Times every stage of an epoch: by timestamps on a GPU; on a processor by the wall clock, each stage in a submit of its
own. Beside it bytes and operations by model (bench/cost-model.ts). Seconds on a GPU, minutes on a processor.
--save writes bench/results/kernels-NAME.json and .md.`;
const TERMS = [
  "MB and Mflop: by model, per minibatch; transforms in two passes, what patterns share counted once",
  "of floor: the longer of bytes at the rate of a copy and operations at that of multiply-adds, of the time taken",
  "above 100 %: caches hold what a copy of large buffers cannot",
];
/** The illumination map is rebuilt in epochs 1 to 9 and every tenth: the others are timed, as in a long run. */
const FIRST_TIMED_EPOCH = 11;

endWithMessage();
const values = readFlags(USAGE, {
  device: { type: "string", default: "auto" },
  adapter: { type: "string" },
  driver: { type: "string" },
  sizes: { type: "string", default: "64,128" },
  modes: { type: "string", default: "1,4" },
  noise: { type: "string", default: "gaussian" },
  patterns: { type: "string" },
  batch: { type: "string", default: "96" },
  rounds: { type: "string", default: "5" },
  json: { type: "boolean", default: false },
  save: { type: "boolean", default: false },
});

interface StageRow {
  readonly stage: string;
  /** Per epoch. */
  readonly seconds: number;
  readonly share: number;
  /** Per epoch; null for a stage without a model. */
  readonly cost: Cost | null;
  readonly floorSeconds: number | null;
}

interface KernelTable {
  readonly size: number;
  readonly modes: number;
  readonly noise: string;
  readonly patterns: number;
  readonly minibatches: number;
  readonly clock: "timestamps" | "wall";
  readonly rows: readonly StageRow[];
  /** Of an epoch as it is run otherwise. */
  readonly epochSeconds: number;
  /** Share of the epoch in which the device had nothing to do; null without timestamps. */
  readonly idleShare: number | null;
  readonly host: HostSeconds;
  /** Of the epoch: least bytes of a fused engine with transforms in two passes, at the rate of a copy. */
  readonly fusedFloorSeconds: number;
}

const opened = await openDevice({
  device: values.device as "auto",
  timestamps: true,
  ...(values.adapter ? { adapter: values.adapter } : {}),
  ...(values.driver ? { driver: values.driver } : {}),
});
const { device, facts } = opened;
const software = facts.kind === "software";
const stamped = !software && device.features.has("timestamp-query");
const noise = values.noise === "poisson" ? "poisson" : "gaussian";
const markdown: string[] = [];
if (!values.json) console.log(formatAdapterLine(facts));
const roofs = await measureRoofs({ device, software, clock: new GpuClock(device, stamped) });
say(
  `copy ${significant(roofs.bytesPerSecond / 1e9)} GB/s, multiply-adds ${significant(roofs.flopsPerSecond / 1e9)} GFLOP/s, submit ${significant(roofs.submitSeconds * 1e6)} us`,
);
for (const line of TERMS) say(line);
markdown.push("");
const tables: KernelTable[] = [];
for (const size of values.sizes.split(",").map(Number))
  for (const modes of values.modes.split(",").map(Number)) tables.push(await timeKernels(size, modes));
const options = { noise, batch: Number(values.batch), rounds: Number(values.rounds) };
const results = { roofs, tables };
if (values.json) console.log(JSON.stringify({ machine: describeMachine(), adapter: facts, options, results }));
if (values.save) {
  const benchmark = noise === "gaussian" ? "kernels" : "kernels-poisson";
  const files = await saveResults({ benchmark, adapter: facts, options, results, markdown });
  if (!values.json) console.log(`written: ${files.join(", ")}`);
}
process.exit(0);

/** What is measured first; copies of buffers that no cache holds. */
async function measureRoofs(probed: Probed) {
  const copies = await measureCopies(probed, software ? 2 ** 25 : 2 ** 28);
  const { submitSeconds } = await measureLatencies(probed);
  return {
    bytesPerSecond: Math.max(...copies.map(({ bytesPerSecond }) => bytesPerSecond)),
    flopsPerSecond: await measureFlops(probed),
    submitSeconds: submitSeconds.median,
  };
}

async function timeKernels(size: number, modes: number): Promise<KernelTable> {
  const patternCount = Number(values.patterns ?? (software ? 192 : 1920));
  const batchSize = Number(values.batch);
  const problem = makeTimingProblem({
    size,
    modeCount: modes,
    patternCount,
    batchSize,
    options: { noiseModel: noise },
  });
  const engine = await LsqmlEngine.create(device, problem, 1);
  try {
    for (const warmUp of [0, 1]) await engine.runEpoch(warmUp);
    let epoch = FIRST_TIMED_EPOCH;
    const stages = new Map<string, number[]>();
    const [whole, busy, host]: [number[], number[], HostSeconds[]] = [[], [], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      const begin = performance.now();
      await engine.runEpoch(nextEpoch());
      whole.push((performance.now() - begin) / 1000);
      host.push(await timeHost(device, engine, nextEpoch()));
      if (stamped) busy.push(await timeBusyByStamps(device, engine, nextEpoch()));
      const timed = stamped
        ? await timeStagesByStamps(device, engine, nextEpoch())
        : await timeStagesByWall(device, engine, nextEpoch());
      for (const [name, seconds] of timed) stages.set(name, [...(stages.get(name) ?? []), seconds]);
    }
    const minibatches = problem.plan.minibatches(FIRST_TIMED_EPOCH).length;
    const epochSeconds = median(whole);
    return report({
      size,
      modes,
      noise,
      patterns: patternCount,
      minibatches,
      clock: stamped ? "timestamps" : "wall",
      rows: makeRows(stages, describeWork(problem, size, modes)),
      epochSeconds,
      idleShare: stamped ? Math.max(0, 1 - median(busy) / epochSeconds) : null,
      host: {
        tables: median(host.map(({ tables: seconds }) => seconds)),
        encode: median(host.map(({ encode }) => encode)),
        submit: median(host.map(({ submit }) => submit)),
      },
      fusedFloorSeconds: (patternCount * leastPlanes(modes, "two-pass") * planeBytes(size)) / roofs.bytesPerSecond,
    });

    function nextEpoch(): number {
      epoch += epoch % 10 === 9 ? 2 : 1;
      return epoch;
    }
  } finally {
    engine.destroy();
  }
}

function describeWork(problem: LsqmlProblem, size: number, modes: number): Workload {
  const [, rows, columns] = problem.object.shape as [number, number, number];
  return {
    size,
    modes,
    noise,
    sampleBytes: problem.patterns.patternBytes / size ** 2,
    canvasPixels: rows * columns,
    minibatches: problem.plan.minibatches(FIRST_TIMED_EPOCH).map((indices) => ({
      patterns: indices.length,
      objectPixels: countTouchedPixels(problem, indices),
    })),
  };
}

function makeRows(stages: ReadonlyMap<string, readonly number[]>, workload: Workload): StageRow[] {
  const medians = [...stages].map(([stage, times]) => ({ stage, seconds: median(times) }));
  const total = medians.reduce((sum, { seconds }) => sum + seconds, 0);
  return medians.map(({ stage, seconds }) => {
    const cost = stageCost(stage, workload);
    const floorSeconds = cost && Math.max(cost.bytes / roofs.bytesPerSecond, cost.flops / roofs.flopsPerSecond);
    return { stage, seconds, share: seconds / total, cost, floorSeconds };
  });
}

function report(table: KernelTable): KernelTable {
  const { rows, minibatches, epochSeconds, idleShare, host } = table;
  const per = (value: number | null | undefined, unit: number) =>
    significant(value === null || value === undefined ? null : value / minibatches / unit);
  const columns: Column<StageRow>[] = [
    { title: "stage", show: ({ stage }) => stage },
    { title: "us/minibatch", show: ({ seconds }) => per(seconds, 1e-6) },
    { title: "share", show: ({ share }) => percent(share) },
    { title: "MB", show: ({ cost }) => per(cost?.bytes, 1e6) },
    { title: "Mflop", show: ({ cost }) => per(cost?.flops, 1e6) },
    { title: "GB/s", show: ({ cost, seconds }) => significant(cost && cost.bytes / seconds / 1e9) },
    { title: "GFLOP/s", show: ({ cost, seconds }) => significant(cost && cost.flops / seconds / 1e9) },
    { title: "of floor", show: ({ floorSeconds, seconds }) => percent(floorSeconds && floorSeconds / seconds) },
  ];
  const sum = (pick: (row: StageRow) => number | null) => rows.reduce((total, row) => total + (pick(row) ?? 0), 0);
  const all: StageRow = {
    stage: "all",
    seconds: sum(({ seconds }) => seconds),
    share: 1,
    cost: { bytes: sum(({ cost }) => cost?.bytes ?? 0), flops: sum(({ cost }) => cost?.flops ?? 0) },
    floorSeconds: sum(({ floorSeconds }) => floorSeconds),
  };
  const title = `${table.patterns} x ${table.size}^2, ${table.modes === 1 ? "1 mode" : `${table.modes} modes`}, ${table.noise}, ${minibatches} minibatches, by ${table.clock}`;
  const facts = [
    `epoch ${significant(epochSeconds * 1e3)} ms: ${Math.round(table.patterns / epochSeconds)} patterns/s, ${per(epochSeconds, 1e-6)} us per minibatch`,
    `fused floor (${leastPlanes(table.modes, "two-pass")} planes per pattern at the copy's rate): ${percent(table.fusedFloorSeconds / epochSeconds)} reached`,
    idleShare === null ? null : `device idle for ${percent(idleShare)} of the epoch`,
    `host: ${per(host.encode, 1e-6)} us per minibatch to encode, ${per(host.submit, 1e-6)} us to submit; ${significant(host.tables * 1e3)} ms per epoch for its tables`,
  ].filter((fact) => fact !== null);
  if (!values.json) {
    console.log(`\n${title}`);
    for (const line of [...formatTable(columns, [...rows, all]), ...facts]) console.log(`  ${line}`);
  }
  markdown.push(
    `## ${title}`,
    "",
    ...formatMarkdown(columns, [...rows, all]),
    "",
    ...facts.map((fact) => `- ${fact}`),
    "",
  );
  return table;
}

function say(line: string): void {
  if (!values.json) console.log(line);
  markdown.push(`- ${line}`);
}
