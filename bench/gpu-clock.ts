// Times work of the device: by its own clock where it has one of hardware, else by the wall clock around the queue.

import { type Spread, spread } from "./statistics.ts";

const QUERY_RESOLVE = 0x200; // GPUBufferUsage.QUERY_RESOLVE
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const MAP_READ = 0x1;

export interface TimedWork {
  /** By timestamps around the passes; null without a clock of the device's own. */
  readonly deviceSeconds: Spread | null;
  /** From the start of encoding until the queue is empty. */
  readonly wallSeconds: Spread;
  /** Encoding alone. */
  readonly encodeSeconds: Spread;
  /** Every timestamp taken, in order. */
  readonly stamps: readonly bigint[];
}

export interface Timing {
  /** Runs that count; one before them warms up. */
  readonly repeat: number;
  /** Compute passes per run; `encode` is called once for each. */
  readonly passes?: number;
}

/** The device's time where it has one, else the wall's. */
export function bestSeconds({ deviceSeconds, wallSeconds }: TimedWork): Spread {
  return deviceSeconds ?? wallSeconds;
}

export class GpuClock {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet | null;

  /** `useTimestamps`: false on software adapters, whose clock is the wall's. */
  constructor(device: GPUDevice, useTimestamps: boolean) {
    this.#device = device;
    this.#queries =
      useTimestamps && device.features.has("timestamp-query")
        ? device.createQuerySet({ type: "timestamp", count: 2 })
        : null;
  }

  get hasTimestamps(): boolean {
    return this.#queries !== null;
  }

  /** Runs and times `encode`, alone on the queue. */
  async time(encode: (pass: GPUComputePassEncoder) => void, { repeat, passes = 1 }: Timing): Promise<TimedWork> {
    const device: number[] = [];
    const wall: number[] = [];
    const encoding: number[] = [];
    const stamps: bigint[] = [];
    for (let run = -1; run < repeat; run++) {
      const begin = performance.now();
      const encoder = this.#device.createCommandEncoder();
      for (let index = 0; index < passes; index++) {
        const pass = encoder.beginComputePass(this.#describePass(index === 0, index === passes - 1));
        encode(pass);
        pass.end();
      }
      const commands = encoder.finish();
      const encoded = performance.now();
      this.#device.queue.submit([commands]);
      await this.#device.queue.onSubmittedWorkDone();
      const end = performance.now();
      const pair = await this.#readStamps();
      if (run < 0) continue;
      encoding.push((encoded - begin) / 1000);
      wall.push((end - begin) / 1000);
      if (pair) {
        stamps.push(...pair);
        device.push(Number(pair[1] - pair[0]) / 1e9);
      }
    }
    return {
      deviceSeconds: device.length > 0 ? spread(device) : null,
      wallSeconds: spread(wall),
      encodeSeconds: spread(encoding),
      stamps,
    };
  }

  destroy(): void {
    this.#queries?.destroy();
  }

  #describePass(first: boolean, last: boolean): GPUComputePassDescriptor {
    if (!this.#queries || !(first || last)) return {};
    return {
      timestampWrites: {
        querySet: this.#queries,
        ...(first ? { beginningOfPassWriteIndex: 0 } : {}),
        ...(last ? { endOfPassWriteIndex: 1 } : {}),
      },
    };
  }

  async #readStamps(): Promise<readonly [bigint, bigint] | null> {
    if (!this.#queries) return null;
    const device = this.#device;
    const resolved = device.createBuffer({ size: 16, usage: QUERY_RESOLVE | COPY_SRC });
    const staging = device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST });
    const encoder = device.createCommandEncoder();
    encoder.resolveQuerySet(this.#queries, 0, 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_READ);
    const [from, to] = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    resolved.destroy();
    return [from!, to!];
  }
}
