// Time per stage of the engine: by timestamps around its passes, or where the device's clock is no good by the wall
// clock, each stage in a submit of its own.

import { type LsqmlEngine, StageTimer } from "../src/index.ts";

type Recorder = ReturnType<StageTimer["record"]>;

/** Timed passes of an epoch: two queries each, of the 4096 that a query set may have. */
const MOST_PASSES = 2048;

/**
 * Seconds per stage of an epoch, in the order of their first use. Needs the feature "timestamp-query"; throws when an
 * epoch has more changes of stage than can be timed.
 */
export async function timeStagesByStamps(
  device: GPUDevice,
  engine: LsqmlEngine,
  epoch: number,
): Promise<Map<string, number>> {
  const timer = new StageTimer(device, MOST_PASSES);
  let passes = 0;
  try {
    await engine.runEpoch(epoch, {
      record: (encoder) => {
        const recorder = timer.record(encoder);
        let last: GPUComputePassEncoder | null = null;
        return {
          stage: (name) => {
            const pass = recorder.stage(name);
            if (pass !== last) passes += 1;
            return (last = pass);
          },
          end: () => recorder.end(),
        };
      },
    });
    if (passes > MOST_PASSES)
      throw new Error(`${passes} changes of stage in an epoch, at most ${MOST_PASSES} can be timed`);
    const times = await timer.collect();
    return new Map([...times].map(([name, milliseconds]) => [name, milliseconds / 1000]));
  } finally {
    timer.destroy();
  }
}

/** Seconds between the first and the last command of each submit, added up: what the device was busy in an epoch. */
export async function timeBusyByStamps(device: GPUDevice, engine: LsqmlEngine, epoch: number): Promise<number> {
  const timer = new StageTimer(device);
  try {
    await engine.runEpoch(epoch, {
      record: (encoder) => {
        const recorder = timer.record(encoder);
        return { stage: () => recorder.stage("busy"), end: () => recorder.end() };
      },
    });
    return ((await timer.collect()).get("busy") ?? 0) / 1000;
  } finally {
    timer.destroy();
  }
}

/**
 * Seconds per stage by the wall clock. The stages run after the engine has read its results, so that epoch's loss and
 * constraints are those of the epoch before: good for timing, for nothing else.
 */
export async function timeStagesByWall(
  device: GPUDevice,
  engine: LsqmlEngine,
  epoch: number,
): Promise<Map<string, number>> {
  const held: { readonly name: string; readonly commands: GPUCommandBuffer }[] = [];
  await engine.runEpoch(epoch, { record: () => holdBack(device, held) });
  await device.queue.onSubmittedWorkDone();
  const times = new Map<string, number>();
  for (const { name, commands } of held) {
    const begin = performance.now();
    device.queue.submit([commands]);
    await device.queue.onSubmittedWorkDone();
    times.set(name, (times.get(name) ?? 0) + (performance.now() - begin) / 1000);
  }
  return times;
}

/** A recorder that keeps one command buffer per change of stage instead of encoding into the engine's. */
function holdBack(device: GPUDevice, held: { name: string; commands: GPUCommandBuffer }[]): Recorder {
  let open: { name: string; encoder: GPUCommandEncoder; pass: GPUComputePassEncoder } | null = null;
  const end = () => {
    open?.pass.end();
    if (open) held.push({ name: open.name, commands: open.encoder.finish() });
    open = null;
  };
  return {
    end,
    stage: (name) => {
      if (open?.name === name) return open.pass;
      end();
      const encoder = device.createCommandEncoder({ label: name });
      const pass = encoder.beginComputePass({ label: name });
      open = { name, encoder, pass };
      return pass;
    },
  };
}

/** What the thread that drives the device spends on an epoch; waiting is not counted. */
export interface HostSeconds {
  /** Tables of the epoch: made and handed over. */
  readonly tables: number;
  readonly encode: number;
  /** Finishing and submitting command buffers; drivers of software adapters may compute in it. */
  readonly submit: number;
}

/** Host time of an epoch with resident patterns. */
export async function timeHost(device: GPUDevice, engine: LsqmlEngine, epoch: number): Promise<HostSeconds> {
  const { queue } = device;
  const times = { tables: NaN, encode: 0, submit: 0 };
  let opened: number | null = null;
  let closed: number | null = null;
  const submit = queue.submit.bind(queue);
  const begin = performance.now();
  queue.submit = (buffers) => {
    const result = submit(buffers);
    if (closed !== null) times.submit += (performance.now() - closed) / 1000;
    closed = null;
    return result;
  };
  const end = () => {
    if (opened === null) return;
    closed = performance.now();
    times.encode += (closed - opened) / 1000;
    opened = null;
  };
  try {
    await engine.runEpoch(epoch, {
      record: (encoder) => {
        opened = performance.now();
        if (Number.isNaN(times.tables)) times.tables = (opened - begin) / 1000;
        return recordInOnePass(encoder, end);
      },
    });
  } finally {
    queue.submit = submit;
  }
  return times;
}

/** As the engine does without a benchmark. */
function recordInOnePass(encoder: GPUCommandEncoder, ended: () => void): Recorder {
  let pass: GPUComputePassEncoder | null = null;
  return {
    stage: () => (pass ??= encoder.beginComputePass()),
    end: () => {
      pass?.end();
      pass = null;
      ended();
    },
  };
}
