// What a careful colleague would tell about a file before running it: facts first, then everything that looks odd.

import type { ComplexArray } from "../complex.ts";
import { OptionsError } from "../errors.ts";
import type { DataOptions } from "../options.ts";
import { memoryBudget, type OpenScan, type ReadDatasetExtras } from "./contract.ts";
import { findCountScale } from "./count-scale.ts";
import type { DatasetNote, Quantity } from "./dataset.ts";
import { contractKeys, type DatasetPlan } from "./dataset-plan.ts";
import { escalate, type Finding, oddities } from "./inspect-findings.ts";
import {
  type Centring,
  findOddPixels,
  type IntensitySpread,
  intensitySpread,
  measureCentring,
  type OddPixels,
} from "./inspect-patterns.ts";
import { errorFinding, refusals, tryOpen, tryPlan } from "./inspect-reading.ts";
import { isInteger, type NumericType } from "./npy-dtype.ts";
import { type NpzFile, openNpz } from "./npz.ts";
import { packedFacts, servedByRange } from "./pattern-pass.ts";
import { assertUnchanged, blameChange, type RandomAccess } from "./random-access.ts";
import { assertCanvasSize, scanBox } from "./scan-geometry.ts";
import { meanNeighbourDistance } from "./scan-overlap.ts";
import { methodStored } from "./zip-format.ts";

export interface InspectOptions {
  readonly data: DataOptions;
  /** The canvas that a run would lay out for positions [position, 2] and patterns of `frame` pixels. */
  readonly layOutCanvas: (positionsPx: Float64Array, frame: readonly [number, number]) => CanvasFacts;
  /** Reads headers only. */
  readonly quick: boolean;
}

/** Size of a canvas, and what there is to say about it. */
export interface CanvasFacts {
  readonly shape: readonly [number, number];
  readonly notes: readonly DatasetNote[];
}

export interface MemberFacts {
  readonly name: string;
  /** NumPy's name of the type; null when the header cannot be read. */
  readonly dtype: string | null;
  readonly shape: readonly number[] | null;
  readonly fortranOrder: boolean | null;
  readonly compressed: boolean;
  readonly sizeBytes: number;
  /** True for the names of the contract, also when something about the file is refused. */
  readonly used: boolean;
}

export interface PatternFactsReport {
  readonly key: string;
  readonly count: number;
  readonly heightPx: number;
  readonly widthPx: number;
  readonly axisOrder: "nhw" | "hwn";
  readonly axisOrderRule: string;
  /** Null when nobody stated it and a run would refuse to guess; intensity is then assumed for the rest of the report. */
  readonly quantity: Quantity | null;
  readonly quantityRule: string;
  readonly sampleType: "float32" | "uint16";
}

export interface ScanReport {
  /** (y, x), in the object frame. */
  readonly minimumPx: readonly [number, number];
  readonly maximumPx: readonly [number, number];
  readonly rangePx: readonly [number, number];
  readonly meanStepPx: number | null;
  /** Diameter of a disk with the probe's effective area (sum I)^2 / sum I^2. */
  readonly probeDiameterPx: number;
  /** 1 - mean step / probe diameter, not below 0; null without a step. */
  readonly linearOverlap: number | null;
}

export interface MemoryReport {
  /** Packed patterns, as they go to the device. */
  readonly patternBytes: number;
  readonly servedFrom: "range" | "memory" | "spool";
  /** What opening keeps in host memory. */
  readonly hostBytes: number;
  readonly hostBudgetBytes: number;
  /** Patterns, object and probe on the device when all patterns stay there; work buffers come on top. */
  readonly deviceBytes: number | null;
}

