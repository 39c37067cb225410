// Opens a WebGPU device in Node: which drivers are tried in which order, what is accepted, why the rest is refused.

import { isMainThread } from "node:worker_threads";
import { GpuError, OptionsError } from "../errors.ts";
import {
  type AdapterFacts,
  describeAdapter,
  deviceFeaturesToRequest,
  deviceLimitsToRequest,
  formatAdapterLine,
  watchDevice,
} from "../gpu/device.ts";
import { findNamedAdapter } from "./adapter-names.ts";
import { loadDriverFiles, loadVulkanLoader, loadWebgpu, requestAdapterOf, type WebgpuModule } from "./gpu-instance.ts";
import {
  type DriverCandidate,
  type DriverFiles,
  type DriverSearch,
  findDrivers,
  findManifestLibrary,
  manifestCandidate,
  readMesaVersion,
  userManifests,
} from "./vulkan-drivers.ts";

export { formatAdapterLine };

export type DeviceChoice = "auto" | "gpu" | "software";

export interface OpenDeviceOptions {
  /** auto = hardware, else software; gpu = hardware only; software = never hardware. Default auto. */
  readonly device?: DeviceChoice;
  /** Part of an adapter's name, vendor or driver, in capitals or not; only such adapters are considered. */
  readonly adapter?: string;
  /** "system", "lavapipe", "swiftshader" or an ICD manifest (*.json): nothing else is tried. Default: PTYCHO_DRIVER. */
  readonly driver?: string;
  /** Timestamps of full resolution instead of Dawn's steps of 65,536 ns; for benchmarks. */
  readonly timestamps?: boolean;
  /** Further Dawn toggles to enable; robustness stays on unless named here. */
  readonly toggles?: readonly string[];
}

export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  /** All that the adapter could do, used or not; sorted. */
  readonly adapterFeatures: readonly string[];
  /** How to get faster, when the adapter is software; else null. */
  readonly softwareHint: string | null;
  /** Destroys the device; waits in the calling thread for work that runs. */
  close(): void;
}

/** A driver that was tried or looked for, and why it is not used. */
export interface Refusal {
  readonly title: string;
  readonly reason: string;
  /** Adapters that it has, under other names than the one that was asked for. */
  readonly names?: readonly string[];
}

/** Oldest Mesa whose lavapipe Dawn accepts: 22.3.6 lacks dynamic indexing of uniform arrays. */
export const MESA_MINIMUM = 24;
export const SWIFTSHADER_INSTALL = "npm install @sparticuz/chromium@147.0.0";

/**
 * Opens the first adapter that suits, with all limits it has that matter and subgroups and timestamp-query where present.
 * Throws GpuError GPU_NONE (69: says what was looked for and what to install) or GPU_MODULE (69), OptionsError for a
 * wrong driver name. Call it in the main thread.
 */
export async function openDevice(options: OpenDeviceOptions = {}): Promise<OpenedDevice> {
  const choice = options.device ?? "auto";
  const driver = options.driver ?? (process.env.PTYCHO_DRIVER || undefined);
  const search = findDrivers();
  const candidates = chooseCandidates(search, choice, driver);
  const module = await loadWebgpu();
  const refusals: Refusal[] = [];
  let systemLoader = true;
  if (process.platform === "linux") {
    const state = await loadVulkanLoader([...candidates, ...search.candidates]);
    if (state.loader === null)
      throw noAdapter(choice, driver, search, [{ title: "Vulkan loader", reason: state.reason! }]);
    systemLoader = state.loader === "system";
  }
  let systemIsEmpty = false;
  for (const candidate of candidates) {
    // What the loader's own search did not give, its manifests one by one do not give either.
    if (systemIsEmpty && candidate.inSystem) continue;
    if (candidate.name === "system" && !systemLoader && search.systemManifests.length === 0) {
      refusals.push({ title: candidate.title, reason: "no libvulkan.so.1 and no driver manifest (ICD file)" });
      continue;
    }
    const result = await tryCandidate(module, candidate, choice, options, search);
    if ("device" in result) return result;
    refusals.push({ title: candidate.title, reason: result.reason, names: result.names });
    systemIsEmpty ||= candidate.name === "system" && result.empty;
  }
  throw noAdapter(choice, driver, search, refusals);
}

