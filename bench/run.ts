// npm run bench: FFT and LSQML epochs on the adapter at hand, with the share of every kernel and the byte floor
// (performance.md sections 1.3 and 3.3). Ratios are taken within one run; absolute numbers drift with the machine.

import { cpus } from "node:os";
import { BufferPool, compileKernel, defaultProfile, Fft2d, LsqmlEngine, StageTimer, scaleWave } from "../src/index.ts";
import { formatAdapterLine, openDevice } from "../src/node/index.ts";
import { leastPlanes, planeBytes } from "./cost-model.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { makeTimingProblem } from "./synthetic.ts";

const USAGE = `usage: npm run bench -- [--device auto|gpu|software] [--adapter NAME] [--driver NAME] [--json]
                        [--sizes 64,128] [--modes 1,4] [--patterns N] [--epochs N]
Times FFT and LSQML epochs: seconds on a GPU, one to three minutes on a processor. --patterns and --epochs change how
much is timed.`;
const TERMS = `floor = bound by memory traffic: the copy rate over the least bytes that transforms in two passes move.
start = compile, upload and two first epochs. Shares are of an epoch's stages, by the device's own clock.`;

endWithMessage();
const values = readFlags(USAGE, {
  device: { type: "string", default: "auto" },
  adapter: { type: "string" },
  driver: { type: "string" },
  sizes: { type: "string", default: "64,128" },
  modes: { type: "string", default: "1,4" },
  patterns: { type: "string" },
  epochs: { type: "string", default: "3" },
  json: { type: "boolean", default: false },
});
const opened = await openDevice({
  device: values.device as "auto",
  timestamps: true,
  ...(values.adapter ? { adapter: values.adapter } : {}),
  ...(values.driver ? { driver: values.driver } : {}),
});
const { device } = opened;
const software = opened.facts.kind === "software";
const results: Record<string, unknown>[] = [];
say(formatAdapterLine(opened.facts));
say(`${cpus().length} cores, ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}`);
say(software ? "on a processor this takes one to three minutes" : "this takes some seconds");
say(TERMS);

const copyRate = await measureCopyRate();
say(`\ncopy (one kernel reads and writes every number): ${(copyRate / 1e9).toFixed(2)} GB/s`);

say("\nFFT, 2-D complex float32, forward\n   N  planes   ms/batch    planes/s   GFLOP/s   two-pass floor");
for (const size of [64, 128, 256])
  await timeFft(size, software ? Math.max(4, 2 ** 20 / size ** 2) : 2 ** 26 / size ** 2);

say(
  "\nLSQML, Gaussian, sub-pixel shift, batch 96\n   N  modes  patterns   s/epoch  patterns/s   floor patterns/s   start s",
);
for (const size of values.sizes.split(",").map(Number)) {
  for (const modeCount of values.modes.split(",").map(Number)) {
    const fewest = software ? 192 : 1920;
    await timeEpochs(size, modeCount, values.patterns ? Number(values.patterns) : fewest, Number(values.epochs));
  }
}
if (values.json) console.log(JSON.stringify({ adapter: opened.facts, copyBytesPerSecond: copyRate, results }));
process.exit(0);

function say(line: string): void {
  if (!values.json) console.log(line);
}

