// A device's life: the limits asked for, errors and loss kept until the next await, facts about the adapter.
// No buffers, no kernels; nothing here of Node.

import { GpuError, PtychoError } from "../errors.ts";

/** Limits a reconstruction depends on; a device is asked for all that its adapter has. */
export const LIMIT_NAMES = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxUniformBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxUniformBuffersPerShaderStage",
  "maxBindGroups",
  "maxBindingsPerBindGroup",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
  "minStorageBufferOffsetAlignment",
  "minUniformBufferOffsetAlignment",
] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];
/** Sizes in bytes, counts as they are. */
export type DeviceLimits = Record<LimitName, number>;

/** Features that are used when the adapter has them; none is required. */
export const OPTIONAL_FEATURES = ["subgroups", "timestamp-query"] as const satisfies readonly GPUFeatureName[];

/** What ran: recorded in every result. */
export interface AdapterFacts {
  /** Never empty: an adapter without a vendor computes nothing and is refused. */
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  /** Driver and its version in words; null when the platform does not tell (browsers). */
  readonly driver: string | null;
  readonly kind: "hardware" | "software";
  /** vulkan, metal, d3d12, ...; null when the platform does not tell. */
  readonly backend: string | null;
  readonly subgroupMinSize: number | null;
  readonly subgroupMaxSize: number | null;
  /** Limits of the device (or of the adapter before a device exists). */
  readonly limits: DeviceLimits;
  /** Features of the device (or of the adapter), sorted. */
  readonly features: readonly string[];
}

/** Keeps what a device reports out of line. */
export interface DeviceWatch {
  /** True from the moment the device is gone, by destroy() or by loss. */
  readonly lost: boolean;
  /** Throws the first failure seen: GPU_LOST (75), GPU_OOM (69), GPU_VALIDATION (70); GPU_CLOSED (70) after destroy(). */
  assertAlive(): void;
}

/** Limits to put into `requiredLimits`: all of LIMIT_NAMES as the adapter has them. */
export function deviceLimitsToRequest(adapter: { readonly limits: GPUSupportedLimits }): DeviceLimits {
  return readLimits(adapter.limits);
}

/** Features to put into `requiredFeatures`: the optional ones that the adapter has. */
export function deviceFeaturesToRequest(
  adapter: { readonly features: ReadonlySet<string> },
  wanted: readonly GPUFeatureName[] = OPTIONAL_FEATURES,
): GPUFeatureName[] {
  return wanted.filter((feature) => adapter.features.has(feature));
}

/** Facts of an adapter or of a device made from it; `known` adds what only the platform's opener can tell. */
export function describeAdapter(
  source: GPUAdapter | GPUDevice,
  known: { readonly driver?: string | null; readonly backend?: string | null } = {},
): AdapterFacts {
  const info = "adapterInfo" in source ? source.adapterInfo : source.info;
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    driver: known.driver ?? null,
    kind: isSoftwareAdapter(info) ? "software" : "hardware",
    backend: known.backend ?? null,
    subgroupMinSize: info.subgroupMinSize || null,
    subgroupMaxSize: info.subgroupMaxSize || null,
    limits: readLimits(source.limits),
    features: [...source.features].sort(),
  };
}

