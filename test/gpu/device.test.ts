// Errors and loss of a device, on a device that is made up: what real drivers do not do on demand.

import { expect, test } from "vitest";
import {
  awaitDevice,
  describeAdapter,
  deviceFeaturesToRequest,
  formatAdapterLine,
  isSoftwareAdapter,
  LIMIT_NAMES,
  watchDevice,
  withErrorScopes,
} from "../../src/gpu/device.ts";
import { describeFacts } from "../support/adapter-facts.ts";

test("a lost device throws GPU_LOST (75) at the next check", async () => {
  const { device, lose } = fakeDevice();
  const watch = watchDevice(device);
  watch.assertAlive();
  lose({ reason: "unknown", message: "reset\n by watchdog" });
  await device.lost;
  expect(watch.lost).toBe(true);
  expect(() => watch.assertAlive()).toThrow(/the device was lost \(got reset by watchdog\).*\[GPU_LOST\]/);
  expect(failureOf(() => watch.assertAlive())).toMatchObject({ code: "GPU_LOST", exitCode: 75 });
});

test("a device has one watch", () => {
  const { device } = fakeDevice();
  expect(watchDevice(device)).toBe(watchDevice(device));
});

test.each([
  ["GPUValidationError", "GPU_VALIDATION", 70],
  ["GPUOutOfMemoryError", "GPU_OOM", 69],
  ["GPUInternalError", "GPU_INTERNAL", 70],
])("an uncaptured %s is kept as %s (%i) and not printed by Dawn", (kind, code, exitCode) => {
  const { device, report } = fakeDevice();
  const watch = watchDevice(device);
  const event = report(gpuError(kind, "first"));
  report(gpuError("GPUValidationError", "second"));
  expect(event.defaultPrevented).toBe(true);
  const failure = failureOf(() => watch.assertAlive());
  expect(failure).toMatchObject({ code, exitCode, details: { got: "first" } });
});

test("error scopes give the creation's error its label, and all are popped", async () => {
  const { device, scopes } = fakeDevice({ "out-of-memory": gpuError("GPUOutOfMemoryError", "too big") });
  const making = withErrorScopes(device, "probe buffer", () => 1);
  await expect(making).rejects.toMatchObject({ code: "GPU_OOM", exitCode: 69, details: { source: "probe buffer" } });
  expect(scopes).toEqual([]);
});

test("without an error the scopes give the value; a thrown pipeline error becomes a GpuError, others pass", async () => {
  const { device, scopes } = fakeDevice();
  expect(await withErrorScopes(device, "x", async () => 5)).toBe(5);
  const pipeline = withErrorScopes(device, "fft-rows", () => {
    throw new DOMException("bad WGSL", "GPUPipelineError");
  });
  await expect(pipeline).rejects.toMatchObject({ code: "GPU_VALIDATION", details: { source: "fft-rows" } });
  const mistake = new TypeError("ours");
  const ours = withErrorScopes(device, "x", () => {
    throw mistake;
  });
  await expect(ours).rejects.toBe(mistake);
  expect(scopes).toEqual([]);
});

test("a rejected read-back tells the loss behind it, even when that arrives later", async () => {
  const { device, lose } = fakeDevice();
  watchDevice(device);
  const reading = awaitDevice(device, "loss", Promise.reject(new DOMException("", "AbortError")));
  lose({ reason: "unknown", message: "gone" });
  await expect(reading).rejects.toMatchObject({ code: "GPU_LOST", exitCode: 75, details: { got: "gone" } });
});

test("a rejected read-back without a known reason is a loss too", async () => {
  const { device } = fakeDevice();
  const reading = awaitDevice(device, "loss", Promise.reject(new DOMException("", "AbortError")));
  await expect(reading).rejects.toMatchObject({ code: "GPU_LOST", exitCode: 75 });
});

test("a read-back that succeeds on a lost device does not count", async () => {
  const { device, lose } = fakeDevice();
  const watch = watchDevice(device);
  lose({ reason: "unknown", message: "gone" });
  await device.lost;
  await expect(awaitDevice(device, "loss", Promise.resolve(1))).rejects.toMatchObject({ code: "GPU_LOST" });
  expect(watch.lost).toBe(true);
});

test("software adapters are known by flag and by name", () => {
  const info = { architecture: "", device: "", description: "" };
  expect(isSoftwareAdapter({ ...info, isFallbackAdapter: true })).toBe(true);
  expect(isSoftwareAdapter({ ...info, description: "llvmpipe (LLVM 15)" })).toBe(true);
  expect(isSoftwareAdapter({ ...info, architecture: "swiftshader" })).toBe(true);
  expect(isSoftwareAdapter({ ...info, device: "microsoft-basic-render-driver" })).toBe(true);
  expect(isSoftwareAdapter({ ...info, architecture: "ampere", device: "nvidia-rtx-a4000" })).toBe(false);
});

test("only features that the adapter has are asked for", () => {
  expect(deviceFeaturesToRequest({ features: new Set(["timestamp-query", "shader-f16"]) })).toEqual([
    "timestamp-query",
  ]);
});

test("facts of an adapter: unknown is null, never 0", () => {
  const limits = Object.fromEntries(LIMIT_NAMES.map((name, index) => [name, index + 1]));
  const info = { vendor: "apple", architecture: "metal-3", device: "", description: "", subgroupMinSize: 0 };
  const facts = describeAdapter({ info, limits, features: new Set(["b", "a"]) } as unknown as GPUAdapter);
  expect(facts).toMatchObject({ driver: null, backend: null, subgroupMinSize: null, subgroupMaxSize: null });
  expect(facts.features).toEqual(["a", "b"]);
  expect(facts.limits).toEqual(limits);
});

test("the adapter line is one line with kind, name, driver and limits", () => {
  expect(formatAdapterLine(describeFacts("hardware"))).toBe(
    "hardware adapter vendor device-name, vulkan; driver driver 1.0; buffers 1 MiB, bindings 1 MiB, workgroups 1048576 x 1024 KiB; subgroups",
  );
});

interface FakeEvent {
  readonly error: GPUError;
  defaultPrevented: boolean;
  preventDefault(): void;
}

function fakeDevice(caught: Partial<Record<GPUErrorFilter, GPUError>> = {}) {
  const listeners: ((event: FakeEvent) => void)[] = [];
  const scopes: GPUErrorFilter[] = [];
  let lose: (info: { reason: GPUDeviceLostReason; message: string }) => void = () => undefined;
  const lost = new Promise((resolve) => {
    lose = resolve;
  });
  const device = {
    label: "fake",
    lost,
    addEventListener: (_: string, listener: (event: FakeEvent) => void) => listeners.push(listener),
    pushErrorScope: (filter: GPUErrorFilter) => scopes.push(filter),
    popErrorScope: async () => caught[scopes.pop()!] ?? null,
  } as unknown as GPUDevice;
  const report = (error: GPUError): FakeEvent => {
    const event = {
      error,
      defaultPrevented: false,
      preventDefault: () => {
        event.defaultPrevented = true;
      },
    };
    for (const listener of listeners) listener(event);
    return event;
  };
  return { device, lose, report, scopes };
}

function gpuError(kind: string, message: string): GPUError {
  return { message, [Symbol.toStringTag]: kind } as unknown as GPUError;
}

function failureOf(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return null;
}
