// npm run bench:stream: patterns streamed through a small device memory against patterns that stay there, and the host
// memory that a stored scan of a given size costs.
//   (a) the same scan resident and streamed: equal bits first, then seconds per epoch;
//   (b) the program in a process of its own, per size of scan: its peak, and what of it is not the device's.
//       --four-gb adds 4 GB to --scan-gb; --minibatches 0 runs whole epochs, which takes long on a processor.

import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseOptions, type ReconstructResult, readDataset, reconstruct } from "../src/index.ts";
import { fileAccess, formatAdapterLine, nodeReaderTools, openDevice } from "../src/node/index.ts";
import { type MeasuredRun, runMeasured } from "./peak-memory.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { countPatterns, type StoredScan, writeStoredScan } from "./stored-scan.ts";

const PROGRAM = join(import.meta.dirname, "../../bin/ptycho.js");
const BATCH = 96;
const MEGABYTE = 1e6;
const EPOCHS_BEFORE_TIMING = 2;

const USAGE = `usage: npm run bench:stream -- [--device auto|gpu|software] [--adapter NAME] [--json]
         [--size 64] [--patterns N] [--epochs 5] [--rounds 2] [--device-memory 64MB] [--sample-type float32|uint16]
         [--memory-size 256] [--scan-gb 0.25,1] [--four-gb] [--minibatches 12]
Times epochs of one scan resident and streamed, then measures the peak host memory by size of the scan (GB on disk).`;

