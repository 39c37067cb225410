// The doctor's judgement on recorded and handmade facts: fixtures/adapters.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type DoctorFacts, formatDoctorReport, judgeFacts, type SelfTestResult } from "../../src/node/doctor.ts";
import { readableMessages } from "../../src/node/doctor-probe.ts";

const FOLDER = join(import.meta.dirname, "../../fixtures/adapters");

interface Expected {
  readonly file: string;
  readonly verdict: "hardware" | "software" | "none";
  readonly refused: readonly string[];
  /** Parts of the printed text. */
  readonly says: readonly string[];
}

const cases: readonly Expected[] = [
  {
    file: "nothing",
    verdict: "none",
    refused: [],
    says: ["there is no Vulkan loader", "npm install @sparticuz/chromium@147.0.0"],
  },
  { file: "loader-only", verdict: "none", refused: [], says: ["no Vulkan ICD file", "Install the Vulkan driver"] },
  {
    file: "mesa-22.3.6",
    verdict: "none",
    refused: ["no-device", "no-device", "mesa-too-old", "no-device"],
    says: ["Mesa 22.3.6 is too old for Dawn", "DynamicIndexing required", "Install Mesa 24 or later"],
  },
  {
    file: "library-missing",
    verdict: "none",
    refused: ["library-missing"],
    says: ["the library libvulkan_lvp.so is missing"],
  },
  {
    file: "lavapipe-25.0.7",
    verdict: "software",
    refused: ["no-device", "no-device"],
    says: ["on the processor only: llvmpipe: Mesa 25.0.7", "Faster: a machine with a GPU"],
  },
  {
    file: "swiftshader-only",
    verdict: "software",
    refused: [],
    says: ["on the processor only: SwiftShader", "lavapipe 24 or later", "maxStorageBufferBindingSize 1073741824"],
  },
  {
    file: "nvidia-hardware",
    verdict: "hardware",
    refused: [],
    says: ["Ready: NVIDIA: 550.54.15", "is a hardware adapter", "software, llvmpipe"],
  },
  {
    file: "nvidia-container",
    verdict: "software",
    refused: [],
    says: ["An NVIDIA card is visible", "NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics"],
  },
  {
    file: "render-group",
    verdict: "none",
    refused: ["no-device"],
    says: ["/dev/dri/renderD128 may not be opened", "join the group"],
  },
  { file: "null-backend", verdict: "none", refused: ["null-backend"], says: ["null backend", "computes nothing"] },
  { file: "driver-crash", verdict: "none", refused: ["crashed"], says: ["the driver crashed (SIGSEGV)"] },
  {
    file: "module-too-new",
    verdict: "none",
    refused: ["not-tried"],
    says: ["GLIBCXX_3.4.30' not found", "glibc 2.34"],
  },
  { file: "apple-hardware", verdict: "hardware", refused: [], says: ["Ready: Metal driver"] },
  { file: "windows-warp", verdict: "software", refused: [], says: ["on the processor only: D3D12"] },
];

test("every file of fixtures/adapters is judged here, and says where it is from", () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
  expect(files.sort()).toEqual(cases.map(({ file }) => `${file}.json`).sort());
  for (const file of files) {
    const { origin, note } = readFixture(file.replace(/\.json$/, ""));
    expect(["recorded", "handmade"]).toContain(origin);
    expect(note.length).toBeGreaterThan(20);
  }
});

test.each(cases)("doctor on $file: $verdict", ({ file, verdict, refused, says }) => {
  const report = judgeFacts(readFixture(file).facts);
  expect(report.verdict).toBe(verdict);
  expect(report.exitCode).toBe(verdict === "none" ? 69 : 0);
  expect(report.refused.map(({ code }) => code)).toEqual(refused);
  const text = formatDoctorReport(report);
  for (const part of says) expect(text).toContain(part);
  expect(text).toContain("Node 20");
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test("on hardware the doctor gives no advice", () => {
  expect(judgeFacts(readFixture("nvidia-hardware").facts).advice).toHaveLength(1);
});

test("a failed self-test makes the adapter unusable", () => {
  const { facts } = readFixture("swiftshader-only");
  const good: SelfTestResult = { name: "fft", ok: true, detail: "relative RMS 1e-7" };
  const bad: SelfTestResult = { name: "reconstruction", ok: false, detail: "loss 2 instead of 1" };
  expect(judgeFacts(facts, [good]).exitCode).toBe(0);
  const report = judgeFacts(facts, [good, bad]);
  expect(report).toMatchObject({ verdict: "none", exitCode: 69 });
  const text = formatDoctorReport(report);
  expect(text).toContain("FAIL reconstruction: loss 2 instead of 1");
  expect(text).toContain("computes wrongly (reconstruction)");
});

test("of a driver's messages only those for people are kept", () => {
  const stderr = [
    "Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16",
    "Warning: Vulkan shaderUniform*ArrayDynamicIndexing required.",
    " - While initializing adapter (backend=BackendType::Vulkan)",
    "    at InitializeImpl (/home/runner/PhysicalDeviceVk.cpp:257)",
    "",
  ].join("\n");
  expect(readableMessages(stderr)).toEqual(["Vulkan shaderUniform*ArrayDynamicIndexing required."]);
});

function readFixture(name: string): { origin: string; note: string; facts: DoctorFacts } {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8"));
}
