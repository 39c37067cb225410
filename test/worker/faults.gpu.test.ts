// Rows F5, F6, F8, F9 and H5 of the fault matrix in a session: lost devices, too little memory.
import { beforeAll, describe, expect, test } from "vitest";
import { readDataset } from "../../src/data/contract.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import { GpuError } from "../../src/errors.ts";
import { openBrowserDevice } from "../../src/gpu/open-browser-device.ts";
import { parseOptions } from "../../src/options.ts";
import { testDevice } from "../support/gpu.ts";
import { scanFile } from "../support/scan-files.ts";
import { asOpened, FakeCanvas, interpose, makeLosable, quickOptions, TestPage } from "./page.ts";

const options = { ...quickOptions, epochs: 8 };
let expected: number[];
beforeAll(async () => {
  const parsed = parseOptions(options);
  const dataset = await readDataset(bytesAccess(scanFile(), "scan.npz"), parsed.data);
  expected = Array.from((await reconstruct(await testDevice(), dataset, parsed)).object.data);
});

/** A page whose devices are lost when they show epoch number `epochs[k]`, counted from their start; the last one stays. */
function losingPage(epochs: readonly number[]) {
  let opened = 0;
  const page = new TestPage(async () => asOpened(makeLosable(await testDevice(), epochs[opened++]).device));
  return { page, openedCount: () => opened };
}

describe("device loss", () => {
  test("F5 H5 once: goes on by itself on a new device, to the bits of an undisturbed run", async () => {
    const { page, openedCount } = losingPage([3]);
    await page.inspect();
    page.send({ type: "start", id: 1, options });
    const { status, result } = await page.expect("finished", 1);
    expect(status).toBe("finished");
    expect(openedCount()).toBe(2);
    expect(page.all("device-lost")).toEqual([{ type: "device-lost", message: "reset by watchdog" }]);
    expect(Array.from(result.object.data)).toEqual(expected);
    expect((result.run.resumed as { epochs: number }).epochs).toBeGreaterThanOrEqual(1);
    expect(result.run.resumed).toMatchObject({ sameAdapter: true });
    expect(result.notes.join()).toMatch(/lost once/);
    page.close();
  });
  test("F6 H5 twice: ends, and a start that asks for it goes on from there to the same bits", async () => {
    const { page, openedCount } = losingPage([2, 2]);
    await page.inspect();
    page.send({ type: "start", id: 1, options });
    expect(await page.failure(1)).toMatchObject({ code: "GPU_LOST", recoverable: true });
    page.send({ type: "start", id: 2, options, resume: true });
    const { result } = await page.expect("finished", 2);
    expect(openedCount()).toBe(3);
    expect(Array.from(result.object.data)).toEqual(expected);
    expect((result.run.resumed as { epochs: number }).epochs).toBeGreaterThanOrEqual(2);
    page.close();
  });
  test("F6 without `resume` it starts anew", async () => {
    const { page } = losingPage([2, 2]);
    await page.inspect();
    page.send({ type: "start", id: 1, options });
    await page.failure(1);
    page.send({ type: "start", id: 2, options });
    const { result } = await page.expect("finished", 2);
    expect(result.run.resumed).toBeNull();
    expect(Array.from(result.object.data)).toEqual(expected);
    page.close();
  });
  test("F6 a start that is broken off before a checkpoint of its own does not lose the one before", async () => {
    let opened = 0;
    const page = new TestPage(async () => {
      opened += 1;
      if (opened === 3) throw new GpuError("GPU_NONE", "no adapter just now", {}, 69);
      return asOpened(makeLosable(await testDevice(), opened < 3 ? 2 : undefined).device);
    });
    await page.inspect();
    page.send({ type: "start", id: 1, options });
    await page.failure(1);
    page.send({ type: "start", id: 2, options, resume: true });
    await page.failure(2);
    page.send({ type: "start", id: 3, options, resume: true });
    const { result } = await page.expect("finished", 3);
    expect((result.run.resumed as { epochs: number }).epochs).toBeGreaterThanOrEqual(2);
    expect(Array.from(result.object.data)).toEqual(expected);
    page.close();
  });
  test("F8 F21 a device that comes lost counts as a loss; the adapter may be away for a moment", async () => {
    let opened = 0;
    const page = new TestPage(async () => {
      opened += 1;
      if (opened === 1) throw new GpuError("GPU_LOST", "the device was lost", {}, 75);
      if (opened === 2) throw new GpuError("GPU_NONE", "no adapter just now", {}, 69);
      return asOpened(await testDevice());
    });
    await page.inspect();
    page.send({ type: "start", id: 1, options });
    const { result } = await page.expect("finished", 1);
    expect(opened).toBe(3);
    expect(Array.from(result.object.data)).toEqual(expected);
    page.close();
  });
  test("another adapter goes on, and the record says that it is another", async () => {
    let opened = 0;
    const page = new TestPage(async () => {
      const { device, facts } = asOpened(makeLosable(await testDevice(), opened++ === 0 ? 3 : undefined).device);
      return { device, facts: { ...facts, device: `card ${opened}` } };
    });
    await page.inspect();
    page.send({ type: "start", id: 1, options });
    const { result } = await page.expect("finished", 1);
    expect(result.run.resumed).toMatchObject({ sameAdapter: false });
    page.close();
  });
  test("F8 a device that is given lost is refused", async () => {
    const { device, lose } = makeLosable(await testDevice());
    lose("gone");
    const adapter = { limits: device.limits, features: device.features, requestDevice: async () => device };
    const gpu = { requestAdapter: async () => adapter } as unknown as GPU;
    await expect(openBrowserDevice(gpu)).rejects.toMatchObject({ code: "GPU_LOST" });
  });
});

