// Nothing is left on the device, however a run ends; a device that goes away ends the run with an error, never a hang.
import { beforeAll, describe, expect, test } from "vitest";
import { LsqmlEngine } from "../../src/engine/lsqml-engine.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { ReconstructHooks } from "../../src/engine/result.ts";
import { GpuError } from "../../src/errors.ts";
import { openDevice } from "../../src/node/gpu-device.ts";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import { testDevice } from "../support/gpu.ts";
import { prepareFromGuess } from "./against-reference.ts";
import { makeTinyScan } from "./tiny-scan.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

const { dataset } = makeTinyScan({ modes: 2 });
const plain = { initialObject: "file", epochs: 3, batchSize: 5, canvas: { extraPx: 6 } } as const;

interface Watched {
  readonly device: GPUDevice;
  /** Labels of the buffers that are not destroyed. */
  readonly alive: Set<string>;
  created: number;
}

interface Faults {
  /** The device refuses to make buffer number `buffer` (from 0). */
  readonly buffer?: number;
  /** Pipeline number `pipeline` (from 0) does not compile. */
  readonly pipeline?: number;
  readonly maxStorageBufferBindingSize?: number;
}

/** The test device with its buffers counted and, on request, a fault. */
function watchBuffers(faults: Faults = {}): Watched {
  let pipelines = 0;
  const limits = new Proxy(device.limits, {
    get: (target, name) =>
      (name === "maxStorageBufferBindingSize" && faults.maxStorageBufferBindingSize) ||
      Reflect.get(target, name, target),
  });
  const replaced: Record<string, unknown> = {
    limits,
    // errors are kept by the watch of the device itself, and thrown when it is next used
    addEventListener: () => {},
    createBuffer: (descriptor: GPUBufferDescriptor) => {
      const number = watched.created++;
      if (number === faults.buffer) throw new RangeError("no room");
      const buffer = device.createBuffer(descriptor);
      const label = `${number} ${descriptor.label}`;
      watched.alive.add(label);
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        watched.alive.delete(label);
        return destroy();
      };
      return buffer;
    },
    createComputePipelineAsync: (descriptor: GPUComputePipelineDescriptor) =>
      pipelines++ === faults.pipeline
        ? Promise.reject(new Error("no such instruction"))
        : device.createComputePipelineAsync(descriptor),
  };
  const proxy = new Proxy(device, {
    get: (target, name) => {
      if (typeof name === "string" && name in replaced) return replaced[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const watched: Watched = { device: proxy, alive: new Set(), created: 0 };
  return watched;
}

describe("every buffer is destroyed", () => {
  const ends: [string, ReconstructOptionsInput, () => ReconstructHooks, string][] = [
    ["complete", {}, () => ({}), "complete"],
    ["poisson, streamed", { noiseModel: "poisson", deviceMemoryBytes: 1 }, () => ({}), "complete"],
    ["cancelled", {}, () => cancelAt(1, 1), "cancelled"],
    ["diverged", { object: { stepSize: 1e30 } }, () => ({}), "diverged"],
  ];
  for (const [name, options, hooks, status] of ends) {
    test(name, async () => {
      const watched = watchBuffers();
      const result = await reconstruct(watched.device, dataset, { ...plain, ...options }, hooks());
      expect(result.status).toBe(status);
      expect(watched.created).toBeGreaterThan(30);
      expect([...watched.alive]).toEqual([]);
    });
  }

  test("a callback that throws", async () => {
    const watched = watchBuffers();
    const onEpoch = () => {
      throw new Error("from the callback");
    };
    await expect(reconstruct(watched.device, dataset, plain, { onEpoch })).rejects.toThrow("from the callback");
    expect([...watched.alive]).toEqual([]);
  });

  test("an engine of its own, several slices", async () => {
    const watched = watchBuffers();
    const engine = await LsqmlEngine.create(watched.device, prepareFromGuess(dataset, plain), 2, { sliceBytes: 1 });
    await engine.runEpoch(0);
    expect(watched.alive.size).toBeGreaterThan(30);
    engine.destroy();
    expect([...watched.alive]).toEqual([]);
  });

  test("twenty runs one after the other", async () => {
    const watched = watchBuffers();
    const counts = new Set<number>();
    for (let k = 0; k < 20; k++) {
      const before = watched.created;
      await reconstruct(watched.device, dataset, { ...plain, epochs: 2, seed: k });
      // the first also asks the device for the order of its subgroups
      if (k > 0) counts.add(watched.created - before);
      expect([...watched.alive]).toEqual([]);
    }
    expect(counts.size).toBe(1);
  });
});

describe("nothing is left of an engine that could not be made", () => {
  const create = (watched: Watched) => LsqmlEngine.create(watched.device, prepareFromGuess(dataset, plain), 2);

  test("a buffer beyond the device's limit", async () => {
    const watched = watchBuffers({ maxStorageBufferBindingSize: 12000 });
    await expect(create(watched)).rejects.toMatchObject({ code: "GPU_LIMIT", exitCode: 69 });
    expect(watched.created).toBeGreaterThan(3);
    expect([...watched.alive]).toEqual([]);
  });

  test.each([0, 0.1, 0.4, 0.7, 1])("the buffer at %f of the way refused", async (share) => {
    const whole = watchBuffers();
    (await create(whole)).destroy();
    expect(whole.created).toBeGreaterThan(60);
    const watched = watchBuffers({ buffer: Math.round(share * (whole.created - 1)) });
    await expect(create(watched)).rejects.toThrow(/no room/);
    expect([...watched.alive]).toEqual([]);
  });

  for (const pipeline of [0, 6, 12]) {
    test(`pipeline ${pipeline} refused`, async () => {
      const watched = watchBuffers({ pipeline });
      await expect(create(watched)).rejects.toMatchObject({ code: "KERNEL_COMPILE" });
      // what was still compiling comes to its end
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect([...watched.alive]).toEqual([]);
    });
  }

  test("patterns that cannot be read", async () => {
    const watched = watchBuffers();
    const read = async () => {
      throw new RangeError("the file is gone");
    };
    const broken = { ...dataset, patterns: { ...dataset.patterns, read } };
    await expect(reconstruct(watched.device, broken, plain)).rejects.toThrow("the file is gone");
    expect([...watched.alive]).toEqual([]);
  });

  test("the device is as good as before", async () => {
    expect((await reconstruct(device, dataset, { ...plain, epochs: 1 })).status).toBe("complete");
  });
});

describe("a device that goes away", () => {
  const cases: [string, ReconstructOptionsInput, (lost: GPUDevice) => ReconstructHooks][] = [
    ["in the first minibatch", {}, (lost) => ({ onMinibatch: () => lost.destroy() })],
    [
      "in the middle of an epoch",
      {},
      (lost) => ({ onMinibatch: ({ epoch, minibatch }) => void (epoch === 1 && minibatch === 1 && lost.destroy()) }),
    ],
    [
      "in the middle of an epoch, streamed",
      { deviceMemoryBytes: 1 },
      (lost) => ({ onMinibatch: ({ epoch, minibatch }) => void (epoch === 1 && minibatch === 1 && lost.destroy()) }),
    ],
    ["between epochs", {}, (lost) => ({ onEpoch: () => lost.destroy() })],
    ["after the last epoch", { epochs: 1 }, (lost) => ({ onEpoch: () => lost.destroy() })],
  ];
  for (const [name, options, hooks] of cases) {
    test(name, async () => {
      const { device: own } = await openDevice({ device: "software", ...driverChoice() });
      const failing = reconstruct(own, dataset, { ...plain, ...options }, hooks(own));
      await expect(failing).rejects.toBeInstanceOf(GpuError);
      await expect(failing).rejects.toMatchObject({ code: "GPU_CLOSED" });
    }, 20_000);
  }

  test("before the start", async () => {
    const { device: own } = await openDevice({ device: "software", ...driverChoice() });
    own.destroy();
    await expect(reconstruct(own, dataset, plain)).rejects.toBeInstanceOf(GpuError);
  }, 20_000);

  test("while the patterns are loaded", async () => {
    const { device: own } = await openDevice({ device: "software", ...driverChoice() });
    const read: typeof dataset.patterns.read = async (indices, target) => {
      own.destroy();
      await dataset.patterns.read(indices, target);
    };
    const failing = reconstruct(own, { ...dataset, patterns: { ...dataset.patterns, read } }, plain);
    await expect(failing).rejects.toBeInstanceOf(GpuError);
  }, 20_000);
});

function driverChoice(): { driver?: string } {
  const driver = process.env.PTYCHO_TEST_DRIVER;
  return driver ? { driver } : {};
}

function cancelAt(epoch: number, minibatch: number): ReconstructHooks {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onMinibatch: (progress) => {
      if (progress.epoch === epoch && progress.minibatch === minibatch) controller.abort();
    },
  };
}
