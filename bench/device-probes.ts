// What a device costs and how fast it is at best (performance.md section 9): dispatches, submits, copies, multiply-adds.

import {
  bindProbe,
  copyExchange,
  copyOne,
  copySeveral,
  countUp,
  doNothing,
  MULTIPLY_ADDS,
  multiplyAdd,
  type ProbeKernel,
  SEVERAL,
  WORKGROUP,
} from "./device-kernels.ts";
import { bestSeconds, type GpuClock } from "./gpu-clock.ts";
import { type Spread, spread } from "./statistics.ts";

const STORAGE = 0x80 | 0x8 | 0x4; // GPUBufferUsage.STORAGE | COPY_DST | COPY_SRC
const MAP_READ = 0x1;
const COPY_DST = 0x8;
const CHECK_BYTES = 64;
/** More than a workgroup's share, which some kernels turn round. */
const MARK_BYTES = 4096;

export interface Probed {
  readonly device: GPUDevice;
  readonly clock: GpuClock;
  readonly software: boolean;
}

/** Seconds per dispatch of a chain. */
export interface ChainCost {
  readonly kind: string;
  readonly dispatches: number;
  /** By the device's clock; null without one. */
  readonly deviceSeconds: number | null;
  readonly wallSeconds: number;
  readonly encodeSeconds: number;
}

/** Cost of a dispatch that waits for the one before, and of one that has nothing to wait for. */
export async function measureChains({ device, clock, software }: Probed): Promise<ChainCost[]> {
  const count = device.createBuffer({ size: 16, usage: STORAGE });
  const dependent = await bindProbe(device, countUp, [{ buffer: count, access: "readWrite" }]);
  const empty = await bindProbe(device, doNothing, []);
  const length = software ? 200 : 1000;
  const chains: readonly (readonly [string, ProbeKernel, number, number])[] = [
    ["dependent, one pass", dependent, 1, length],
    ["dependent, a pass each", dependent, length, 1],
    ["no buffers, one pass", empty, 1, length],
  ];
  const costs: ChainCost[] = [];
  for (const [kind, kernel, passes, inPass] of chains) {
    const encode = (pass: GPUComputePassEncoder) => {
      for (let k = 0; k < inPass; k++) kernel.encode(pass, 1);
    };
    const timed = await clock.time(encode, { repeat: 5, passes });
    costs.push({
      kind,
      dispatches: length,
      deviceSeconds: timed.deviceSeconds === null ? null : timed.deviceSeconds.median / length,
      wallSeconds: timed.wallSeconds.median / length,
      encodeSeconds: timed.encodeSeconds.median / length,
    });
  }
  const expected = 2 * 6 * length;
  const [counted] = new Uint32Array(await readPart(device, count, 0, 16));
  if (counted !== expected) throw new Error(`dispatches were lost: ${counted} of ${expected} counted`);
  count.destroy();
  return costs;
}

export interface Latencies {
  /** Empty command buffer until the queue is empty. */
  readonly submitSeconds: Spread;
  /** Copy of 4 KB to a mapped buffer. */
  readonly readBackSeconds: Spread;
  /** queue.writeBuffer of 256 bytes, without waiting. */
  readonly writeBufferSeconds: Spread;
}

export async function measureLatencies({ device }: Probed): Promise<Latencies> {
  const buffer = device.createBuffer({ size: 4096, usage: STORAGE });
  const staging = device.createBuffer({ size: 4096, usage: MAP_READ | COPY_DST });
  const small = new Uint8Array(256);
  const submitSeconds = await repeatAsync(async () => {
    device.queue.submit([device.createCommandEncoder().finish()]);
    await device.queue.onSubmittedWorkDone();
  });
  const readBackSeconds = await repeatAsync(async () => {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, 4096);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_READ);
    staging.getMappedRange();
    staging.unmap();
  });
  const writeBufferSeconds = await repeatAsync(async () => device.queue.writeBuffer(buffer, 0, small));
  await device.queue.onSubmittedWorkDone();
  buffer.destroy();
  staging.destroy();
  return { submitSeconds, readBackSeconds, writeBufferSeconds };
}

/** Bytes read and written per second by one way of copying. */
export interface CopyRate {
  readonly kind: string;
  readonly sizeBytes: number;
  readonly bytesPerSecond: number;
  readonly seconds: Spread;
}

/** A kernel that copies, and what one invocation of it moves. */
export interface CopyWay {
  readonly kind: string;
  readonly code: string;
  readonly bytesEach: number;
}

const COPY_WAYS: readonly CopyWay[] = [
  { kind: "vec2f", code: copyOne("vec2f"), bytesEach: 8 },
  { kind: "vec4f", code: copyOne("vec4f"), bytesEach: 16 },
  { kind: `${SEVERAL} x vec2f`, code: copySeveral("vec2f"), bytesEach: 8 * SEVERAL },
  { kind: `${SEVERAL} x vec4f`, code: copySeveral("vec4f"), bytesEach: 16 * SEVERAL },
  { kind: "vec2f through workgroup memory", code: copyExchange, bytesEach: 8 },
];

export function copyWorkgroups({ bytesEach }: CopyWay, sizeBytes: number): number {
  return Math.ceil(sizeBytes / bytesEach / WORKGROUP);
}

