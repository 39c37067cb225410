// npm run bench:fft: batched 2-D FFTs against the memory floor and against torch.fft.fft2, in turn, after a check that
// both give the same numbers (performance.md section 1.3 and H7).

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BufferPool, defaultProfile, Fft2d, formatAdapterLine } from "../src/index.ts";
import { openDevice } from "../src/node/index.ts";
import { fftBytes, fftFlops, planeBytes } from "./cost-model.ts";
import { bindProbe, type ProbeKernel } from "./device-kernels.ts";
import { type CopyWay, chooseCopy, copyWorkgroups, readPart } from "./device-probes.ts";
import { bestSeconds, GpuClock } from "./gpu-clock.ts";
import { JsonLineWorker } from "./json-lines.ts";
import { findPython, pythonScript } from "./python.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { describeMachine, saveResults } from "./save-results.ts";
import { median, pairRatios, type Spread, spread } from "./statistics.ts";
import { makeUniform } from "./synthetic.ts";
import { type Column, formatMarkdown, formatTable, percent, significant } from "./text-table.ts";

const USAGE = `usage: npm run bench:fft -- [--device auto|gpu|software] [--adapter NAME] [--driver NAME] [--json] [--save]
                            [--sizes 32,64,...] [--planes N] [--rounds 5] [--python FILE] [--no-torch]
Batched 2-D transforms of complex float32, forward, against the rate of a copy and against torch.fft.fft2 in turn: cuFFT
when both run on a GPU, else all cores. Seconds on a GPU, about two minutes on a processor. The interpreter is that of
npm run bench:setup, unless --python names another. --save writes bench/results/fft-NAME.json and .md.`;
/** Largest difference of two float32 transforms, relative to the largest value. */
const TOLERANCE = 2e-6;
const SECONDS_PER_TURN = { hardware: 0.05, software: 0.2 };
/** Idle threads of the other side spin for a while. */
const PAUSE_MS = 20;

endWithMessage();
const values = readFlags(USAGE, {
  device: { type: "string", default: "auto" },
  adapter: { type: "string" },
  driver: { type: "string" },
  sizes: { type: "string", default: "32,64,128,256,512,1024,96,160" },
  planes: { type: "string" },
  rounds: { type: "string", default: "5" },
  python: { type: "string" },
  "no-torch": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  save: { type: "boolean", default: false },
});

interface FftRow {
  readonly size: number;
  readonly planes: number;
  readonly passes: number;
  /** Seconds of the batch; `wall` includes the submit. */
  readonly seconds: Spread;
  readonly wallSeconds: Spread;
  readonly planesPerSecond: number;
  readonly flopsPerSecond: number;
  readonly copyBytesPerSecond: number;
  /** Time that two passes at the copy's rate take, of the time taken. */
  readonly floorShare: number;
  readonly torchSeconds: Spread | null;
  /** Torch's time over ours, round by round; above 1 is faster than torch. */
  readonly torchRatio: Spread | null;
  /** Relative to the largest value of the float64 transform; null without torch. */
  readonly errors: { readonly ours: number; readonly torch: number; readonly difference: number } | null;
}

