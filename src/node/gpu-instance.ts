// Dawn in this process: the Vulkan loader and drivers loaded by path, instances made and kept for the process's life.

import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { GpuError } from "../errors.ts";
import { type DriverCandidate, type DriverFiles, readManifest } from "./vulkan-drivers.ts";

/** The part of the `webgpu` package that is used. */
export interface WebgpuModule {
  readonly create: (flags: string[]) => GPU;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** A Vulkan loader in place: "system", its path, or the reason why there is none. */
export interface LoaderState {
  readonly loader: string | null;
  readonly reason: string | null;
}

const LOADER_NAME = "libvulkan.so.1";
// A library that is not a Node addon is closed again by process.dlopen; this flag of dlopen(3) keeps it loaded.
const RTLD_NODELETE = 0x1000;
const VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] as const;
const REASON_ABSENT = "cannot open shared object file: No such file or directory";

/**
 * Imports `webgpu` and puts its constants (GPUBufferUsage, ...) on globalThis where absent.
 * Throws GpuError GPU_MODULE (69), one line, when the native module does not load.
 */
export async function loadWebgpu(
  importModule: () => Promise<WebgpuModule> = () => import("webgpu") as Promise<WebgpuModule>,
): Promise<WebgpuModule> {
  try {
    const module = await importModule();
    for (const [name, value] of Object.entries(module.globals))
      if (!(name in globalThis))
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true, enumerable: false });
    return module;
  } catch (error) {
    const got = (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
    throw new GpuError(
      "GPU_MODULE",
      "the package webgpu could not be loaded",
      {
        source: `webgpu for ${process.platform}-${process.arch}`,
        got,
        remedy: "It has builds for Linux with glibc 2.34 and libstdc++ 6.0.30 or later, macOS and Windows",
      },
      69,
      error,
    );
  }
}

/** Loads a shared library for good; returns null, or the reason why not. */
export function loadLibrary(path: string): string | null {
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return reason.includes("did not self-register") ? null : reason;
  }
}

/**
 * Loads a driver library and, before it, what it misses and `folder` holds: LD_LIBRARY_PATH has no effect on a
 * process that runs already, but a library that is loaded is found by its name.
 */
export function loadDriverLibrary(library: string, folder: string): string | null {
  const tried = new Set<string>();
  for (;;) {
    const reason = loadLibrary(library);
    const missing = reason === null ? null : /^([^:\s]+): cannot open shared object file/.exec(reason)?.[1];
    if (!missing) return reason;
    const path = join(folder, missing);
    if (path === library || tried.has(missing) || !existsSync(path)) return reason;
    tried.add(missing);
    const inner = loadDriverLibrary(path, folder);
    if (inner !== null) return inner;
  }
}

/**
 * Puts a Vulkan loader in place, once per process: the system's, else one that comes with a candidate. Later calls give
 * the first state: a loader that was loaded by path answers to the system's name from then on.
 */
export async function loadVulkanLoader(candidates: readonly DriverCandidate[]): Promise<LoaderState> {
  const state = root().loader ?? (await findVulkanLoader(candidates, loadLibrary));
  if (state.loader !== null) root().loader = state;
  return state;
}

/** Tries the system's loader, then those of the candidates; `load` gives null or the reason why not. */
export async function findVulkanLoader(
  candidates: readonly DriverCandidate[],
  load: (path: string) => string | null,
): Promise<LoaderState> {
  const systemReason = load(LOADER_NAME);
  if (systemReason === null) return { loader: "system", reason: null };
  const reasons = [systemReason.includes(REASON_ABSENT) ? `no ${LOADER_NAME} on this system` : systemReason];
  for (const candidate of candidates) {
    const files = await candidate.locate().catch((error: unknown) => error as Error);
    if (files instanceof Error) reasons.push(files.message);
    else if (files.loader !== null) {
      const reason = load(files.loader);
      if (reason === null) return { loader: files.loader, reason: null };
      reasons.push(reason);
    }
  }
  return { loader: null, reason: reasons.join("; ") };
}

/** Loads the driver that `files` name, when it comes from a folder; returns null or the reason why not. */
export function loadDriverFiles(files: DriverFiles): string | null {
  if (files.manifest === null || files.libraryFolder === null) return null;
  const { library } = readManifest(files.manifest);
  if (library === null) return `${files.manifest} is not a readable Vulkan manifest`;
  const path = library.includes("/") ? library : join(files.libraryFolder, library);
  return loadDriverLibrary(existsSync(path) ? path : library, dirname(path));
}

/**
 * Asks one driver for an adapter. `flags` are those of webgpu's create(). The variables that choose the driver are
 * set only meanwhile. Resolves to null when the driver gives none; rejects when the flag `adapter=` matches none.
 */
export function requestAdapterOf(
  module: WebgpuModule,
  files: DriverFiles,
  flags: readonly string[],
  options: GPURequestAdapterOptions,
): Promise<GPUAdapter | null> {
  return inTurn(async () => {
    const saved = VARIABLES.map((name) => process.env[name]);
    if (files.manifest !== null) for (const name of VARIABLES) process.env[name] = files.manifest;
    try {
      const key = JSON.stringify([VARIABLES.map((name) => process.env[name] ?? null), flags]);
      return await rootedInstance(module, key, flags).requestAdapter(options);
    } finally {
      for (const [index, name] of VARIABLES.entries())
        if (saved[index] === undefined) delete process.env[name];
        else process.env[name] = saved[index];
    }
  });
}

// Collecting the object of create() crashes or hangs Node, so every one stays reachable from globalThis; this module's
// own variables would not do, because test runners drop modules.
const ROOT = Symbol.for("ptycho-webgpu.dawn");
interface Root {
  instances: Map<string, GPU>;
  turn: Promise<unknown>;
  loader: LoaderState | null;
}

function root(): Root {
  const holder = globalThis as { [ROOT]?: Root };
  return (holder[ROOT] ??= { instances: new Map(), turn: Promise.resolve(), loader: null });
}

function rootedInstance(module: WebgpuModule, key: string, flags: readonly string[]): GPU {
  const { instances } = root();
  const instance = instances.get(key) ?? module.create([...flags]);
  instances.set(key, instance);
  return instance;
}

/** The environment belongs to the whole process, so only one request at a time may change it. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = root().turn.then(work);
  root().turn = result.catch(() => undefined);
  return result;
}
