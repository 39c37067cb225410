// What the doctor gathers about a machine: packages, variables, Vulkan loader, drivers tried, device nodes.
// Plain data, so that the facts of another machine can be stored and judged here.

import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AdapterFacts } from "../gpu/device.ts";
import { type ProbeResult, probeDriver } from "./doctor-probe.ts";
import { type LoaderState, loadVulkanLoader, loadWebgpu } from "./gpu-instance.ts";
import {
  currentSurroundings,
  type DriverCandidate,
  type DriverName,
  type DriverSurroundings,
  findDrivers,
  findManifestLibrary,
  type MissingDriver,
  manifestCandidate,
  readMesaVersion,
  userManifests,
} from "./vulkan-drivers.ts";

/** A driver and what came of trying it. */
export interface DriverTrial extends ProbeResult {
  readonly name: DriverName;
  readonly title: string;
  readonly manifest: string | null;
  /** Absolute path of the driver library; null when the manifest names none that exists, or without a manifest. */
  readonly library: string | null;
  /** Version of Mesa inside the library; null when it is not Mesa's. */
  readonly mesaVersion: string | null;
  /** Why it was not tried at all; null when it was. */
  readonly reason: string | null;
}

/** A GPU as the kernel shows it, whether or not there is a Vulkan driver for it. */
export interface DeviceNode {
  readonly path: string;
  readonly accessible: boolean;
}

export interface DoctorFacts {
  readonly platform: string;
  readonly arch: string;
  readonly node: string;
  /** Version by package name; null = not installed. */
  readonly packages: Readonly<Record<string, string | null>>;
  /** Variables that change what is found, as far as they are set. */
  readonly variables: Readonly<Record<string, string>>;
  /** Why the native module does not load; null when it does. */
  readonly moduleError: string | null;
  /** Null where Vulkan is not used (macOS, Windows). */
  readonly loader: LoaderState | null;
  readonly drivers: readonly DriverTrial[];
  readonly missing: readonly MissingDriver[];
  readonly deviceNodes: readonly DeviceNode[];
  /** What openDevice chose, or why it chose none. */
  readonly opened: { readonly facts: AdapterFacts | null; readonly error: string | null };
}

const PACKAGES = ["ptycho-webgpu", "webgpu", "@sparticuz/chromium"];
const VARIABLES = [
  "PTYCHO_DRIVER",
  "PTYCHO_LAVAPIPE",
  "VK_DRIVER_FILES",
  "VK_ICD_FILENAMES",
  "VK_ADD_DRIVER_FILES",
  "VK_LOADER_DRIVERS_SELECT",
  "VK_LOADER_DRIVERS_DISABLE",
  "LD_LIBRARY_PATH",
  "CUDA_VISIBLE_DEVICES",
  "NVIDIA_DRIVER_CAPABILITIES",
];

/** Everything but `opened`. Tries each driver in a process of its own, one after another. */
export async function gatherFacts(
  around: DriverSurroundings = currentSurroundings(),
): Promise<Omit<DoctorFacts, "opened">> {
  const moduleError = await loadWebgpu().then(
    () => null,
    (error: Error) => error.message,
  );
  const search = findDrivers(around);
  const loader = around.platform === "linux" ? await loadVulkanLoader(search.candidates) : null;
  const untried = moduleError ?? (loader && loader.loader === null ? loader.reason : null);
  const drivers: DriverTrial[] = [];
  for (const candidate of driversToTry(search.candidates, search.systemManifests, around))
    drivers.push(await tryDriver(candidate, loader, untried, around));
  return {
    platform: around.platform,
    arch: around.arch,
    node: process.versions.node,
    packages: Object.fromEntries(PACKAGES.map((name) => [name, readPackageVersion(name)])),
    variables: Object.fromEntries(VARIABLES.flatMap((name) => (around.env[name] ? [[name, around.env[name]!]] : []))),
    moduleError,
    loader,
    drivers,
    missing: search.missing,
    deviceNodes: around.platform === "linux" ? listDeviceNodes(around.root) : [],
  };
}

/** Manifests one by one, so that each answer has its driver's name; then what needs no manifest of the system. */
function driversToTry(
  candidates: readonly DriverCandidate[],
  systemManifests: readonly string[],
  around: DriverSurroundings,
): DriverCandidate[] {
  if (around.platform !== "linux") return [...candidates];
  const chosen = userManifests(around.env);
  const manifests = chosen.length > 0 ? chosen : systemManifests;
  return [
    ...manifests.map((path) => manifestCandidate(path, chosen.length > 0 ? "user" : "system")),
    ...candidates.filter(({ inSystem }) => !inSystem),
  ];
}

async function tryDriver(
  candidate: DriverCandidate,
  loader: LoaderState | null,
  untried: string | null,
  around: DriverSurroundings,
): Promise<DriverTrial> {
  const { name, title } = candidate;
  try {
    const files = await candidate.locate();
    const folders = [files.libraryFolder, around.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
    const seen = { ...around, env: { ...around.env, LD_LIBRARY_PATH: folders } };
    const library = files.manifest === null ? null : findManifestLibrary(files.manifest, seen);
    const mesaVersion = library ? readMesaVersion(library) : null;
    const known = { name, title, manifest: files.manifest, library, mesaVersion };
    if (untried !== null) return { ...known, adapter: null, messages: [], crash: null, reason: untried };
    const path = loader?.loader === "system" ? null : (loader?.loader ?? null);
    return { ...known, ...(await probeDriver(files, path)), reason: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      name,
      title,
      manifest: null,
      library: null,
      mesaVersion: null,
      adapter: null,
      messages: [],
      crash: null,
      reason,
    };
  }
}

function listDeviceNodes(root: string): DeviceNode[] {
  const found = [
    ...listFolder(`${root}/dev`).filter((name) => /^(nvidia\d+|dxg|kfd)$/.test(name)),
    ...listFolder(`${root}/dev/dri`)
      .filter((name) => name.startsWith("renderD"))
      .map((name) => `dri/${name}`),
  ];
  return found.map((name) => ({ path: `/dev/${name}`, accessible: isAccessible(`${root}/dev/${name}`) }));
}

/** Version of an installed package, or of this one; null when it is not installed. */
export function readPackageVersion(name: string): string | null {
  try {
    const own = fileURLToPath(import.meta.url);
    const start = name === "ptycho-webgpu" ? own : createRequire(own).resolve(name);
    for (let folder = dirname(start); folder !== dirname(folder); folder = dirname(folder)) {
      const found = readJson(join(folder, "package.json"));
      if (found?.name === name) return found.version ?? null;
    }
  } catch {
    // Not installed.
  }
  return null;
}

function readJson(path: string): { name?: string; version?: string } | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as { name?: string; version?: string };
  } catch {
    return null;
  }
}

function isAccessible(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
