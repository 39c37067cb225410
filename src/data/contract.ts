// The reader of scans: an NPZ file under the data contract becomes a checked Dataset, in one sequential pass.

import type { DataOptions } from "../options.ts";
import { conversionNotes, ignoredNotes } from "./conversion-notes.ts";
import type { Dataset, DatasetNote } from "./dataset.ts";
import { type DatasetPlan, planDataset } from "./dataset-plan.ts";
import { readDeclarations } from "./declarations.ts";
import { type ArrayOrigin, readObject, readProbe, readScanIndex } from "./guesses.ts";
import { measureCentring } from "./inspect-patterns.ts";
import { combineMasks, decodeMask, readMask } from "./mask.ts";
import { type MetadataReading, readMetadata } from "./metadata.ts";
import { type NumericArray, toNumbers } from "./npy-array.ts";
import { type NpzFile, openNpz } from "./npz.ts";
import { orientPositions } from "./orientation.ts";
import { readPatterns } from "./pattern-pass.ts";
import { judgeStatistics, type PatternStatistics } from "./pattern-statistics.ts";
import { datasetProvenance } from "./provenance.ts";
import { quantityNotes } from "./quantity.ts";
import { blameChange, type RandomAccess } from "./random-access.ts";
import type { ReaderTools } from "./reader-tools.ts";
import { cornerNotes, sampleIntensity } from "./sample-intensity.ts";
import { assertFinitePositions, compareWithObject, judgeGeometry } from "./scan-geometry.ts";

/** What a caller may add to the options. */
export interface ReadDatasetExtras extends ReaderTools {
  /** A mask of its own (true = valid), as an .npy file or an array; replaces a member `mask`. */
  readonly maskNpy?: Uint8Array | NumericArray;
  /** Where that mask comes from, for messages. */
  readonly maskName?: string;
  readonly signal?: AbortSignal;
  /**
   * Called before the patterns' values are read, which takes long in a large file: what it throws refuses the scan. For
   * options that only fit some pattern sizes or positions.
   */
  readonly onChecked?: (scan: CheckedScan) => void;
}

/** A dataset with what was learned on the way; `plan` and `statistics` are for inspection. */
export interface OpenScan {
  readonly dataset: Dataset;
  readonly plan: DatasetPlan;
  readonly statistics: PatternStatistics;
}

/** Host memory that is used when neither a budget nor the free memory is known. */
const fallbackBudgetBytes = 2 ** 31;

/**
 * Reads and checks a scan. The access belongs to the dataset from the call on: `patterns.close()` closes it, and so does a
 * failure. Throws InputError with the codes of reliability.md section 8 (A, B, C) and study.md section 7.3; AbortError.
 */
export async function readDataset(
  access: RandomAccess,
  options: DataOptions,
  extras: ReadDatasetExtras = {},
): Promise<Dataset> {
  return (await openScan(access, options, extras, { perPixel: false })).dataset;
}

/** As `readDataset`, with the plan and statistics; `perPixel` also collects sums per detector pixel. */
export async function openScan(
  access: RandomAccess,
  options: DataOptions,
  extras: ReadDatasetExtras,
  collect: { perPixel: boolean },
): Promise<OpenScan> {
  try {
    const codecs = extras.codecs ?? {};
    const npz = await openNpz(access, { lenient: options.lenientZip, codecs });
    return await readScan(npz, options, extras, collect.perPixel);
  } catch (error) {
    const told = await blameChange(access, error);
    await access.close().catch(() => {}); // the first error is the one to tell
    throw told;
  }
}

/** A scan without its patterns' values: headers, coordinates, probe and object are read and checked. */
export interface CheckedScan {
  readonly plan: DatasetPlan;
  readonly metadata: MetadataReading;
  /** [position, 2] (y, x) of the patterns that would be used. */
  readonly positionsPx: Float64Array;
  readonly notes: readonly DatasetNote[];
}

/**
 * Everything about a scan that can be refused without looking at the patterns' values; cheap for a file of any size. The
 * access stays the caller's. Throws InputError as `readDataset` does.
 */
export async function checkScan(
  access: RandomAccess,
  options: DataOptions,
  extras: ReadDatasetExtras = {},
): Promise<CheckedScan> {
  try {
    const npz = await openNpz(access, { lenient: options.lenientZip, codecs: extras.codecs ?? {} });
    return await readSurroundings(npz, options, extras);
  } catch (error) {
    throw await blameChange(access, error);
  }
}

interface Surroundings extends CheckedScan {
  readonly arrays: SmallArrays;
  readonly budgetBytes: number;
  readonly notes: DatasetNote[];
}

async function readSurroundings(npz: NpzFile, options: DataOptions, extras: ReadDatasetExtras): Promise<Surroundings> {
  const source = npz.archive.access.name;
  const notes: DatasetNote[] = [...npz.notes];
  const metadata = await readMetadata(npz, notes);
  const declared = await readDeclarations(npz, metadata);
  const plan = await planDataset(npz, options, declared, notes);
  const budgetBytes = memoryBudget(options, extras);
  const arrays = await readArrays(npz, plan, options, extras, budgetBytes, notes);
  const used = Math.min(options.firstPatterns ?? plan.reading.count, plan.reading.count);
  const positionsPx = arrays.positionsPx.slice(0, 2 * used);
  const { heightPx, widthPx } = plan.oriented;
  notes.push(...judgeGeometry(positionsPx, heightPx, widthPx, source));
  const [, objectHeight, objectWidth] = plan.objectShape;
  notes.push(...compareWithObject(positionsPx, [heightPx, widthPx], [objectHeight, objectWidth]));
  return { plan, metadata, positionsPx, notes, arrays, budgetBytes };
}