endWithMessage();
const values = readFlags(USAGE, {
  device: { type: "string", default: "auto" },
  adapter: { type: "string" },
  size: { type: "string", default: "64" },
  patterns: { type: "string" },
  epochs: { type: "string", default: "5" },
  rounds: { type: "string", default: "2" },
  "memory-size": { type: "string", default: "256" },
  "scan-gb": { type: "string", default: "0.25,1" },
  "four-gb": { type: "boolean", default: false },
  "device-memory": { type: "string", default: "64MB" },
  minibatches: { type: "string", default: "12" },
  "sample-type": { type: "string", default: "float32" },
  json: { type: "boolean", default: false },
});
const epochs = Math.max(EPOCHS_BEFORE_TIMING + 1, Number(values.epochs));
const sampleType = values["sample-type"] as StoredScan["sampleType"];
const chosen = ["--device", values.device, ...(values.adapter ? ["--adapter", values.adapter] : [])];
const folder = await mkdtemp(join(tmpdir(), "ptycho-bench-"));
try {
  const opened = await openDevice({
    device: values.device as "auto",
    ...(values.adapter ? { adapter: values.adapter } : {}),
  });
  say(formatAdapterLine(opened.facts));
  say(`${cpus().length} cores, ${cpus()[0]?.model ?? "unknown processor"}, Node ${process.version}`);
  const software = opened.facts.kind === "software";
  const speed = await compareSpeed(opened.device, software);
  const memory = await measureMemory(software);
  if (values.json) console.log(JSON.stringify({ adapter: opened.facts, speed, memory }));
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

function say(line: string): void {
  if (!values.json) console.log(line);
}

function pad(value: string | number, width: number): string {
  return String(value).padStart(width);
}

/** (a) */
async function compareSpeed(device: GPUDevice, software: boolean): Promise<Record<string, unknown>> {
  const size = Number(values.size);
  const patternCount = Number(values.patterns ?? (software ? 4 * BATCH : 40 * BATCH));
  const sizeBytes = patternCount * size * size * (sampleType === "uint16" ? 2 : 4);
  const path = join(folder, "scan.npz");
  await writeStoredScan(path, { sizeBytes, size, sampleType });
  // in turn, because the speed of the machine drifts
  const runs: Record<"resident" | "streamed", TimedRun[]> = { resident: [], streamed: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    runs.resident.push(await timeEpochs(device, path, null));
    runs.streamed.push(await timeEpochs(device, path, 1));
  }
  await rm(path);
  const all = [...runs.resident, ...runs.streamed];
  if (runs.resident.some(({ how }) => how !== "resident")) throw new Error("the device cannot hold so many --patterns");
  if (runs.streamed.some(({ how }) => how !== "streamed")) throw new Error("the patterns were not streamed");
  for (const part of ["object", "probe", "loss"] as const)
    if (all.some(({ bits }) => bits[part] !== all[0]!.bits[part]))
      throw new Error(`resident and streamed differ in the ${part}`);
  const seconds = {
    resident: median(runs.resident.flatMap(({ steadySeconds }) => steadySeconds)),
    streamed: median(runs.streamed.flatMap(({ steadySeconds }) => steadySeconds)),
  };
  const ratio = seconds.streamed / seconds.resident;
  say(`\nresident and streamed: object, probe and losses of ${epochs} epochs are equal, bit for bit`);
  say("   N  patterns  MB       resident s/epoch  streamed s/epoch  streamed/resident");
  say(
    `${pad(size, 4)} ${pad(patternCount, 9)}  ${(sizeBytes / MEGABYTE).toFixed(1).padEnd(7)} ${pad(seconds.resident.toFixed(4), 17)} ` +
      `${pad(seconds.streamed.toFixed(4), 17)} ${pad(ratio.toFixed(3), 18)}`,
  );
  return { size, patternCount, sampleType, sizeBytes, epochs, secondsPerEpoch: seconds, ratio };
}

interface TimedRun {
  readonly how: ReconstructResult["memory"]["patterns"];
  readonly bits: Readonly<Record<"object" | "probe" | "loss", string>>;
  /** Without the first epoch, which only rescales, and the second, which warms up. */
  readonly steadySeconds: readonly number[];
}

async function timeEpochs(device: GPUDevice, path: string, deviceMemoryBytes: number | null): Promise<TimedRun> {
  const quantity = sampleType === "uint16" ? "intensity" : "amplitude";
  const options = parseOptions({ epochs, batchSize: BATCH, deviceMemoryBytes, data: { quantity } });
  const dataset = await readDataset(await fileAccess(path), options.data, nodeReaderTools());
  const times: number[] = [];
  const onEpoch = ({ seconds }: { seconds: number }) => void times.push(seconds);
  const result = await reconstruct(device, dataset, options, { onEpoch });
  await dataset.patterns.close();
  if (result.status !== "complete") throw new Error(`the run ended as ${result.status}`);
  const digest = (data: Float32Array | Float64Array) => createHash("sha256").update(data).digest("hex");
  return {
    how: result.memory.patterns,
    bits: { object: digest(result.object.data), probe: digest(result.probe.data), loss: digest(result.loss) },
    steadySeconds: times.slice(EPOCHS_BEFORE_TIMING),
  };
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** (b) */
async function measureMemory(software: boolean): Promise<Record<string, unknown>[]> {
  const size = Number(values["memory-size"]);
  const gigabytes = [...values["scan-gb"].split(",").map(Number), ...(values["four-gb"] ? [4] : [])];
  const minibatches = Number(values.minibatches);
  const part = minibatches === 0 ? "one epoch" : `one epoch of ${minibatches} minibatches of ${BATCH}`;
  say(
    `\nhost memory: reconstruct --epochs 1 --device-memory ${values["device-memory"]}, ${part}, ${size} x ${size} ${sampleType}`,
  );
  say("     GB  patterns   peak MB  device MB (patterns + working)  beyond the device MB   seconds");
  const rows: Record<string, unknown>[] = [];
  for (const gigabyte of gigabytes)
    rows.push(await measureScan({ sizeBytes: gigabyte * 1e9, size, sampleType }, software));
  say(
    software
      ? "peak: largest resident set of the process. This adapter's memory is the process's own: beyond = peak - device"
      : "peak: largest resident set of the process. The device has its own memory: beyond = peak",
  );
  return rows;
}

async function measureScan(scan: StoredScan, software: boolean): Promise<Record<string, unknown>> {
  const path = join(folder, "stored.npz");
  const output = join(folder, "out");
  await writeStoredScan(path, scan);
  const begin = performance.now();
  const quantity = sampleType === "uint16" ? "--intensity" : "--amplitude";
  const flags = ["--epochs", "1", "--batch-size", String(BATCH), "--device-memory", values["device-memory"], quantity];
  const schedule = await writeSchedule(countPatterns(scan));
  const run = await runMeasured([
    PROGRAM,
    "reconstruct",
    path,
    "--output",
    output,
    ...chosen,
    ...flags,
    ...schedule,
    "--quiet",
  ]);
  if (run.code !== 0) throw new Error(`the program ended with ${run.code}: ${run.output}`);
  const seconds = (performance.now() - begin) / 1000;
  const { memory } = JSON.parse(await readFile(join(output, "run.json"), "utf8"));
  await rm(path);
  await rm(output, { recursive: true });
  return describeMemory(scan, run, memory, seconds, software);
}

function describeMemory(
  scan: StoredScan,
  { peakBytes }: MeasuredRun,
  memory: ReconstructResult["memory"],
  seconds: number,
  software: boolean,
): Record<string, unknown> {
  const deviceBytes = memory.patternBytes + memory.workingBytes;
  const beyondBytes = software ? peakBytes - deviceBytes : peakBytes;
  const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(0);
  const parts = `${megabytes(deviceBytes)} (${memory.patterns} ${megabytes(memory.patternBytes)} + ${megabytes(memory.workingBytes)})`;
  say(
    `${pad((scan.sizeBytes / 1e9).toFixed(2), 7)} ${pad(countPatterns(scan), 9)} ${pad(megabytes(peakBytes), 9)}  ${parts.padEnd(30)} ` +
      `${pad(megabytes(beyondBytes), 20)} ${pad(seconds.toFixed(1), 9)}`,
  );
  return { ...scan, patternCount: countPatterns(scan), peakBytes, ...memory, deviceBytes, beyondBytes, seconds };
}

/** Flags of an explicit schedule with some minibatches from all over the scan; none when the whole epoch is wanted. */
async function writeSchedule(count: number): Promise<string[]> {
  const minibatches = Number(values.minibatches);
  if (minibatches === 0) return [];
  const stride = Math.max(1, Math.floor(count / BATCH));
  const length = Math.min(BATCH, count);
  const epoch = Array.from({ length: minibatches }, (_, m) =>
    Array.from({ length }, (_, k) => (k * stride + 7919 * m) % count),
  );
  const path = join(folder, "schedule.json");
  await writeFile(path, JSON.stringify({ version: 1, n: count, mode: "random", repeat: "last", epochs: [epoch] }));
  return ["--schedule", path];
}
