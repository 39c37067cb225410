// Everything the engine keeps on the device: allocation, first contents, release. No steps.

import { GpuError } from "../errors.ts";
import type { BufferPool } from "../gpu/buffers.ts";
import { isSoftwareAdapter } from "../gpu/device.ts";
import { BATCH_STRIDE_BYTES } from "../gpu/kernel.ts";
import { sumsPerPlane } from "../kernels/line-shape.ts";
import {
  chooseProfile,
  fitProfile,
  lanesOf,
  listCandidates,
  type Profile,
  type ProfileLimits,
  profiles,
  shapeLine,
} from "../kernels/profile.ts";
import { stepSumParts } from "../kernels/steps.ts";
import type { ProfileName } from "../profile-names.ts";
import {
  ALL_PATTERNS_OFFSET,
  buildAllPatternTables,
  SINGLE_PLANE_OFFSET,
  type TableLayout,
  tableCapacity,
} from "./epoch-tables.ts";
import { findRegion, placePatterns, type RegionOfInterest } from "./geometry.ts";
import { type LsqmlProblem, measureProblem, type ProblemSize } from "./problem.ts";

const COMPLEX_BYTES = 8;
/** Real sums per pattern for the step sizes. */
export const STEP_SUM_COUNT = 6;
/** Lanes of sums over the canvas or the probe. */
export const REDUCTION_LANES = 256;

/** Buffers whose contents an epoch takes over from the one before; everything else is made anew. */
export const SAVED_NAMES = ["object", "probe", "illumination", "farStep"] as const;
type SavedName = (typeof SAVED_NAMES)[number];

/** Working buffers of one slice of a minibatch. */
export interface SliceBuffers {
  /** [position, mode, y, x]: exit waves on their way to the detector, then chi. */
  readonly waves: GPUBuffer;
  /** [position, y, x]: sub-pixel shifted probe of mode 0. */
  readonly shiftedProbe: GPUBuffer;
  /** [position, y, x] modelled intensity (Poisson model, or when intermediate results are captured). */
  readonly modelled: GPUBuffer;
}

export interface LsqmlState {
  readonly pool: BufferPool;
  readonly size: ProblemSize;
  readonly layout: TableLayout;
  readonly region: RegionOfInterest | null;
  readonly patternsResident: boolean;
  /** [set][slice] packed patterns: one resident buffer, or the two sets of the upload ring. */
  readonly patterns: readonly (readonly GPUBuffer[])[];
  readonly slices: readonly SliceBuffers[];
  readonly plan: ComputePlan;
  readonly allPatternTileGroups: number;
  readonly batches: GPUBuffer;
  readonly slots: GPUBuffer;
  readonly tiles: GPUBuffer;
  readonly allSlots: GPUBuffer;
  readonly allTiles: GPUBuffer;
  readonly object: GPUBuffer;
  readonly probe: GPUBuffer;
  /** What carries over from epoch to epoch, as it was at the start of the two that were last begun, by epoch % 2. */
  readonly saved: readonly Readonly<Record<SavedName, GPUBuffer>>[];
  readonly validPixels: GPUBuffer;
  readonly probeSpectrum: GPUBuffer;
  readonly planeScratch: GPUBuffer;
  /** [position in slice, y, x]: planes half way through their transform, of the shifted probe or of the probe gradient. */
  readonly halfway: GPUBuffer;
  /** [y, x]: their mean over the minibatch. */
  readonly gradientMean: GPUBuffer;
  /** [gradientTerms patterns of a slice, y, x]: sums of the probe gradient in Fourier space. */
  readonly gradientTerms: GPUBuffer;
  /** [mode, y, x]. */
  readonly probeDirection: GPUBuffer;
  /** [mode 0 | all modes, y, x], one plane with one mode: the gradient while slices add to it, then preconditioned. */
  readonly objectDirection: GPUBuffer;
  readonly illumination: GPUBuffer;
  readonly maxima: GPUBuffer;
  readonly preconditioner: GPUBuffer;
  readonly partials: GPUBuffer;
  readonly batchSums: GPUBuffer;
  readonly steps: GPUBuffer;
  readonly batchSteps: GPUBuffer;
  /** [pattern] of (object, probe) step of the current epoch. */
  readonly patternSteps: GPUBuffer;
  /** [pattern] far-field step (Poisson). */
  readonly farStep: GPUBuffer;
  readonly farStepNext: GPUBuffer;
  /** [slot of the epoch] of (summed loss, summed modelled intensity). */
  readonly losses: GPUBuffer;
  /** First bad minibatch of object and probe, count of unsolvable steps. */
  readonly flags: GPUBuffer;
  /** Factors of the ambiguity removal (object, probe), then of the host (probe, object). */
  readonly factors: GPUBuffer;
  readonly regionPartials: GPUBuffer;
  readonly modeProducts: GPUBuffer;
  readonly mixing: GPUBuffer;
}