/** The way to copy that is fastest here: the roof of what passes over memory can reach. */
export async function chooseCopy(probed: Probed, sizeBytes: number): Promise<CopyWay> {
  const rates = await measureCopies(probed, sizeBytes);
  const best = rates.reduce((a, b) => (b.bytesPerSecond > a.bytesPerSecond ? b : a));
  return COPY_WAYS.find(({ kind }) => kind === best.kind)!;
}

/** Copies of a large buffer into another, every way there is. Rates count what is read and what is written. */
export async function measureCopies(probed: Probed, sizeBytes: number): Promise<CopyRate[]> {
  const { device, clock, software } = probed;
  const [source, target] = makePair(device, sizeBytes);
  const rates: CopyRate[] = [];
  for (const way of COPY_WAYS) {
    const { kind } = way;
    const kernel = await bindProbe(device, way.code, [
      { buffer: source, access: "read" },
      { buffer: target, access: "readWrite" },
    ]);
    await clearEnd(device, target);
    const times = software ? 1 : 20;
    const timed = await clock.time(
      (pass) => {
        for (let k = 0; k < times; k++) kernel.encode(pass, copyWorkgroups(way, sizeBytes));
      },
      { repeat: software ? 3 : 7 },
    );
    await assertCopied(device, target, kind);
    const seconds = bestSeconds(timed);
    rates.push({ kind, sizeBytes, seconds, bytesPerSecond: (2 * sizeBytes * times) / seconds.median });
  }
  source.destroy();
  target.destroy();
  return rates;
}

/** A dependent pass over a working set that is small enough to stay in a cache, or not. */
export interface WorkingSetRate {
  /** What is read and what is written, together. */
  readonly workingSetBytes: number;
  readonly secondsPerPass: number;
  readonly bytesPerSecond: number;
}

/** Copies to and fro between the halves of working sets: each pass waits for the one before, as a minibatch's do. */
export async function measureWorkingSets(probed: Probed, sizesBytes: readonly number[]): Promise<WorkingSetRate[]> {
  const { device, clock, software } = probed;
  const rates: WorkingSetRate[] = [];
  for (const workingSetBytes of sizesBytes) {
    const half = workingSetBytes / 2;
    const [source, target] = makePair(device, half);
    const bind = (from: GPUBuffer, to: GPUBuffer) =>
      bindProbe(device, copyOne("vec4f"), [
        { buffer: from, access: "read" },
        { buffer: to, access: "readWrite" },
      ]);
    const there = await bind(source, target);
    const back = await bind(target, source);
    const rounds = software ? 2 : Math.max(10, Math.min(200, Math.floor(2e10 / workingSetBytes)));
    const timed = await clock.time(
      (pass) => {
        for (let k = 0; k < rounds; k++)
          for (const kernel of [there, back]) kernel.encode(pass, Math.ceil(half / 16 / WORKGROUP));
      },
      { repeat: software ? 3 : 7 },
    );
    const secondsPerPass = bestSeconds(timed).median / (2 * rounds);
    rates.push({ workingSetBytes, secondsPerPass, bytesPerSecond: workingSetBytes / secondsPerPass });
    source.destroy();
    target.destroy();
  }
  return rates;
}

/** Operations per second of multiply-adds in registers, two operations each, four numbers at a time. */
export async function measureFlops({ device, clock, software }: Probed): Promise<number> {
  const sums = device.createBuffer({ size: 64, usage: STORAGE });
  const kernel = await bindProbe(device, multiplyAdd, [{ buffer: sums, access: "readWrite" }]);
  const workgroups = software ? 256 : 132 * 512;
  const timed = await clock.time((pass) => kernel.encode(pass, workgroups), { repeat: 5 });
  sums.destroy();
  return (2 * MULTIPLY_ADDS * WORKGROUP * workgroups) / bestSeconds(timed).median;
}

async function repeatAsync(work: () => Promise<void>): Promise<Spread> {
  const times: number[] = [];
  for (let run = -10; run < 200; run++) {
    const begin = performance.now();
    await work();
    if (run >= 0) times.push((performance.now() - begin) / 1000);
  }
  return spread(times);
}

function makePair(device: GPUDevice, sizeBytes: number): [GPUBuffer, GPUBuffer] {
  const make = () => device.createBuffer({ size: sizeBytes, usage: STORAGE });
  const source = make();
  const mark = new Float32Array(MARK_BYTES / 4).fill(7);
  device.queue.writeBuffer(source, sizeBytes - MARK_BYTES, mark);
  return [source, make()];
}

async function clearEnd(device: GPUDevice, target: GPUBuffer): Promise<void> {
  device.queue.writeBuffer(target, target.size - CHECK_BYTES, new Float32Array(CHECK_BYTES / 4));
}

/** A kernel that failed to run would be fast. */
async function assertCopied(device: GPUDevice, target: GPUBuffer, kind: string): Promise<void> {
  const values = new Float32Array(await readPart(device, target, target.size - CHECK_BYTES, CHECK_BYTES));
  if (!values.every((value) => value === 7)) throw new Error(`the copy "${kind}" did not copy`);
}

/** Copies a part of a buffer to the host. */
export async function readPart(
  device: GPUDevice,
  buffer: GPUBuffer,
  offset: number,
  sizeBytes: number,
): Promise<ArrayBuffer> {
  const staging = device.createBuffer({ size: sizeBytes, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, offset, staging, 0, sizeBytes);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(MAP_READ);
  const bytes = staging.getMappedRange().slice(0);
  staging.destroy();
  return bytes;
}
