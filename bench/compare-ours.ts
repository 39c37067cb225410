// Our side of `npm run bench:compare`: an engine that does what the lines on its input say (json-lines.ts).

import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { LsqmlEngine, writeNpz } from "../src/index.ts";
import { type OpenedDevice, openDevice } from "../src/node/index.ts";
import type { AdapterChoice, CompareJob } from "./compare-job.ts";
import { readProblem } from "./compare-problem.ts";
import { readPeakBytes } from "./peak-memory.ts";

interface Prepared {
  readonly device: GPUDevice;
  readonly engine: LsqmlEngine;
  readonly close: () => Promise<void>;
}

let opened: OpenedDevice | null = null;
let prepared: Prepared | null = null;

const commands: Readonly<Record<string, (values: never) => Promise<Record<string, unknown>>>> = {
  adapter: async ({ job }: { job: AdapterChoice }) => ({ adapter: (await open(job)).facts }),
  prepare,
  epochs: runEpochs,
  state: writeState,
  memory: async () => ({
    peakBytes: readPeakBytes(),
    deviceBytes: need().engine.state.pool.sizeBytes,
  }),
};

answer({ id: 0, ok: true, ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, command, ...values } = JSON.parse(line) as { id: number; command: string };
  try {
    const run = commands[command];
    if (!run) throw new Error(`no command ${command}`);
    answer({ id, ok: true, ...(await run(values as never)) });
  } catch (error) {
    answer({ id, ok: false, error: (error as Error).message });
  }
}
process.exit(0);

function answer(reply: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

function need(): Prepared {
  if (!prepared) throw new Error("prepare first");
  return prepared;
}

async function open({ device, adapter, driver }: AdapterChoice): Promise<OpenedDevice> {
  opened ??= await openDevice({
    device: device as "auto",
    ...(adapter ? { adapter } : {}),
    ...(driver ? { driver } : {}),
  });
  return opened;
}

async function prepare({ job }: { job: CompareJob }): Promise<Record<string, unknown>> {
  if (prepared) {
    prepared.engine.destroy();
    await prepared.close();
    prepared = null;
  }
  const begin = performance.now();
  const { device, facts } = await open(job);
  const deviceSeconds = (performance.now() - begin) / 1000;
  const { problem, close } = await readProblem(job);
  const engine = await LsqmlEngine.create(device, problem, job.epochs);
  prepared = { device, engine, close };
  const seconds = { device: deviceSeconds, ...engine.seconds, all: (performance.now() - begin) / 1000 };
  return { adapter: facts, seconds };
}

/** Every epoch ends when the device has nothing left to do. */
async function runEpochs({ first, count }: { first: number; count: number }): Promise<Record<string, unknown>> {
  const { engine, device } = need();
  const seconds: number[] = [];
  const loss: number[] = [];
  for (let epoch = first; epoch < first + count; epoch++) {
    const begin = performance.now();
    const outcome = await engine.runEpoch(epoch);
    await device.queue.onSubmittedWorkDone();
    seconds.push((performance.now() - begin) / 1000);
    if (!outcome.finished || outcome.firstBad) throw new Error(`epoch ${epoch} went wrong`);
    loss.push(outcome.loss);
  }
  return { seconds, computeSeconds: null, loss };
}

async function writeState({ path }: { path: string }): Promise<Record<string, unknown>> {
  const { engine } = need();
  const [object, probe] = [await engine.readObject(), await engine.readProbe()];
  const member = ({ shape, data }: typeof object) => ({ dtype: "complex64" as const, shape: shape.slice(1), data });
  await writeFile(
    path,
    writeNpz([
      ["object", member(object)],
      ["probe", member(probe)],
    ]),
  );
  return {};
}