const opened = await openDevice({
  device: values.device as "auto",
  timestamps: true,
  ...(values.adapter ? { adapter: values.adapter } : {}),
  ...(values.driver ? { driver: values.driver } : {}),
});
const { device, facts } = opened;
const software = facts.kind === "software";
const clock = new GpuClock(device, !software);
const folder = await mkdtemp(join(tmpdir(), "ptycho-fft-"));
say(formatAdapterLine(facts));
const python = values["no-torch"] ? null : findPython(values.python);
if (!python) say("without torch: no interpreter (npm run bench:setup, or --python FILE)");
const worker = python ? new JsonLineWorker("Python", python, [pythonScript("speed_worker.py")]) : null;
const facing: { torch: Readonly<Record<string, unknown>> | null } = { torch: null };
try {
  const way = await chooseCopy({ device, clock, software }, software ? 2 ** 24 : 2 ** 28);
  const rows: FftRow[] = [];
  for (const size of values.sizes.split(",").map(Number)) rows.push(await timeSize(size, way));
  const notes = describeNotes(way);
  for (const line of [...notes, "", ...formatTable(columns(), rows)]) say(line);
  const options = { sizes: values.sizes, planes: values.planes ?? null, rounds: Number(values.rounds) };
  const results = { copy: way.kind, torch: facing.torch, rows };
  if (values.json) console.log(JSON.stringify({ machine: describeMachine(), adapter: facts, options, results }));
  if (values.save) {
    const markdown = [...notes.map((note) => `- ${note}`), "", ...formatMarkdown(columns(), rows)];
    const versions = { torch: (facing.torch?.torch as string | undefined) ?? null };
    const files = await saveResults({ benchmark: "fft", adapter: facts, options, results, markdown, versions });
    if (!values.json) console.log(`written: ${files.join(", ")}`);
  }
} finally {
  await worker?.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

function say(line: string): void {
  if (!values.json) console.log(line);
}

async function timeSize(size: number, way: CopyWay): Promise<FftRow> {
  const pool = new BufferPool(device);
  const samples = software ? 2 ** 20 : 2 ** 26;
  const distinct = 4;
  const wanted = Number(values.planes ?? samples / size ** 2);
  const planes = distinct * Math.max(1, Math.floor(wanted / distinct));
  const bytes = planeBytes(size) * planes;
  const batch = pool.uniform("batch", 256);
  device.queue.writeBuffer(batch, 0, Uint32Array.of(0, planes, 0, planes, 0, 0, 0, 1, 0));
  const source = pool.storage("source", bytes);
  const result = pool.storage("result", bytes);
  const scratch = pool.storage("scratch", bytes);
  const input = fillSource(source, size, distinct);
  const fft = new Fft2d(device, batch, size, size, defaultProfile(device));
  try {
    const bound = await fft.bind({
      source,
      result,
      scratch,
      direction: "forward",
      scale: 1,
      planesPerPattern: 1,
    });
    const copy = await bindProbe(device, way.code, [
      { buffer: source, access: "read" },
      { buffer: scratch, access: "readWrite" },
    ]);
    const transform: Encode = (pass) => bound.encode(pass, planes, 0);
    await timeRuns(transform, 1);
    const errors = worker ? await compareWithTorch(size, distinct, planes, input, result) : null;
    return await timeInTurn(size, planes, 2, transform, copy, way, errors);
  } finally {
    fft.destroy();
    pool.destroy();
  }
}

type Encode = (pass: GPUComputePassEncoder) => void;

async function timeInTurn(
  size: number,
  planes: number,
  passes: number,
  transform: Encode,
  copy: ProbeKernel,
  way: CopyWay,
  errors: FftRow["errors"],
): Promise<FftRow> {
  const bytes = planeBytes(size) * planes;
  const workgroups = copyWorkgroups(way, bytes);
  const copying: Encode = (pass) => copy.encode(pass, workgroups);
  const target = SECONDS_PER_TURN[facts.kind];
  const times = async (work: Encode) => repeats(target, (await timeRuns(work, 1)).seconds);
  const [oursTimes, copyTimes] = [await times(transform), await times(copying)];
  const torchTimes = worker ? repeats(target, Number((await worker.call("fft-time", { times: 1 })).seconds)) : 0;
  const [ours, wall, theirs, copies]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    copies.push((await timeRuns(copying, copyTimes)).seconds);
    const timed = await timeRuns(transform, oursTimes);
    ours.push(timed.seconds);
    wall.push(timed.wall);
    await sleep(PAUSE_MS);
    if (worker) {
      theirs.push(Number((await worker.call("fft-time", { times: torchTimes })).seconds));
      await sleep(PAUSE_MS);
    }
  }
  const seconds = spread(ours);
  const copyBytesPerSecond = (2 * bytes) / median(copies);
  return {
    size,
    planes,
    passes,
    seconds,
    wallSeconds: spread(wall),
    planesPerSecond: planes / seconds.median,
    flopsPerSecond: (fftFlops(size) * planes) / seconds.median,
    copyBytesPerSecond,
    floorShare: (median(pairRatios(copies, ours)) * fftBytes(size)) / (2 * planeBytes(size)),
    torchSeconds: worker ? spread(theirs) : null,
    torchRatio: worker ? spread(pairRatios(theirs, wall)) : null,
    errors,
  };
}

