// Which drivers are found on which machine, and in which order they are tried.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseCandidates, refuseAdapter, softwareHint } from "../../src/node/gpu-device.ts";
import { findVulkanLoader, loadLibrary, loadWebgpu } from "../../src/node/gpu-instance.ts";
import {
  type DriverSurroundings,
  findDrivers,
  findManifestLibrary,
  readManifest,
  readMesaVersion,
} from "../../src/node/vulkan-drivers.ts";
import { describeFacts } from "../support/adapter-facts.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ptycho-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const ABSENT = "libvulkan.so.1: cannot open shared object file: No such file or directory";

test("a bare machine: only the system search and SwiftShader of the npm package", () => {
  const search = findDrivers(surroundings());
  expect(search.candidates.map(({ name }) => name)).toEqual(["system", "swiftshader"]);
  expect(search.missing.map(({ name }) => name)).toEqual(["lavapipe", "swiftshader"]);
});

test("without the npm package, or on another processor, SwiftShader is reported missing", () => {
  const without = findDrivers({ ...surroundings(), swiftshaderPackage: null });
  expect(without.candidates.map(({ name }) => name)).toEqual(["system"]);
  expect(without.missing.map(({ reason }) => reason).join()).toContain("@sparticuz/chromium is not installed");
  const arm = findDrivers({ ...surroundings(), arch: "arm64" });
  expect(arm.missing.map(({ reason }) => reason).join()).toContain("no arm64 build");
});

test("SwiftShader of an installed browser is found with its loader", async () => {
  write("/opt/google/chrome/vk_swiftshader_icd.json", manifest("./libvk_swiftshader.so"));
  write("/opt/google/chrome/libvulkan.so.1", "");
  const found = findDrivers({ ...surroundings(), swiftshaderPackage: null }).candidates.at(-1)!;
  expect(found.title).toContain("/opt/google/chrome");
  const files = await found.locate();
  expect(files.loader).toBe(join(root, "/opt/google/chrome/libvulkan.so.1"));
  expect(readManifest(files.manifest!).library).toBe(join(root, "/opt/google/chrome/libvk_swiftshader.so"));
});

test("manifests are found in the loader's folders, lavapipe by its name", () => {
  write("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", manifest("libvulkan_lvp.so"));
  write("/etc/vulkan/icd.d/nvidia_icd.json", manifest("libGLX_nvidia.so.0"));
  const search = findDrivers(surroundings());
  expect(search.systemManifests).toHaveLength(2);
  expect(search.candidates.map(({ name }) => name)).toEqual(["system", "lavapipe", "swiftshader"]);
});

test("PTYCHO_LAVAPIPE: an unpacked lavapipe is found, a folder without one is named", async () => {
  const library = "/lavapipe/usr/lib/x86_64-linux-gnu/libvulkan_lvp.so";
  write(library, "");
  write("/lavapipe/lvp_icd.json", manifest(join(root, library)));
  const found = findDrivers(surroundings({ PTYCHO_LAVAPIPE: join(root, "lavapipe") })).candidates[1]!;
  expect(found.name).toBe("lavapipe");
  expect(await found.locate()).toEqual({
    manifest: join(root, "lavapipe/lvp_icd.json"),
    loader: null,
    libraryFolder: dirname(join(root, library)),
  });
  const none = findDrivers(surroundings({ PTYCHO_LAVAPIPE: root }));
  expect(none.missing[0]!.reason).toContain("holds no libvulkan_lvp.so");
});

test("what the user chose with Vulkan's variables is all that is tried", () => {
  for (const variable of ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]) {
    const search = findDrivers(surroundings({ [variable]: "/some/icd.json" }));
    const tried = chooseCandidates(search, "auto", undefined);
    expect(tried.map(({ title }) => title)).toEqual([`${variable}=/some/icd.json`]);
    expect(chooseCandidates(search, "auto", "swiftshader").map(({ name }) => name)).toEqual(["swiftshader"]);
  }
});

test("auto tries hardware first, software never begins with it, gpu never falls back", () => {
  write("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", manifest("libvulkan_lvp.so"));
  const search = findDrivers(surroundings());
  const names = (choice: "auto" | "gpu" | "software", driver?: string) =>
    chooseCandidates(search, choice, driver).map(({ name }) => name);
  expect(names("auto")).toEqual(["system", "lavapipe", "swiftshader"]);
  expect(names("gpu")).toEqual(["system"]);
  expect(names("software")).toEqual(["lavapipe", "swiftshader", "system"]);
  expect(names("auto", "system")).toEqual(["system"]);
  expect(names("auto", "/x/icd.json")).toEqual(["manifest"]);
  expect(() => names("auto", "vulkan")).toThrow(/driver: unknown driver .* got vulkan/);
});