/** How the adapter's profile works out for a run. */
export interface ComputePlan {
  readonly profile: Profile;
  /** True: all modes go to the detector and back in one kernel. */
  readonly fusedDetector: boolean;
  /** Sums per pattern that the detector leaves. */
  readonly detectorLanes: number;
  /** Workgroups that share a pattern in the sums for the step sizes, and sums per pattern that they leave. */
  readonly stepGroups: number;
  readonly stepLanes: number;
  /** Patterns whose probe gradients are added on chip. */
  readonly gradientTerms: number;
}

/** Largest minibatch sizes of any epoch of the run, for the capacity of tables. */
export interface BatchShape {
  /** Minibatch sizes of the epoch that needs most room. */
  readonly sizes: readonly number[];
}

/** What changes how a run goes; slices and profile change the order of sums, and with it the last bits. */
export interface EngineSettings {
  /** Keep the modelled intensity of the last minibatch, for looking at it. */
  readonly capture?: boolean;
  /** Bytes of waves that are worked on together; default 64 MiB. */
  readonly sliceBytes?: number;
  /** How kernels are laid out; default: as the options say. Another one changes the order of sums, and with it the last bits. */
  readonly profile?: ProfileName | Profile;
  /** Ends the loading of patterns early; then no epoch may be run. */
  readonly signal?: AbortSignal;
}

/**
 * Allocates the state of a run in `pool`, which stays the caller's. Throws GpuError GPU_LIMIT when the device's bindings
 * are too small.
 */