/** Drivers to try, in order. `driver` limits them to one kind; variables that the user set limit them to those. */
export function chooseCandidates(
  search: DriverSearch,
  choice: DeviceChoice,
  driver: string | undefined,
): readonly DriverCandidate[] {
  const all = search.candidates;
  if (driver === "system") return all.filter(({ name }) => name === "system" || name === "user");
  if (driver === "lavapipe" || driver === "swiftshader") return all.filter(({ name }) => name === driver);
  if (driver?.endsWith(".json")) return [manifestCandidate(driver)];
  if (driver)
    throw new OptionsError("OPTIONS_VALUE", "unknown driver", {
      field: "driver",
      expected: "system, lavapipe, swiftshader or an ICD manifest (*.json)",
      got: driver,
    });
  const user = all.filter(({ name }) => name === "user");
  if (user.length > 0) return user;
  if (choice === "gpu") return all.filter(({ softwareOnly }) => !softwareOnly);
  if (choice === "auto") return all;
  return [...all.filter(({ softwareOnly }) => softwareOnly), ...all.filter(({ softwareOnly }) => !softwareOnly)];
}

/** Why an adapter cannot be used for `choice`; null when it can. */
export function refuseAdapter(facts: AdapterFacts, choice: DeviceChoice): string | null {
  if (facts.vendor === "") return "Dawn's null backend, which computes nothing";
  if (choice === "gpu" && facts.kind === "software")
    return `${facts.description || facts.device} is a software adapter, and --device gpu asks for hardware`;
  if (choice === "software" && facts.kind === "hardware")
    return `${facts.description || facts.device} is hardware, and --device software asks for a software adapter`;
  return null;
}

/** One line on how to get faster than this adapter; null for hardware. */
export function softwareHint(facts: AdapterFacts): string | null {
  if (facts.kind === "hardware") return null;
  const lavapipe = /llvmpipe|lavapipe/i.test(`${facts.device} ${facts.description}`);
  const better =
    lavapipe || facts.backend !== "vulkan"
      ? ""
      : `, or Mesa's lavapipe ${MESA_MINIMUM} or later, several times faster than SwiftShader (package mesa-vulkan-drivers)`;
  return `This adapter computes on the processor. Faster: a machine with a GPU and its Vulkan driver${better}. See: ptycho doctor`;
}

type Attempt = OpenedDevice | { readonly reason: string; readonly empty: boolean; readonly names: readonly string[] };

async function tryCandidate(
  module: WebgpuModule,
  candidate: DriverCandidate,
  choice: DeviceChoice,
  options: OpenDeviceOptions,
  search: DriverSearch,
): Promise<Attempt> {
  const refuse = (reason: string, empty = false, names: readonly string[] = []) => ({ reason, empty, names });
  try {
    const files = await candidate.locate();
    const loadReason = loadDriverFiles(files);
    if (loadReason !== null) return refuse(loadReason);
    const ask = (name: string | null) =>
      requestAdapterOf(module, files, dawnFlags(options, name), { powerPreference: "high-performance" });
    const wanted = options.adapter;
    const found =
      wanted === undefined ? { adapter: await ask(null) } : await findNamedAdapter(ask, wanted, candidate.title);
    if ("names" in found) {
      const shown = found.names.map((name) => `"${name}"`).join(", ");
      return refuse(`no adapter named "${wanted}" here, only ${shown}`, false, found.names);
    }
    if (found.adapter === null) return refuse(explainNoAdapter(candidate, files, search), true);
    const adapterReason = refuseAdapter(describeAdapter(found.adapter), choice);
    if (adapterReason !== null) return refuse(adapterReason);
    return await openAdapter(found.adapter, candidate);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return refuse(error.message);
  }
}