/** Everything that is known is filled in; null is unknown (quick, or a refusal before that point). JSON-serialisable. */
export interface Inspection {
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string | null;
  readonly members: readonly MemberFacts[];
  readonly patterns: PatternFactsReport | null;
  readonly probeShape: readonly number[] | null;
  readonly objectShape: readonly number[] | null;
  readonly intensity: IntensitySpread | null;
  /** Photons per unit of intensity, where the noise shows it. */
  readonly countsPerUnitIntensity: number | null;
  readonly centring: Centring | null;
  readonly pixels: OddPixels | null;
  readonly scan: ScanReport | null;
  readonly canvasPx: readonly [number, number] | null;
  readonly memory: MemoryReport | null;
  readonly findings: readonly Finding[];
  /** False when nothing is said about the values: only headers were read, or the file is refused. */
  readonly valuesRead: boolean;
}

/**
 * Inspects a file without closing it. Archives that cannot be opened throw; whatever the contract refuses becomes a finding
 * of level `error`, and the rest is still reported. Throws INPUT_CHANGED when the file changed meanwhile.
 */
export async function inspectDataset(
  access: RandomAccess,
  options: InspectOptions,
  extras: ReadDatasetExtras = {},
): Promise<Inspection> {
  try {
    const report = await examine(access, options, extras);
    await assertUnchanged(access);
    return report;
  } catch (error) {
    throw await blameChange(access, error);
  }
}

async function examine(access: RandomAccess, options: InspectOptions, extras: ReadDatasetExtras): Promise<Inspection> {
  const findings: Finding[] = [];
  const npz = await openNpz(access, { lenient: options.data.lenientZip, codecs: extras.codecs ?? {} });
  const planned = await tryPlan(npz, options.data, findings);
  const facts = { name: access.name, sizeBytes: access.sizeBytes };
  const members = await describeMembers(npz);
  if (!planned) return { ...emptyInspection, ...facts, members, findings };
  const { plan, data } = planned;
  const header = { ...facts, members, ...describePlan(plan, planned.assumed) };
  const memory = describeMemory(npz, plan, options, extras, null);
  if (options.quick) return { ...emptyInspection, ...header, memory, findings: [...findings, ...planned.notes] };
  const { maskNonfinite, clipNegative } = options.data;
  const scan = await tryOpen(access, data, { ...data, maskNonfinite, clipNegative }, extras, findings);
  if (!scan) return { ...emptyInspection, ...header, memory, findings: [...findings, ...planned.notes] };
  try {
    const { dataset, statistics } = scan;
    findings.push(...escalate(scan, options.data, planned.assumed));
    const geometry = describeScan(scan);
    const canvasPx = tryCanvas(dataset.positionsPx, plan, options, findings);
    if (canvasPx) findings.push(...refusals(() => assertCanvasSize(canvasPx, access.name)));
    const centring = measureCentring(statistics.pixels!.intensitySum, plan.oriented, dataset.mask);
    const pixels = findOddPixels(statistics.pixels!, plan.oriented, dataset.mask, dataset.patterns.count);
    findings.push(...oddities(centring, pixels, geometry));
    return {
      ...header,
      sha256: dataset.sha256,
      intensity: intensitySpread(statistics),
      countsPerUnitIntensity: await findCountScale(scan.dataset.patterns),
      centring,
      pixels,
      scan: geometry,
      canvasPx,
      memory: describeMemory(npz, plan, options, extras, canvasPx),
      findings,
      valuesRead: true,
    };
  } finally {
    await scan.dataset.patterns.close();
  }
}

const emptyInspection = {
  sha256: null,
  patterns: null,
  probeShape: null,
  objectShape: null,
  intensity: null,
  countsPerUnitIntensity: null,
  centring: null,
  pixels: null,
  scan: null,
  canvasPx: null,
  memory: null,
  valuesRead: false,
};

/** A canvas that the options make impossible is what a run would refuse; the file is described all the same. */
function tryCanvas(
  positionsPx: Float64Array,
  { oriented }: DatasetPlan,
  { layOutCanvas }: InspectOptions,
  findings: Finding[],
): readonly [number, number] | null {
  try {
    const { shape, notes } = layOutCanvas(positionsPx, [oriented.heightPx, oriented.widthPx]);
    findings.push(...notes);
    return shape;
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    findings.push({ level: "error", code: error.code, message: error.message });
    return null;
  }
}