function repeats(target: number, seconds: number): number {
  return Math.max(1, Math.min(1000, Math.ceil(target / seconds)));
}

/** Seconds per run of `times` runs in one pass. */
async function timeRuns(work: Encode, times: number): Promise<{ seconds: number; wall: number }> {
  const timed = await clock.time(
    (pass) => {
      for (let k = 0; k < times; k++) work(pass);
    },
    { repeat: 1 },
  );
  return { seconds: bestSeconds(timed).median / times, wall: timed.wallSeconds.median / times };
}

/** The same few planes again and again; gives them. */
function fillSource(source: GPUBuffer, size: number, distinct: number): Float32Array<ArrayBuffer> {
  const draw = makeUniform(size);
  const input = Float32Array.from({ length: 2 * distinct * size * size }, () => draw() - 0.5);
  device.queue.writeBuffer(source, 0, input);
  for (let filled = input.byteLength; filled < source.size; filled *= 2) {
    // a buffer is not copied onto itself, so by way of another
    const part = device.createBuffer({ size: Math.min(filled, source.size - filled), usage: 0x4 | 0x8 });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, part, 0, part.size);
    encoder.copyBufferToBuffer(part, 0, source, filled, part.size);
    device.queue.submit([encoder.finish()]);
    part.destroy();
  }
  return input;
}

/** Both sides against float64, the first and the last planes of ours; throws when they differ. */
async function compareWithTorch(
  size: number,
  distinct: number,
  planes: number,
  input: Float32Array<ArrayBuffer>,
  result: GPUBuffer,
): Promise<FftRow["errors"]> {
  const path = join(folder, "planes.raw");
  await writeFile(path, input);
  facing.torch = await worker!.call("fft-prepare", { path, size, distinct, planes, device: software ? "cpu" : "gpu" });
  const errors = { ours: 0, torch: 0, difference: 0 };
  for (const offset of [0, result.size - input.byteLength]) {
    await writeFile(path, new Uint8Array(await readPart(device, result, offset, input.byteLength)));
    const answer = await worker!.call("fft-check", { path });
    errors.ours = Math.max(errors.ours, Number(answer.oursError));
    errors.torch = Math.max(errors.torch, Number(answer.torchError));
    errors.difference = Math.max(errors.difference, Number(answer.difference));
  }
  if (!(errors.difference < TOLERANCE))
    throw new Error(`transforms of ${size} x ${size} differ by ${errors.difference}, more than ${TOLERANCE}`);
  return errors;
}

function columns(): Column<FftRow>[] {
  return [
    { title: "N", show: ({ size }) => size },
    { title: "planes", show: ({ planes }) => planes },
    { title: "passes", show: ({ passes }) => passes },
    { title: "ms", show: ({ seconds }) => significant(seconds.median * 1e3) },
    { title: "planes/s", show: ({ planesPerSecond }) => Math.round(planesPerSecond) },
    { title: "GFLOP/s", show: ({ flopsPerSecond }) => significant(flopsPerSecond / 1e9) },
    { title: "copy GB/s", show: ({ copyBytesPerSecond }) => significant(copyBytesPerSecond / 1e9) },
    { title: "of floor", show: ({ floorShare }) => percent(floorShare) },
    { title: "torch ms", show: ({ torchSeconds }) => significant(torchSeconds && torchSeconds.median * 1e3) },
    { title: "times torch", show: ({ torchRatio }) => significant(torchRatio?.median) },
    {
      title: "least, most",
      show: ({ torchRatio }) => torchRatio && `${significant(torchRatio.min)}, ${significant(torchRatio.max)}`,
    },
    { title: "error", show: ({ errors }) => errors?.ours.toExponential(1) ?? null },
    { title: "torch's", show: ({ errors }) => errors?.torch.toExponential(1) ?? null },
  ];
}

function describeNotes(way: CopyWay): string[] {
  const { torch } = facing;
  return [
    `floor: two passes at the rate of a copy (${way.kind}) of the same buffers in the same round, of the time taken`,
    torch
      ? `times torch: torch's time over ours, by the wall clock of both; torch ${torch.torch}, ${torch.library}, on ${torch.device}, ${torch.threads} threads`
      : "torch was not there",
    "error: largest difference from the float64 transform, relative to its largest value",
  ];
}
