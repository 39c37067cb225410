// openDevice on this machine's software adapters.

import { afterAll, expect, test } from "vitest";
import { formatAdapterLine, LIMIT_NAMES, watchDevice } from "../../src/gpu/device.ts";
import { type OpenedDevice, openDevice } from "../../src/node/gpu-device.ts";
import { openTestDevice } from "../support/gpu.ts";

const opened: OpenedDevice[] = [];
afterAll(() => {
  for (const one of opened) one.close();
});

test("a software device has its facts, its limits, and a hint how to get faster", async () => {
  const { device, facts, softwareHint } = await openTestDevice();
  expect(facts.kind).toBe("software");
  expect(facts.vendor).not.toBe("");
  expect(facts.backend).toBe("vulkan");
  for (const name of LIMIT_NAMES) expect(facts.limits[name]).toBe(device.limits[name]);
  expect(facts.limits.maxStorageBufferBindingSize).toBeGreaterThanOrEqual(2 ** 27);
  expect(facts.features).toContain("subgroups");
  expect(softwareHint).toContain("computes on the processor");
  expect(formatAdapterLine(facts)).toMatch(/^software adapter [^\n]+ vulkan; driver [^\n]+; buffers \d+ MiB/);
  expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
});

test("the device computes", async () => {
  const { device } = await openTestDevice();
  expect(await addOne(device, 41)).toBe(42);
});

test("several devices in one process, also at the same time", async () => {
  const three = await Promise.all([1, 2, 3].map(() => openDevice({ driver: "swiftshader" })));
  opened.push(...three);
  expect(await Promise.all(three.map(({ device }, index) => addOne(device, index)))).toEqual([1, 2, 3]);
  three[0]!.close();
  expect(await addOne(three[1]!.device, 5)).toBe(6);
});

test("the variables that choose a driver are as before", async () => {
  const before = [process.env.VK_DRIVER_FILES, process.env.VK_ICD_FILENAMES];
  opened.push(await openDevice({ driver: "swiftshader" }));
  expect([process.env.VK_DRIVER_FILES, process.env.VK_ICD_FILENAMES]).toEqual(before);
});

test.each(["Subzero", "SWIFT", "swiftshader-device", "google", "Driver 5", "sparticuz"])(
  "an adapter is chosen by part of any of its names: %s",
  async (adapter) => {
    const named = await openDevice({ driver: "swiftshader", adapter });
    opened.push(named);
    expect(named.facts.device).toContain("swiftshader");
  },
);

test("an unknown name lists the known ones instead of what could be installed", async () => {
  const unknown = openDevice({ driver: "swiftshader", adapter: "GeForce" });
  await expect(unknown).rejects.toMatchObject({ code: "GPU_NONE", exitCode: 69 });
  await expect(unknown).rejects.toThrow(/no adapter named "GeForce" here, only "SwiftShader Device/);
  await expect(unknown).rejects.toThrow(/Available: "SwiftShader Device \(Subzero\)"/);
  await expect(unknown).rejects.not.toThrow(/npm install|Leave out/);
});

test("gpu never falls back to software, and says what it refused", async () => {
  const refused = openDevice({ device: "gpu", driver: "swiftshader" });
  await expect(refused).rejects.toMatchObject({ code: "GPU_NONE", exitCode: 69 });
  await expect(refused).rejects.toThrow(/SwiftShader .* is a software adapter, and --device gpu asks for hardware/);
});

test("a driver that is not there: GPU_NONE in one line", async () => {
  const refused = openDevice({ driver: "/nonexistent/icd.json" });
  await expect(refused).rejects.toThrow(/^[^\n]*is not a readable Vulkan manifest[^\n]*\[GPU_NONE\]$/);
});

test("an unknown driver name is a mistake in the options", async () => {
  await expect(openDevice({ driver: "vulkan" })).rejects.toMatchObject({ code: "OPTIONS_VALUE", exitCode: 78 });
});

test("a device that was closed says so", async () => {
  const closing = await openDevice({ driver: "swiftshader" });
  const watch = watchDevice(closing.device);
  expect(watch.lost).toBe(false);
  closing.close();
  await closing.device.lost;
  expect(watch.lost).toBe(true);
  expect(() => watch.assertAlive()).toThrow(/used after destroy/);
});

async function addOne(device: GPUDevice, value: number): Promise<number> {
  const code =
    "@group(0) @binding(0) var<storage, read_write> data: array<u32>; @compute @workgroup_size(1) fn main() { data[0] += 1; }";
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }) },
  });
  const data = device.createBuffer({
    size: 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  const read = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  device.queue.writeBuffer(data, 0, new Uint32Array([value]));
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: [{ binding: 0, resource: { buffer: data } }],
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(data, 0, read, 0, 4);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const result = new Uint32Array(read.getMappedRange())[0]!;
  read.destroy();
  data.destroy();
  return result;
}