/** Median seconds of `repeat` submits after one that warms up. */
async function timeSubmits(repeat: number, encode: (pass: GPUComputePassEncoder) => void): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run <= repeat; run++) {
    const begin = performance.now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encode(pass);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    if (run > 0) times.push((performance.now() - begin) / 1000);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

async function measureCopyRate(): Promise<number> {
  const pool = new BufferPool(device);
  const sampleCount = (software ? 2 ** 25 : 2 ** 27) / 8;
  const wave = pool.storage("copy", 8 * sampleCount);
  const factors = pool.storageFrom("factors", Float32Array.of(1, 1, 1, 1));
  const kernel = (await compileKernel(device, scaleWave)).bind({
    params: { sampleCount, factor: 0 },
    buffers: { factors, wave },
  });
  const repeat = software ? 1 : 20;
  const seconds = await timeSubmits(5, (pass) => {
    for (let k = 0; k < repeat; k++) kernel.encode(pass, sampleCount);
  });
  pool.destroy();
  return (16 * sampleCount * repeat) / seconds;
}

async function timeFft(size: number, planes: number): Promise<void> {
  const pool = new BufferPool(device);
  const batch = pool.uniform("batch", 256);
  device.queue.writeBuffer(batch, 0, Uint32Array.of(0, planes, 0, planes, 0, 0, 0, 1, 0));
  const bytes = 8 * size * size * planes;
  const [source, result, scratch] = ["source", "result", "scratch"].map((name) => pool.storage(name, bytes)) as [
    GPUBuffer,
    GPUBuffer,
    GPUBuffer,
  ];
  const fft = new Fft2d(device, batch, size, size, defaultProfile(device));
  const bound = await fft.bind({
    source,
    result,
    scratch,
    direction: "forward",
    scale: 1,
    planesPerPattern: 1,
  });
  const seconds = await timeSubmits(7, (pass) => bound.encode(pass, planes, 0));
  const floor = (4 * bytes) / copyRate;
  const flops = 10 * size * size * Math.log2(size) * planes;
  results.push({ kind: "fft", size, planes, seconds, planesPerSecond: planes / seconds, floorShare: floor / seconds });
  say(
    `${pad(size, 4)} ${pad(planes, 7)} ${pad((seconds * 1e3).toFixed(3), 10)} ${pad(Math.round(planes / seconds), 11)} ` +
      `${pad((flops / seconds / 1e9).toFixed(2), 9)}   ${((100 * floor) / seconds).toFixed(0)} % reached`,
  );
  fft.destroy();
  pool.destroy();
}

async function timeEpochs(size: number, modeCount: number, patternCount: number, repeat: number): Promise<void> {
  const begin = performance.now();
  const problem = makeTimingProblem({ size, modeCount, patternCount, batchSize: 96 });
  const engine = await LsqmlEngine.create(device, problem, 1);
  await engine.runEpoch(0);
  await engine.runEpoch(1);
  const start = (performance.now() - begin) / 1000;
  const times: number[] = [];
  // the illumination map is rebuilt in epochs 1 to 9 and every tenth: time the others, as a long run does
  let epoch = 11;
  for (let run = 0; run < repeat; run++, epoch++) {
    const from = performance.now();
    await engine.runEpoch(epoch);
    times.push((performance.now() - from) / 1000);
  }
  const seconds = times.sort((a, b) => a - b)[Math.floor(repeat / 2)]!;
  const floorRate = copyRate / (leastPlanes(modeCount, "two-pass") * planeBytes(size));
  say(
    `${pad(size, 4)} ${pad(modeCount, 6)} ${pad(patternCount, 9)} ${pad(seconds.toFixed(4), 9)} ${pad(Math.round(patternCount / seconds), 11)} ` +
      `${pad(Math.round(floorRate), 18)} ${pad(start.toFixed(2), 9)}`,
  );
  const shares = await timeStages(engine, epoch);
  results.push({
    kind: "lsqml",
    size,
    modeCount,
    patternCount,
    secondsPerEpoch: seconds,
    patternsPerSecond: patternCount / seconds,
    floorPatternsPerSecond: floorRate,
    startSeconds: start,
    shares,
  });
  engine.destroy();
}

/** Share of each stage of an epoch, by timestamps; a pass per stage, so the sum is a little above the epoch's time. */
async function timeStages(engine: LsqmlEngine, epoch: number): Promise<Record<string, number> | null> {
  if (!device.features.has("timestamp-query")) {
    say("        no timestamp-query on this adapter: no shares");
    return null;
  }
  const timer = new StageTimer(device);
  await engine.runEpoch(epoch, { record: (encoder) => timer.record(encoder) });
  const times = [...(await timer.collect())].sort((a, b) => b[1] - a[1]);
  timer.destroy();
  const total = times.reduce((sum, [, elapsed]) => sum + elapsed, 0);
  say(`        ${times.map(([name, elapsed]) => `${name} ${((100 * elapsed) / total).toFixed(0)} %`).join(", ")}`);
  return Object.fromEntries(times.map(([name, elapsed]) => [name, elapsed / total]));
}

function pad(value: string | number, width: number): string {
  return String(value).padStart(width);
}