test("macOS and Windows have the system's driver only", () => {
  for (const platform of ["darwin", "win32"])
    expect(findDrivers({ ...surroundings(), platform }).candidates.map(({ name }) => name)).toEqual(["system"]);
});

test("a manifest's library: absolute, beside the manifest, by bare name; unreadable manifests have none", () => {
  expect(readManifest(write("/a/icd.json", manifest("./driver.so"))).library).toBe(join(root, "a/driver.so"));
  expect(readManifest(write("/b/icd.json", manifest("/abs/driver.so"))).library).toBe("/abs/driver.so");
  expect(readManifest(write("/c/icd.json", manifest("driver.so"))).library).toBe("driver.so");
  expect(readManifest(write("/d/icd.json", "{")).library).toBeNull();
  expect(readManifest(join(root, "none.json")).library).toBeNull();
});

test("the version of Mesa is read out of a driver, also of a package that was only unpacked", () => {
  const path = write("/unpacked/usr/share/vulkan/icd.d/lvp_icd.json", manifest("/usr/lib/odd/libvulkan_lvp.so"));
  const library = write("/unpacked/usr/lib/odd/libvulkan_lvp.so", "\0ELF\0Mesa 22.3.6 (LLVM 15.0.6)\0");
  expect(findManifestLibrary(path, surroundings())).toBe(library);
  expect(readMesaVersion(library)).toBe("22.3.6");
  expect(readMesaVersion(path)).toBeNull();
});

test("adapters are refused by kind, the null backend always", () => {
  const hardware = describeFacts("hardware");
  const software = describeFacts("software");
  expect(refuseAdapter(hardware, "auto")).toBeNull();
  expect(refuseAdapter(software, "auto")).toBeNull();
  expect(refuseAdapter(software, "gpu")).toContain("software adapter");
  expect(refuseAdapter(hardware, "software")).toContain("is hardware");
  for (const choice of ["auto", "gpu", "software"] as const)
    expect(refuseAdapter({ ...hardware, vendor: "" }, choice)).toContain("null backend");
  expect(softwareHint(hardware)).toBeNull();
  expect(softwareHint(software)).toContain("a GPU and its Vulkan driver");
});

test("the Vulkan loader: the system's, else one that came with a driver, else the reasons", async () => {
  write("/opt/google/chrome/vk_swiftshader_icd.json", manifest("./libvk_swiftshader.so"));
  const path = write("/opt/google/chrome/libvulkan.so.1", "");
  const { candidates } = findDrivers({ ...surroundings(), swiftshaderPackage: null });
  expect(await findVulkanLoader(candidates, () => null)).toEqual({ loader: "system", reason: null });
  const bundled = await findVulkanLoader(candidates, (name) => (name === path ? null : ABSENT));
  expect(bundled).toEqual({ loader: path, reason: null });
  const none = await findVulkanLoader([], () => ABSENT);
  expect(none).toEqual({ loader: null, reason: "no libvulkan.so.1 on this system" });
});

test("a library that does not load gives the reason", () => {
  expect(loadLibrary(join(root, "none.so"))).toContain("cannot open shared object file");
});

test("a native module that does not load is GPU_MODULE, in one line", async () => {
  const message = "/lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found\nRequire stack:\n- x";
  const loading = loadWebgpu(() => Promise.reject(new Error(message)));
  await expect(loading).rejects.toMatchObject({ code: "GPU_MODULE", exitCode: 69 });
  await expect(loading).rejects.toThrow(/^[^\n]*GLIBCXX_3\.4\.30[^\n]*\[GPU_MODULE\]$/);
});

function surroundings(env: Record<string, string> = {}): DriverSurroundings {
  return {
    platform: "linux",
    arch: "x64",
    env,
    home: join(root, "home"),
    root,
    swiftshaderPackage: { folder: "/package", version: "147.0.0" },
  };
}

function write(path: string, content: string): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

function manifest(library: string): string {
  return JSON.stringify({ file_format_version: "1.0.0", ICD: { library_path: library, api_version: "1.1.0" } });
}
