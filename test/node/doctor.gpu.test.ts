// The doctor on this machine: real drivers tried in processes of their own, real device, injected self-test.

import { expect, test } from "vitest";
import { formatDoctorReport, runDoctor } from "../../src/node/doctor.ts";
import { gatherFacts } from "../../src/node/doctor-facts.ts";
import { probeDriver } from "../../src/node/doctor-probe.ts";

test("finds a usable adapter here and hands its device to the self-test", async () => {
  const report = await runDoctor({
    device: "software",
    selfTest: async (device) => [
      { name: "limits", ok: device.limits.maxBufferSize > 0, detail: `${device.limits.maxBufferSize} B` },
    ],
  });
  expect(report).toMatchObject({ verdict: "software", exitCode: 0, selfTest: [{ name: "limits", ok: true }] });
  expect(report.versions.packages).toMatchObject({ webgpu: "0.6.2", "ptycho-webgpu": expect.any(String) });
  const text = formatDoctorReport(report);
  expect(text).toContain("Ready, on the processor only");
  expect(text).toContain("ok limits");
});

test("a self-test that throws counts as failed", async () => {
  const report = await runDoctor({ device: "software", selfTest: () => Promise.reject(new Error("wrong numbers")) });
  expect(report).toMatchObject({ verdict: "none", exitCode: 69, selfTest: [{ ok: false, detail: "wrong numbers" }] });
});

test("asked for hardware only, it says why software is refused", async () => {
  const report = await runDoctor({ device: "gpu", driver: "swiftshader" });
  expect(report).toMatchObject({ verdict: "none", exitCode: 69, chosen: null });
  expect(report.advice[0]).toMatch(/^Not usable as asked: .*asks for hardware/);
});

test("SwiftShader answers from a process of its own", async () => {
  const { drivers } = await gatherFacts();
  const trial = drivers.find(({ name }) => name === "swiftshader")!;
  expect(trial).toMatchObject({ crash: null, reason: null, adapter: { vendor: "google", kind: "software" } });
});

test("a driver that is not there answers with the loader's words", async () => {
  const result = await probeDriver({ manifest: "/nonexistent.json", loader: null, libraryFolder: null }, null);
  expect(result).toMatchObject({ adapter: null, crash: null });
  expect(result.messages.length).toBeGreaterThan(0);
});