async function openAdapter(adapter: GPUAdapter, candidate: DriverCandidate): Promise<OpenedDevice> {
  const device = await adapter.requestDevice({
    label: "ptycho",
    requiredFeatures: deviceFeaturesToRequest(adapter),
    requiredLimits: deviceLimitsToRequest(adapter),
  });
  const watch = watchDevice(device);
  await new Promise((resolve) => setImmediate(resolve)); // requestDevice may hand out a device that is lost already
  watch.assertAlive();
  const description = adapter.info.description || adapter.info.device;
  const facts = describeAdapter(device, {
    driver: candidate.name === "system" ? description : `${description}, ${candidate.title}`,
    backend: { linux: "vulkan", darwin: "metal", win32: "d3d12" }[process.platform as string] ?? null,
  });
  const adapterFeatures = [...adapter.features].sort();
  return { device, facts, adapterFeatures, softwareHint: softwareHint(facts), close: () => device.destroy() };
}

function dawnFlags(options: OpenDeviceOptions, adapterName: string | null): string[] {
  return [
    ...(adapterName === null ? [] : [`adapter=${adapterName}`]),
    ...(options.timestamps ? ["disable-dawn-features=timestamp_quantization"] : []),
    ...(options.toggles?.length ? [`enable-dawn-features=${options.toggles.join(",")}`] : []),
  ];
}

/** Dawn tells its reason only on stderr; the version of Mesa gives the usual one away. */
function explainNoAdapter(candidate: DriverCandidate, files: DriverFiles, search: DriverSearch): string {
  const found = candidate.name === "user" ? userManifests(process.env) : search.systemManifests;
  const manifests = files.manifest === null ? found : [files.manifest];
  if (manifests.length === 0) return "no driver manifest (ICD file) in the Vulkan loader's folders";
  const old = manifests.map(readOldMesa).find((version) => version !== null);
  if (old) return `Mesa ${old} is too old for Dawn, ${MESA_MINIMUM} or later is needed`;
  return `no adapter from ${manifests.join(", ")}`;
}

/** Version of the lavapipe that a manifest names when Dawn is known to refuse it; else null. */
export function readOldMesa(manifest: string): string | null {
  const library = findManifestLibrary(manifest);
  if (!library?.endsWith("libvulkan_lvp.so")) return null;
  const version = readMesaVersion(library);
  return version !== null && Number.parseInt(version, 10) < MESA_MINIMUM ? version : null;
}

function noAdapter(
  choice: DeviceChoice,
  driver: string | undefined,
  search: DriverSearch,
  refusals: readonly Refusal[],
): GpuError {
  const user = search.candidates.some(({ name }) => name === "user");
  const absent = search.missing.filter(({ name }) => (driver ? name === driver : choice !== "gpu" && !user));
  const thread = isMainThread ? [] : [{ title: "thread", reason: "drivers can be chosen in the main thread only" }];
  const got = [...refusals, ...absent.map(({ name, reason }) => ({ title: name, reason })), ...thread]
    .map(({ title, reason }) => `${title}: ${reason}`)
    .join("; ");
  const install = `Install the Vulkan driver of your GPU, or Mesa ${MESA_MINIMUM} or later (package mesa-vulkan-drivers), or run: ${SWIFTSHADER_INSTALL}`;
  const available = [...new Set(refusals.flatMap(({ names }) => names ?? []))];
  if (available.length > 0) {
    const names = available.map((name) => `"${name}"`).join(", ");
    return new GpuError("GPU_NONE", `no adapter of that name for --device ${choice}`, {
      got,
      remedy: `Available: ${names}; any part of a name will do`,
    });
  }
  const remedy = driver
    ? `Leave out the driver (option, PTYCHO_DRIVER) to let others be tried`
    : user
      ? "Unset VK_DRIVER_FILES and VK_ICD_FILENAMES to let other drivers be tried"
      : choice === "gpu"
        ? "Install the Vulkan driver of your GPU, or let --device auto use the processor"
        : install;
  return new GpuError("GPU_NONE", `no usable adapter for --device ${choice}`, {
    got,
    remedy: `${remedy}. More: ptycho doctor`,
  });
}
