// Errors of a real device: uncaptured ones, those in scopes, those of pipelines.

import { expect, test } from "vitest";
import { awaitDevice, watchDevice, withErrorScopes } from "../../src/gpu/device.ts";
import { openDevice } from "../../src/node/gpu-device.ts";
import { testDevice } from "../support/gpu.ts";

test("an uncaptured error fails the next await", async () => {
  const { device, close } = await openDevice({ device: "software" });
  const watch = watchDevice(device);
  device.createBuffer({ size: 4, usage: 0 });
  await expect(awaitDevice(device, "work", settle(device))).rejects.toMatchObject({
    code: "GPU_VALIDATION",
    exitCode: 70,
  });
  expect(() => watch.assertAlive()).toThrow(/Buffer usages must not be 0/);
  close();
});

test("a buffer beyond the limits and a bad shader are caught in their scopes, with their labels", async () => {
  const device = await testDevice();
  const buffer = withErrorScopes(device, "object", () =>
    device.createBuffer({ size: device.limits.maxBufferSize + 4, usage: GPUBufferUsage.STORAGE }),
  );
  await expect(buffer).rejects.toThrow(/^object: the device refused a command .*\[GPU_VALIDATION\]$/);
  const pipeline = withErrorScopes(device, "shaders/none.wgsl", () =>
    device.createComputePipelineAsync({
      layout: "auto",
      compute: { module: device.createShaderModule({ code: "fn main( {" }) },
    }),
  );
  await expect(pipeline).rejects.toThrow(/^shaders\/none\.wgsl: .*error: expected '\)'/);
  watchDevice(device).assertAlive();
});

test("destroying a device while a read-back waits is reported as our own doing", async () => {
  const { device, close } = await openDevice({ device: "software" });
  const buffer = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const reading = awaitDevice(device, "read", buffer.mapAsync(GPUMapMode.READ));
  close();
  await expect(reading).rejects.toMatchObject({ code: "GPU_CLOSED", exitCode: 70 });
});

/** Resolves when what was submitted is done; errors have been reported by then. */
async function settle(device: GPUDevice): Promise<void> {
  device.queue.submit([]);
  await device.queue.onSubmittedWorkDone();
}
