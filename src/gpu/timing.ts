// Compute passes by stage: one pass for everything in a run, one pass with timestamps per stage when a benchmark asks.

/** Gives the pass that the next kernels of a stage are encoded into. */
export interface StageRecorder {
  stage(name: string): GPUComputePassEncoder;
  /** Ends the open pass; further stages begin a new one. */
  end(): void;
}

/** Everything of an encoder in one compute pass. */
export function recordTogether(encoder: GPUCommandEncoder): StageRecorder {
  let pass: GPUComputePassEncoder | null = null;
  return {
    stage: () => (pass ??= encoder.beginComputePass()),
    end: () => {
      pass?.end();
      pass = null;
    },
  };
}

/** Times per stage, taken with timestamp queries. */
export class StageTimer {
  readonly #device: GPUDevice;
  readonly #querySet: GPUQuerySet;
  readonly #capacity: number;
  #names: string[] = [];

  /** Needs a device with the feature "timestamp-query". */
  constructor(device: GPUDevice, capacity = 2048) {
    this.#device = device;
    this.#capacity = capacity;
    this.#querySet = device.createQuerySet({ type: "timestamp", count: 2 * capacity });
  }

  /** A recorder that gives every change of stage its own timed pass. */
  record(encoder: GPUCommandEncoder): StageRecorder {
    let pass: GPUComputePassEncoder | null = null;
    let current: string | null = null;
    const end = () => {
      pass?.end();
      pass = null;
      current = null;
    };
    return {
      end,
      stage: (name) => {
        if (pass && current === name) return pass;
        end();
        current = name;
        if (this.#names.length >= this.#capacity) return (pass = encoder.beginComputePass({ label: name }));
        const index = 2 * (this.#names.push(name) - 1);
        const timestampWrites = {
          querySet: this.#querySet,
          beginningOfPassWriteIndex: index,
          endOfPassWriteIndex: index + 1,
        };
        return (pass = encoder.beginComputePass({ label: name, timestampWrites }));
      },
    };
  }

  /** Milliseconds per stage since the last call. */
  async collect(): Promise<Map<string, number>> {
    const sizeBytes = 16 * Math.max(1, this.#names.length);
    const resolved = this.#device.createBuffer({ size: sizeBytes, usage: 0x200 | 0x4 });
    const staging = this.#device.createBuffer({ size: sizeBytes, usage: 0x1 | 0x8 });
    const encoder = this.#device.createCommandEncoder();
    encoder.resolveQuerySet(this.#querySet, 0, 2 * this.#names.length, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, sizeBytes);
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(1);
    const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
    staging.destroy();
    resolved.destroy();
    const times = new Map<string, number>();
    for (const [index, name] of this.#names.entries()) {
      const elapsed = Number(stamps[2 * index + 1]! - stamps[2 * index]!) / 1e6;
      times.set(name, (times.get(name) ?? 0) + elapsed);
    }
    this.#names = [];
    return times;
  }

  destroy(): void {
    this.#querySet.destroy();
  }
}