async function readScan(
  npz: NpzFile,
  options: DataOptions,
  extras: ReadDatasetExtras,
  perPixel: boolean,
): Promise<OpenScan> {
  const { access } = npz.archive;
  const source = access.name;
  const surroundings = await readSurroundings(npz, options, extras);
  extras.onChecked?.(surroundings);
  const { plan, metadata, positionsPx, notes, arrays, budgetBytes } = surroundings;
  const used = positionsPx.length / 2;
  const reading = await readPatterns(npz, plan, extras, budgetBytes - arrays.heldBytes, perPixel);
  const { statistics, patterns } = reading;
  try {
    const field = plan.patterns.key;
    notes.push(...judgeStatistics(statistics, options, plan.stored, plan.decision.quantity, source, field));
    notes.push(...quantityNotes(plan.decision, plan.patterns.dtype, statistics, field));
    notes.push(...conversionNotes(plan, statistics), ...ignoredNotes(npz));
    const maskOrigin = arrays.maskOrigin ?? { source, field };
    const nonfinite = statistics.nonfinitePixels;
    const mask = combineMasks(arrays.mask, nonfinite, plan.stored, plan.oriented, maskOrigin);
    const intensity = statistics.pixels?.intensitySum ?? (await sampleIntensity(patterns));
    notes.push(...cornerNotes(measureCentring(intensity, plan.oriented, mask), field));
    const dataset: Dataset = {
      name: source,
      sizeBytes: access.sizeBytes,
      sha256: reading.sha256,
      patterns: used < patterns.count ? { ...patterns, count: used } : patterns,
      patternsPresent: patterns.count,
      positionsPx,
      probe: arrays.probe,
      object: arrays.object,
      mask,
      totalIntensity: statistics.totalIntensity.slice(0, used),
      scanIndex: arrays.scanIndex?.slice(0, used) ?? null,
      pixelSizeM: options.pixelSizeM,
      provenance: datasetProvenance(npz, plan, options, {
        access: reading.access,
        metadata,
        maskSource: arrays.maskOrigin?.field ?? null,
        maskedPixels: mask ? mask.length - mask.reduce((sum, value) => sum + value, 0) : 0,
        statistics,
      }),
      notes,
    };
    return { dataset, plan, statistics };
  } catch (error) {
    await patterns.close();
    throw error;
  }
}

/** Bytes of host memory for arrays that are held whole. */
export function memoryBudget(options: DataOptions, tools: ReaderTools): number {
  if (options.memoryBudgetBytes !== null) return options.memoryBudgetBytes;
  return tools.availableMemoryBytes === undefined ? fallbackBudgetBytes : Math.floor(tools.availableMemoryBytes / 2);
}

interface SmallArrays {
  readonly positionsPx: Float64Array;
  readonly probe: Dataset["probe"];
  readonly object: Dataset["object"];
  readonly scanIndex: Int32Array | null;
  /** [y, x] as in the file. */
  readonly mask: Uint8Array | null;
  readonly maskOrigin: ArrayOrigin | null;
  readonly heldBytes: number;
}

/** Everything but the patterns, held in memory. */
async function readArrays(
  npz: NpzFile,
  plan: DatasetPlan,
  options: DataOptions,
  extras: ReadDatasetExtras,
  budgetBytes: number,
  notes: DatasetNote[],
): Promise<SmallArrays> {
  const source = npz.archive.access.name;
  const origin = (field: string): ArrayOrigin => ({ source, field });
  let heldBytes = 0;
  const read = async (key: string) => {
    const maximumBytes = budgetBytes - heldBytes;
    const array = await npz.readNumeric(key, { maximumBytes });
    heldBytes += array.data.byteLength;
    return array;
  };
  const coordinates = async (key: string) => {
    const values = toNumbers(await read(key), source, key);
    assertFinitePositions(values, source, key);
    return values;
  };
  const positionsPx = orientPositions(await coordinates("xcoords"), await coordinates("ycoords"), options);
  const probeKey = plan.probe.key;
  const probe = readProbe(await read(probeKey), plan.probeShape, plan.oprModes, origin(probeKey), notes);
  const object = readObject(await read(plan.object.key), origin(plan.object.key), notes);
  const scanIndex = plan.scanIndex ? readScanIndex(await read(plan.scanIndex.key), origin(plan.scanIndex.key)) : null;
  const storedPx = [plan.stored.heightPx, plan.stored.widthPx] as const;
  const given = await givenMask(npz, extras, read, notes);
  const mask = given ? readMask(given.array, storedPx, given.origin, notes) : null;
  return { positionsPx, probe, object, scanIndex, mask, maskOrigin: given?.origin ?? null, heldBytes };
}

async function givenMask(
  npz: NpzFile,
  extras: ReadDatasetExtras,
  read: (key: string) => Promise<NumericArray>,
  notes: DatasetNote[],
): Promise<{ array: NumericArray; origin: ArrayOrigin } | null> {
  const { maskNpy } = extras;
  const file = npz.archive.access.name;
  if (maskNpy === undefined) {
    return npz.has("mask") ? { array: await read("mask"), origin: { source: file, field: "mask" } } : null;
  }
  if (npz.has("mask")) {
    notes.push({ level: "info", code: "DATA_MASK", message: "mask: the given mask replaces the file's" });
  }
  const origin = { source: extras.maskName ?? file, field: "given mask" };
  return { array: maskNpy instanceof Uint8Array ? decodeMask(maskNpy, origin) : maskNpy, origin };
}