/** The first `count` allocations of a reconstruction fail for memory. */
function failAllocations(device: GPUDevice, count: number): GPUDevice {
  const scopes: GPUErrorFilter[] = [];
  let left = count;
  return interpose(device, {
    pushErrorScope(filter: GPUErrorFilter) {
      scopes.push(filter);
      device.pushErrorScope(filter);
    },
    async popErrorScope() {
      const fails = scopes.pop() === "out-of-memory" && left-- > 0;
      const error = await device.popErrorScope();
      return fails ? { message: "no memory", [Symbol.toStringTag]: "GPUOutOfMemoryError" } : error;
    },
  });
}

/** Buffers and textures of a device: one, by number or name, is refused for memory by the scope around it, if any. */
function failAllocation(device: GPUDevice, failing: number | string) {
  const scopes: { readonly filter: GPUErrorFilter; failed: boolean }[] = [];
  const alive = new Set<object>();
  let [count, refused] = [0, false];
  const unguarded: string[] = [];
  const keep = <T extends GPUBuffer | GPUTexture>(made: T): T => {
    const scope = scopes.findLast(({ filter }) => filter === "out-of-memory");
    if (!scope && /picture$|read back$|^shown|patch$/.test(made.label)) unguarded.push(made.label);
    count += scope ? 1 : 0;
    if (scope && (count === failing || made.label === failing)) {
      scope.failed = true;
      refused = true;
      return made; // what is refused holds no memory
    }
    const destroy = made.destroy.bind(made);
    alive.add(made);
    made.destroy = () => {
      alive.delete(made);
      destroy();
    };
    return made;
  };
  const faulty = interpose(device, {
    createBuffer: (descriptor: GPUBufferDescriptor) => keep(device.createBuffer(descriptor)),
    createTexture: (descriptor: GPUTextureDescriptor) => keep(device.createTexture(descriptor)),
    pushErrorScope(filter: GPUErrorFilter) {
      scopes.push({ filter, failed: false });
      device.pushErrorScope(filter);
    },
    async popErrorScope() {
      const { failed } = scopes.pop()!;
      const error = await device.popErrorScope();
      return failed ? { message: "no memory", [Symbol.toStringTag]: "GPUOutOfMemoryError" } : error;
    },
  });
  return { device: faulty, alive, unguarded, wasRefused: () => refused };
}

/** Of what is alive once the last pictures are painted. */
async function countSettled(alive: ReadonlySet<object>): Promise<number> {
  for (let before = -1; before !== alive.size; ) {
    before = alive.size;
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  return alive.size;
}

/** Two runs with pictures; how many buffers and textures there are afterwards. */
async function runTwice(failing: number | string) {
  const few = { ...quickOptions, epochs: 2, batchSize: 12 };
  const faulty = failAllocation(await testDevice(), failing);
  const page = new TestPage(async () => asOpened(faulty.device));
  for (const view of ["object-phase", "probe", "pattern"] as const)
    await page.session.receive({ type: "attach-canvas", view, canvas: new FakeCanvas(30, 40).asOffscreen() });
  await page.inspect();
  for (const id of [1, 2]) {
    page.send({ type: "start", id, options: few });
    const { status, result } = await page.expect("finished", id);
    expect(status, `allocation ${failing}`).toBe("finished");
    expect(result.object.data.every(Number.isFinite)).toBe(true);
  }
  const left = await countSettled(faulty.alive);
  page.close();
  expect(faulty.unguarded).toEqual([]);
  return { left, refused: faulty.wasRefused() };
}

test("F9 whichever allocation is refused, a run with pictures ends well and leaves nothing behind", async () => {
  const undisturbed = await runTwice(0);
  expect(undisturbed.refused).toBe(false);
  // the second of two copies: the first one must go too
  expect(await runTwice("shown probe")).toEqual({ left: 0, refused: true });
  // in steps that meet every kind: the engine's, copies, pictures, what reads them back
  for (let failing = 1; ; failing += 13) {
    const { left, refused } = await runTwice(failing);
    expect(left, `after allocation ${failing}`).toBeLessThanOrEqual(undisturbed.left);
    if (refused) continue;
    expect(failing).toBeGreaterThan(40);
    break;
  }
});

describe("too little memory", () => {
  test.each([1, 2, 3])("F9 %i times: minibatches are halved as often, and the result says so", async (count) => {
    const device = failAllocations(await testDevice(), count);
    const page = new TestPage(async () => asOpened(device));
    await page.inspect();
    page.send({ type: "start", id: 1, options: { ...options, batchSize: 12 } });
    const { status, result } = await page.expect("finished", 1);
    expect(status).toBe("finished");
    expect((result.run.options as { batchSize: number }).batchSize).toBe([6, 3, 2][count - 1]);
    expect(result.notes.filter((note) => note.includes("minibatches of"))).toHaveLength(count);
    page.close();
  });
  test("F9 four times: GPU_OOM with a remedy, and the session goes on", async () => {
    const device = failAllocations(await testDevice(), 4);
    const page = new TestPage(async () => asOpened(device));
    await page.inspect();
    page.send({ type: "start", id: 1, options: { ...options, batchSize: 12 } });
    const failure = await page.failure(1);
    expect(failure).toMatchObject({ code: "GPU_OOM", recoverable: true });
    expect(failure.details.remedy).toMatch(/smaller batch/);
    page.send({ type: "start", id: 2, options });
    const { result } = await page.expect("finished", 2);
    expect(Array.from(result.object.data)).toEqual(expected);
    page.close();
  });
});