export function allocateState(
  device: GPUDevice,
  pool: BufferPool,
  problem: LsqmlProblem,
  shape: BatchShape,
  settings: EngineSettings,
): LsqmlState {
  const size = measureProblem(problem);
  const [height, width] = size.frame;
  const [rows, columns] = size.canvasShape;
  const { modeCount, patternCount } = size;
  const pixels = height * width;
  const plane = pixels * COMPLEX_BYTES;
  const canvas = rows * columns;
  const largest = Math.max(...shape.sizes);
  const slotTotal = shape.sizes.reduce((sum, count) => sum + count, 0);
  const sliceSize = chooseSliceSize(device, plane * modeCount, largest, settings.sliceBytes);
  const sliceCount = Math.ceil(largest / sliceSize);
  const { patternBytes } = problem.patterns;
  const patternsResident = patternCount * patternBytes <= residentLimit(device, problem.options.deviceMemoryBytes);
  const profile = resolveProfile(device, settings.profile ?? problem.options.profile);
  const placement = placePatterns(problem.positionsPx, problem.originPx, size.frame);
  const layout: TableLayout = {
    placement,
    frame: size.frame,
    canvasShape: size.canvasShape,
    tileSide: profile.tileSide,
    sliceSize,
    streamed: !patternsResident,
  };
  const capacity = tableCapacity(layout, shape.sizes);
  const poisson = problem.options.noiseModel === "poisson";
  const plan = planCompute(problem, size, { sliceSize, sliceCount, profile });
  const lanes = Math.max(plan.detectorLanes * 2, plan.stepLanes * STEP_SUM_COUNT);
  const slices = Array.from({ length: sliceCount }, (_, slice) => ({
    waves: pool.storage(`waves ${slice}`, sliceSize * modeCount * plane),
    shiftedProbe: pool.storage(`shifted probe ${slice}`, sliceSize * plane),
    modelled: pool.storage(`modelled ${slice}`, poisson || settings.capture ? sliceSize * pixels * 4 : 16),
  }));
  const all = buildAllPatternTables(layout);
  const batches = pool.uniform("batch table", Math.max(capacity.batchBytes, 2 * BATCH_STRIDE_BYTES));
  device.queue.writeBuffer(batches, SINGLE_PLANE_OFFSET, singlePlaneEntry());
  device.queue.writeBuffer(batches, ALL_PATTERNS_OFFSET, all.entry as Uint8Array<ArrayBuffer>);
  return {
    pool,
    size,
    layout,
    region: findRegion(problem.positionsPx, problem.originPx, size.canvasShape),
    patternsResident,
    patterns: patternsResident
      ? [[pool.storage("patterns", patternCount * patternBytes)]]
      : [0, 1].map((set) =>
          slices.map((_, slice) => pool.storage(`patterns ${set}.${slice}`, sliceSize * patternBytes)),
        ),
    slices,
    plan,
    allPatternTileGroups: all.tileGroups,
    batches,
    slots: pool.storage("slots", capacity.slotBytes),
    tiles: pool.storage("tiles", capacity.tileBytes),
    allSlots: pool.storageFrom("all slots", all.slots),
    allTiles: pool.storageFrom("all tiles", all.tiles),
    object: pool.storageFrom("object", problem.object.data),
    probe: pool.storageFrom("probe", problem.probe.data),
    saved: [0, 1].map((parity) => ({
      object: pool.storage(`saved object ${parity}`, canvas * COMPLEX_BYTES),
      probe: pool.storage(`saved probe ${parity}`, modeCount * plane),
      illumination: pool.storage(`saved illumination ${parity}`, canvas * 4),
      farStep: pool.storage(`saved far-field steps ${parity}`, patternCount * 4),
    })),
    validPixels: pool.storageFrom("valid pixels", cornerCentredMask(problem.mask, height, width)),
    probeSpectrum: pool.storage("probe spectrum", plane),
    planeScratch: pool.storage("plane scratch", plane),
    halfway: pool.storage("half-transformed planes", sliceSize * plane),
    gradientMean: pool.storage("mean probe gradient", plane),
    gradientTerms: pool.storage("probe gradient sums", Math.ceil(sliceSize / plan.gradientTerms) * plane),
    probeDirection: pool.storage("probe direction", modeCount * plane),
    objectDirection: pool.storage("object direction", canvas * Math.min(modeCount, 2) * COMPLEX_BYTES),
    illumination: pool.storage("illumination", canvas * 4),
    maxima: pool.storage("maxima", REDUCTION_LANES * 4),
    preconditioner: pool.storage("preconditioner", canvas * 4),
    partials: pool.storage("partials", sliceSize * lanes * 4),
    batchSums: pool.storage("batch sums", largest * STEP_SUM_COUNT * 4),
    steps: pool.storage("steps", largest * 8),
    batchSteps: pool.storage("batch steps", 8),
    patternSteps: pool.storage("pattern steps", patternCount * 8),
    farStep: pool.storageFrom("far-field steps", new Float32Array(patternCount).fill(0.5)),
    farStepNext: pool.storage("next far-field steps", patternCount * 4),
    losses: pool.storage("losses", slotTotal * 8),
    flags: pool.storage("flags", 16),
    factors: pool.storage("factors", 16),
    regionPartials: pool.storage("region sums", REDUCTION_LANES * 8),
    modeProducts: pool.storage("mode products", ((modeCount * (modeCount + 1)) / 2) * REDUCTION_LANES * 8),
    mixing: pool.storage("mode mixing", modeCount * modeCount * COMPLEX_BYTES),
  };
}