/** True when the adapter computes on the processor: its own flag, or the name of a known software driver. */
export function isSoftwareAdapter(info: {
  readonly isFallbackAdapter?: boolean;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
}): boolean {
  if (info.isFallbackAdapter === true || info.architecture === "software") return true;
  const names = `${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  return /swiftshader|llvmpipe|lavapipe|softpipe|basic[ -]render/.test(names);
}

/** What ran, in one line: device, kind, driver, limits used, optional features. */
export function formatAdapterLine(facts: AdapterFacts): string {
  const { limits } = facts;
  const mebibytes = (sizeBytes: number) => `${Math.floor(sizeBytes / 2 ** 20)} MiB`;
  const backend = facts.backend === null ? "" : `, ${facts.backend}`;
  const driver = facts.driver === null ? "" : `; driver ${facts.driver}`;
  const features = OPTIONAL_FEATURES.filter((feature) => facts.features.includes(feature));
  const name = facts.device || facts.description || facts.architecture;
  return (
    `${facts.kind} adapter ${facts.vendor} ${name.replace(/-+$/, "")}${backend}${driver}; ` +
    `buffers ${mebibytes(limits.maxBufferSize)}, bindings ${mebibytes(limits.maxStorageBufferBindingSize)}, ` +
    `workgroups ${limits.maxComputeInvocationsPerWorkgroup} x ${limits.maxComputeWorkgroupStorageSize / 1024} KiB; ` +
    `${features.length > 0 ? features.join(", ") : "no optional features"}`
  );
}

const watches = new WeakMap<GPUDevice, DeviceWatch>();

/**
 * Begins to keep the device's loss and uncaptured errors; the same device gives the same watch.
 * Call it right after requestDevice: what happened before is not seen.
 */
export function watchDevice(device: GPUDevice): DeviceWatch {
  const known = watches.get(device);
  if (known) return known;
  let failure: GpuError | null = null;
  let lost = false;
  device.addEventListener("uncapturederror", (event) => {
    event.preventDefault(); // otherwise Dawn prints it on stdout, into machine-readable output
    failure ??= errorFromGpu(event.error, "");
  });
  void device.lost.then((info) => {
    lost = true;
    failure ??= lossError(info);
  });
  const watch: DeviceWatch = {
    get lost() {
      return lost;
    },
    assertAlive() {
      if (failure) throw failure;
    },
  };
  watches.set(device, watch);
  return watch;
}

/**
 * Runs the creation of buffers or pipelines inside error scopes and throws what they caught, with `label`.
 * Scopes are a stack per device: do not run two of these on one device at a time, unless what they run is synchronous.
 */
export async function withErrorScopes<T>(device: GPUDevice, label: string, create: () => T | Promise<T>): Promise<T> {
  watchDevice(device).assertAlive();
  for (const filter of ["internal", "validation", "out-of-memory"] as const) device.pushErrorScope(filter);
  let result: { value: T } | { thrown: unknown };
  try {
    const made = create();
    // nothing may get between push and pop of what is synchronous, not even for the length of an await
    result = { value: made instanceof Promise ? await made : made };
  } catch (error) {
    result = { thrown: error };
  }
  // All scopes are popped before the first await, so that nothing else gets between them.
  const caught = await Promise.all([device.popErrorScope(), device.popErrorScope(), device.popErrorScope()]).catch(
    (error: unknown) => {
      watchDevice(device).assertAlive();
      throw error;
    },
  );
  const first = caught.find((error) => error !== null);
  if (first) throw errorFromGpu(first, label);
  if ("thrown" in result) throw asGpuError(result.thrown, label);
  watchDevice(device).assertAlive();
  return result.value;
}

/**
 * Awaits work of the device (mapAsync, onSubmittedWorkDone) and turns its rejection or a kept failure into a GpuError.
 * A read-back that went through here after the last submit is what makes a result trustworthy.
 */
export async function awaitDevice<T>(device: GPUDevice, label: string, work: Promise<T>): Promise<T> {
  const watch = watchDevice(device);
  try {
    const value = await work;
    watch.assertAlive();
    return value;
  } catch (error) {
    await new Promise((resolve) => setTimeout(resolve, 0)); // the reason may arrive just after the rejection
    watch.assertAlive();
    const told = asGpuError(error, label);
    if (told !== error || error instanceof PtychoError) throw told;
    const got = oneLine(error instanceof Error ? error.message : String(error));
    throw new GpuError("GPU_LOST", "the device gave up its work", { source: label, got }, 75, error);
  }
}

function readLimits(limits: GPUSupportedLimits): DeviceLimits {
  return Object.fromEntries(LIMIT_NAMES.map((name) => [name, limits[name]])) as DeviceLimits;
}

function lossError(info: GPUDeviceLostInfo): GpuError {
  if (info.reason === "destroyed") return new GpuError("GPU_CLOSED", "the device was used after destroy()", {}, 70);
  const got = oneLine(info.message);
  return new GpuError(
    "GPU_LOST",
    "the device was lost",
    { ...(got ? { got } : {}), remedy: "Run again; if it happens again, try --device software" },
    75,
  );
}

function errorFromGpu(error: GPUError, label: string): GpuError {
  const kind = Object.prototype.toString.call(error);
  const where = label ? { source: label } : {};
  const details = { ...where, got: oneLine(error.message) };
  if (kind === "[object GPUOutOfMemoryError]")
    return new GpuError("GPU_OOM", "the device has not enough memory", {
      ...details,
      remedy: "Use a smaller batch, or --device-memory to keep fewer patterns on the device",
    });
  if (kind === "[object GPUInternalError]") return new GpuError("GPU_INTERNAL", "the driver failed", details, 70);
  return new GpuError("GPU_VALIDATION", "the device refused a command", details, 70);
}

function asGpuError(error: unknown, label: string): unknown {
  if (error instanceof PtychoError || !(error instanceof Error)) return error;
  const details = { ...(label ? { source: label } : {}), got: oneLine(error.message || error.name) };
  if (error.name === "GPUPipelineError")
    return new GpuError("GPU_VALIDATION", "the device refused a pipeline", details, 70, error);
  if (error.name === "AbortError")
    return new GpuError("GPU_LOST", "the device gave up while reading back", details, 75, error);
  if (error.name === "OperationError")
    return new GpuError("GPU_VALIDATION", "the device refused what it was asked to wait for", details, 70, error);
  return error;
}

/** GPU messages span lines and carry traces; an error of ours is one line. */
function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, " ").trim();
}