async function describeMembers(npz: NpzFile): Promise<MemberFacts[]> {
  const members: MemberFacts[] = [];
  for (const name of npz.names) {
    const { method, sizeBytes } = npz.member(name);
    // A member that nobody needs may be anything; it is listed all the same.
    const header = await npz.peekHeader(name).catch((error: unknown) => {
      errorFinding(error);
      return null;
    });
    const type = header?.type;
    const dtype = !type ? null : type.kind === "numeric" ? type.name : type.kind === "object" ? "object" : header.descr;
    members.push({
      name,
      dtype,
      shape: header?.shape ?? null,
      fortranOrder: header?.fortranOrder ?? null,
      compressed: method !== methodStored,
      sizeBytes,
      used: contractKeys.includes(name),
    });
  }
  return members;
}

function describePlan(plan: DatasetPlan, assumed: boolean) {
  const { reading, decision, oriented } = plan;
  const patterns: PatternFactsReport = {
    key: plan.patterns.key,
    count: reading.count,
    heightPx: oriented.heightPx,
    widthPx: oriented.widthPx,
    axisOrder: reading.order,
    axisOrderRule: reading.rule,
    quantity: assumed ? null : decision.quantity,
    quantityRule: describeQuantity(plan.patterns.dtype, decision, assumed),
    sampleType: packedFacts(plan).sampleType,
  };
  return { patterns, probeShape: plan.probeShape, objectShape: plan.objectShape };
}

function describeQuantity(dtype: NumericType, decision: DatasetPlan["decision"], assumed: boolean): string {
  if (!assumed) return isInteger(dtype) ? `${dtype} counts, ${decision.rule}` : decision.rule;
  return `${dtype}, not stated: a run needs --intensity; ${decision.quantity} is assumed below`;
}

function describeMemory(
  npz: NpzFile,
  plan: DatasetPlan,
  options: InspectOptions,
  extras: ReadDatasetExtras,
  canvasPx: readonly [number, number] | null,
): MemoryReport {
  const patternBytes = plan.reading.count * packedFacts(plan).patternBytes;
  const complexBytes = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 8);
  const probeBytes = complexBytes(plan.probeShape);
  const small = probeBytes + complexBytes(plan.objectShape) + plan.reading.count * 4 * 8;
  const hostBudgetBytes = memoryBudget(options.data, extras);
  const range = servedByRange(npz, plan);
  const servedFrom = range ? "range" : patternBytes + small <= hostBudgetBytes ? "memory" : "spool";
  return {
    patternBytes,
    servedFrom,
    hostBytes: small + (servedFrom === "memory" ? patternBytes : 0),
    hostBudgetBytes,
    deviceBytes: canvasPx ? patternBytes + probeBytes + complexBytes([plan.objectShape[0], ...canvasPx]) : null,
  };
}

/** Extent of the scan, step and overlap. */
export function describeScan(scan: OpenScan): ScanReport {
  const { positionsPx, probe } = scan.dataset;
  const { minimum, maximum, range } = scanBox(positionsPx);
  const meanStepPx = meanNeighbourDistance(positionsPx);
  const probeDiameterPx = effectiveDiameter(probe);
  const linearOverlap = meanStepPx === null ? null : Math.max(0, 1 - meanStepPx / probeDiameterPx);
  return { minimumPx: minimum, maximumPx: maximum, rangePx: range, meanStepPx, probeDiameterPx, linearOverlap };
}

function effectiveDiameter(probe: ComplexArray): number {
  const [modes, height, width] = probe.shape as [number, number, number];
  const pixels = height * width;
  let sum = 0;
  let sumOfSquares = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    let intensity = 0;
    for (let mode = 0; mode < modes; mode++) {
      const at = 2 * (mode * pixels + pixel);
      intensity += probe.data[at]! ** 2 + probe.data[at + 1]! ** 2;
    }
    sum += intensity;
    sumOfSquares += intensity * intensity;
  }
  return 2 * Math.sqrt(sum ** 2 / sumOfSquares / Math.PI);
}
