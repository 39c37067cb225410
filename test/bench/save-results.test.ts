// What benchmarks keep: names of files, facts about the machine.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeMachine, nameDevice, projectFolder, withoutPaths } from "../../bench/save-results.ts";

test("files are named by the device", () => {
  const facts = { device: "", description: "", architecture: "" };
  expect(nameDevice({ ...facts, device: "NVIDIA H200" })).toBe("nvidia-h200");
  expect(nameDevice({ ...facts, device: "llvmpipe (LLVM 15.0.6, 256 bits)" })).toBe("lavapipe");
  expect(nameDevice({ ...facts, device: "SwiftShader Device (LLVM 10.0.0)" })).toBe("swiftshader-device");
  expect(nameDevice({ ...facts, architecture: "ampere" })).toBe("ampere");
  expect(nameDevice(null)).toBe("");
});

test("paths of this machine are not kept", () => {
  const line = "Mesa 25.0.7 (LLVM 15.0.6), lavapipe of /home/someone/icd.json; buffers 4095 MiB";
  expect(withoutPaths(line)).toBe("Mesa 25.0.7 (LLVM 15.0.6), lavapipe; buffers 4095 MiB");
  expect(withoutPaths(`"driver": "x, lavapipe of /a/b.json",`)).toBe(`"driver": "x, lavapipe",`);
  expect(withoutPaths("share of the copy, 3 of 4")).toBe("share of the copy, 3 of 4");
});

test("versions are those of the project and of what was compared with; what is not there is null", () => {
  const { version } = JSON.parse(readFileSync(join(projectFolder(), "package.json"), "utf8"));
  const machine = describeMachine({ torch: "2.15.0", ptychi: null });
  expect(machine.versions).toMatchObject({ "ptycho-webgpu": version, torch: "2.15.0", ptychi: null });
  expect(machine.versions.node).toBe(process.version);
  expect(machine.commit === null).toBe(!existsSync(join(projectFolder(), ".git")));
  expect(machine.date).toMatch(/^\d{4}-\d\d-\d\d$/);
});