/** Works the adapter's profile out for a run's sizes. */
function planCompute(
  problem: LsqmlProblem,
  { frame: [height, width], modeCount }: ProblemSize,
  chosen: { readonly sliceSize: number; readonly sliceCount: number; readonly profile: Profile },
): ComputePlan {
  const pixels = height * width;
  const { profile } = chosen;
  const needs = { kind: "forward-inverse", axis: "column", length: height, linesPerPlane: width } as const;
  const columns = shapeLine(profile, { ...needs, modes: modeCount });
  const fusedDetector = problem.options.noiseModel === "gaussian" && columns !== null;
  const sums = profile.invocations > 1 ? stepSumParts.group : stepSumParts.lane;
  const stepGroups = Math.min(32, Math.max(1, Math.floor(pixels / (sums.invocations * profile.samplesPerLane))));
  return {
    profile,
    fusedDetector,
    detectorLanes: fusedDetector ? sumsPerPlane(columns) : unfusedLanes(pixels),
    stepGroups,
    stepLanes: stepGroups * sums.lanes,
    gradientTerms: profile.gradientTerms,
  };
}

function resolveProfile(device: GPUDevice, chosen: ProfileName | Profile | null): Profile {
  if (chosen === null) return defaultProfile(device);
  const profile = typeof chosen === "string" ? profiles[chosen] : chosen;
  const limits = profileLimits(device);
  if (profile.subgroupLanes > 0 && lanesOf(limits) === 0)
    throw new GpuError(
      "GPU_PROFILE",
      `the profile ${profile.name} needs subgroups of four invocations or more`,
      {
        field: "profile",
        expected: candidatesOf(device).join(", "),
        got: profile.name,
        remedy: "Leave --profile away, or name one of these",
      },
      69,
    );
  return fitProfile(profile, limits);
}

/** The profile that a device gets unless another one is asked for. */
export function defaultProfile(device: GPUDevice): Profile {
  const { vendor, architecture, device: name, description } = device.adapterInfo;
  const names = `${vendor} ${architecture} ${name} ${description}`;
  const limits = profileLimits(device);
  return fitProfile(chooseProfile(isSoftwareAdapter(device.adapterInfo), names, limits), limits);
}

/** Profiles of the device's kind that work on it. */
export function candidatesOf(device: GPUDevice): ProfileName[] {
  return listCandidates(isSoftwareAdapter(device.adapterInfo), profileLimits(device));
}

/** What the rules of src/kernels/profile.ts go by. */
export function profileLimits({ limits, features, adapterInfo }: GPUDevice): ProfileLimits {
  const { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize } = limits;
  const subgroupMinSize = features.has("subgroups") ? (adapterInfo.subgroupMinSize ?? 0) : 0;
  return { maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupStorageSize, subgroupMinSize };
}

/** Invocations that share a pattern where the detector has kernels of its own. */
function unfusedLanes(pixels: number): number {
  return Math.min(256, Math.max(16, 2 ** Math.floor(Math.log2(pixels / 16))));
}

/** Bytes of waves that are worked on together. Smaller slices, for caches, cost processors more in object updates. */
const SLICE_BYTES = 64 * 2 ** 20;

/** Patterns whose waves are worked on together. */
function chooseSliceSize(device: GPUDevice, waveBytes: number, batchSize: number, chosenBytes?: number): number {
  const binding = device.limits.maxStorageBufferBindingSize;
  const preferred = chosenBytes ?? SLICE_BYTES;
  const size = Math.max(1, Math.floor(Math.min(preferred, binding) / waveBytes));
  // equal slices: 96 patterns in slices of 50 become 48 + 48
  return Math.ceil(batchSize / Math.ceil(batchSize / size));
}

function residentLimit(device: GPUDevice, chosenBytes: number | null): number {
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  return chosenBytes === null ? limit : Math.min(limit, chosenBytes);
}

function singlePlaneEntry(): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(BATCH_STRIDE_BYTES / 4);
  words.set([0, 1, 0, 1, 0, 0, 0, 1, 0, 1]);
  return words;
}

/** The mask as factors 0 and 1 with the zero frequency at [0, 0]. */
function cornerCentredMask(mask: Uint8Array | null, height: number, width: number): Float32Array {
  const factors = new Float32Array(height * width).fill(1);
  if (!mask) return factors;
  for (let y = 0; y < height; y++) {
    const row = (y + Math.floor(height / 2)) % height;
    for (let x = 0; x < width; x++) {
      factors[y * width + x] = mask[row * width + ((x + Math.floor(width / 2)) % width)] ? 1 : 0;
    }
  }
  return factors;
}
