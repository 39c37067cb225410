// What the headers of a file say about a scan, checked against the data contract before any value is read.

import { InputError } from "../errors.ts";
import type { DataOptions } from "../options.ts";
import { readAxisOrder, type StackReading } from "./axis-order.ts";
import type { DatasetNote, Quantity } from "./dataset.ts";
import type { Declarations } from "./declarations.ts";
import { assertComplex, objectShape, probeShape } from "./guesses.ts";
import { remedyForMissing } from "./missing-keys.ts";
import { isComplex, isFloat, type NumericType } from "./npy-dtype.ts";
import { assertDecodable, type NpyHeader, typeError } from "./npy-header.ts";
import type { NpzFile } from "./npz.ts";
import { exchangesAxes, type OrientedPattern, orientPattern } from "./orientation.ts";
import { isGoodFftSize, maximumFftSize, minimumFftSize, nextGoodFftSize } from "./pattern-size.ts";
import { decideQuantity, type QuantityDecision } from "./quantity.ts";

/** A needed member: its header and numeric type. */
export interface PlannedArray {
  readonly key: string;
  readonly header: NpyHeader;
  readonly dtype: NumericType;
}

/** Everything about a scan that headers tell. */
export interface DatasetPlan {
  readonly patterns: PlannedArray;
  /** The other of `diffraction` and `diff3d` when both are there; its bytes must be the same. */
  readonly patternTwin: PlannedArray | null;
  readonly reading: StackReading;
  readonly decision: QuantityDecision;
  /** True when a pattern's pixels lie together in the file. */
  readonly patternMajor: boolean;
  readonly stored: OrientedPattern;
  readonly oriented: OrientedPattern;
  readonly probe: PlannedArray;
  /** [mode, y, x] */
  readonly probeShape: readonly [number, number, number];
  readonly oprModes: number;
  readonly object: PlannedArray;
  /** [slice, y, x] */
  readonly objectShape: readonly [number, number, number];
  readonly xcoords: PlannedArray;
  readonly ycoords: PlannedArray;
  readonly scanIndex: PlannedArray | null;
}

const patternKeys = ["diffraction", "diff3d"];
/** Names listed in an error; files may hold dozens. */
const shownNames = 12;
const otherKeys = ["objectGuess", "probeGuess", "xcoords", "ycoords"];
/** Names of members that are read when they are there. */
export const contractKeys: readonly string[] = [
  ...patternKeys,
  ...otherKeys,
  "scan_index",
  "mask",
  "_metadata",
  "measurement_domain",
];

/** Reads the headers of all needed members. Throws InputError for every rule that they break; see study.md section 7.3. */
export async function planDataset(
  npz: NpzFile,
  options: DataOptions,
  declared: Declarations,
  notes: DatasetNote[],
): Promise<DatasetPlan> {
  const source = npz.archive.access.name;
  const patternKey = patternKeys.find((key) => npz.has(key));
  await assertKeys(npz, patternKey, source);
  const planned = (key: string) => planArray(npz, key);
  const [patterns, probe, object, xcoords, ycoords] = await Promise.all([
    planned(patternKey!),
    planned("probeGuess"),
    planned("objectGuess"),
    planned("xcoords"),
    planned("ycoords"),
  ]);
  const scanIndex = npz.has("scan_index") ? await planned("scan_index") : null;
  const twinKey = patternKeys.find((key) => key !== patternKey && npz.has(key));
  const patternTwin = twinKey ? await planTwin(npz, patterns, twinKey) : null;
  const decision = decidePatterns(patterns, options, declared.quantity, source);
  assertComplex(probe.dtype, { source, field: probe.key }, probe.header.shape);
  assertComplex(object.dtype, { source, field: object.key }, object.header.shape);
  for (const coordinate of [xcoords, ycoords]) assertCoordinate(coordinate, source);
  for (const array of [patterns, xcoords, ycoords, probe, object]) assertNotEmpty(array, source);
  const coordinateCount = xcoords.header.shape[0]!;

  const likelyProbe = probeShape(probe.header.shape, null, { source, field: probe.key });
  const expected = [likelyProbe.shape[1], likelyProbe.shape[2]] as const;
  const turned = exchangesAxes(options.patternOrientation);
  const trailingOne = probe.header.shape.length === 3 && likelyProbe.shape[2] === 1;
  const expectedSizePx = trailingOne ? null : turned ? ([expected[1], expected[0]] as const) : expected;
  const evidence = { coordinateCount, expectedSizePx, declared: declared.axisOrder };
  const reading = readAxisOrder(patterns.header.shape, evidence, options.axisOrder, source, patterns.key);
  if (reading.order === "hwn") {
    const message = `${patterns.key}: read as (height, width, position): ${reading.rule}`;
    notes.push({ level: "info", code: "DATA_AXIS_ORDER", message });
  }
  const positionAxis = `${patterns.key} ${reading.order === "nhw" ? "first" : "last"} axis`;
  for (const coordinate of [xcoords, ycoords]) {
    if (coordinate.header.shape[0] !== reading.count)
      throw lengthError(source, coordinate, positionAxis, reading.count);
  }
  if (scanIndex && scanIndex.header.shape.length !== 1) throw rankError(source, scanIndex);
  if (scanIndex && scanIndex.header.shape[0] !== reading.count) {
    throw lengthError(source, scanIndex, positionAxis, reading.count);
  }
  const stored = storedPattern(reading, patterns.header.fortranOrder);
  const oriented = orientPattern(options.patternOrientation, stored);
  assertSize(oriented, source, patterns.key);
  const patternPx = [oriented.heightPx, oriented.widthPx] as const;
  const probeOrigin = { source, field: probe.key };
  const { shape, oprModes } = probeShape(probe.header.shape, patternPx, probeOrigin);
  if (shape[1] !== patternPx[0] || shape[2] !== patternPx[1]) {
    throw new InputError("DATA_PROBE", "the probe is not as large as a pattern", {
      ...probeOrigin,
      expected: `${patternPx[0]} x ${patternPx[1]}, as the patterns${turned ? " after orientation" : ""}`,
      got: `${shape[1]} x ${shape[2]}`,
      remedy: "Crop or pad one of them, or give the axis order (--axis-order) or orientation that fits",
    });
  }
  const sizedObject = objectShape(object.header.shape, { source, field: object.key });
  // A stack is pattern by pattern when its position axis is the slowest one in memory.
  const patternMajor = (reading.order === "nhw") !== patterns.header.fortranOrder;
  return {
    patterns,
    patternTwin,
    reading,
    decision,
    patternMajor,
    stored,
    oriented,
    probe,
    probeShape: shape,
    oprModes,
    object,
    objectShape: sizedObject,
    xcoords,
    ycoords,
    scanIndex,
  };
}

async function assertKeys(npz: NpzFile, patternKey: string | undefined, source: string): Promise<void> {
  const missing = [...(patternKey ? [] : [patternKeys[0]!]), ...otherKeys.filter((key) => !npz.has(key))];
  if (missing.length === 0) return;
  const list = (keys: readonly string[]) => `[${keys.map((key) => `'${key}'`).join(", ")}]`;
  const expected = list([patternKeys[0]!, ...otherKeys]);
  throw new InputError(
    "DATA_MISSING_KEY",
    `Missing required NPZ keys (DATA-001): ${list(missing)}. Expected keys: ${expected}`,
    {
      source,
      field: missing.join(", "),
      got: list(npz.names.slice(0, shownNames)) + (npz.names.length > shownNames ? " and more" : ""),
      remedy: await remedyForMissing(npz, missing, contractKeys),
    },
  );
}

async function planArray(npz: NpzFile, key: string): Promise<PlannedArray> {
  const source = npz.archive.access.name;
  const header = await npz.header(key);
  assertDecodable(header, source, key);
  if (header.type.kind !== "numeric") throw typeError(header, source, key);
  return { key, header, dtype: header.type.name };
}

/** Both pattern keys are fine only when their members are the same bytes; CRC and size say so without reading them. */
async function planTwin(npz: NpzFile, patterns: PlannedArray, twinKey: string): Promise<PlannedArray> {
  const source = npz.archive.access.name;
  const [first, second] = [npz.member(patterns.key), npz.member(twinKey)];
  if (first.crc === second.crc && first.sizeBytes === second.sizeBytes) return planArray(npz, twinKey);
  throw new InputError("DATA_KEY_CONFLICT", `the file holds ${patterns.key} and ${twinKey}, and they differ`, {
    source,
    field: `${patterns.key}, ${twinKey}`,
    expected: "one of them, or equal arrays",
    got: `CRC ${first.crc.toString(16)} and ${second.crc.toString(16)}`,
    remedy: "Remove the one that is not meant",
  });
}

function decidePatterns(
  patterns: PlannedArray,
  options: DataOptions,
  declared: Quantity | null,
  source: string,
): QuantityDecision {
  const { dtype, key } = patterns;
  if (isComplex(dtype)) {
    const message = `${key} must be float (amplitude), got dtype=${dtype}. DATA-001 requires amplitude (sqrt of intensity)`;
    throw new InputError("DATA_DTYPE", message, {
      source,
      field: key,
      expected: "float32 amplitude",
      got: dtype,
      remedy: "Save the modulus of the far field, not the field",
    });
  }
  return decideQuantity(dtype, options.quantity, declared, source, key);
}

function assertCoordinate(coordinate: PlannedArray, source: string): void {
  if (!isFloat(coordinate.dtype)) {
    throw new InputError("DATA_DTYPE", `${coordinate.key} must be float dtype, got dtype=${coordinate.dtype}`, {
      source,
      field: coordinate.key,
      expected: "float64 or float32",
      got: coordinate.dtype,
      remedy: `Save it again as ${coordinate.key}.astype('float64'), in pixels of the object (not motor steps or detector pixels)`,
    });
  }
  if (coordinate.header.shape.length !== 1) throw rankError(source, coordinate);
}

function rankError(source: string, array: PlannedArray): InputError {
  return new InputError("DATA_RANK", `${array.key} must be a vector`, {
    source,
    field: array.key,
    expected: "1 axis: (position)",
    got: `${array.header.shape.length} axes: (${array.header.shape.join(", ")})`,
  });
}

function lengthError(source: string, array: PlannedArray, other: string, expected: number): InputError {
  const got = array.header.shape[0];
  return new InputError("DATA_LENGTH_MISMATCH", `${array.key} length ${got} != ${other} ${expected}`, {
    source,
    field: array.key,
    expected: `${expected} entries, one per pattern`,
    got: `${got}`,
    remedy: "Nothing is cut or padded: save coordinates and patterns of the same positions",
  });
}

function assertNotEmpty(array: PlannedArray, source: string): void {
  if (array.header.elementCount > 0) return;
  throw new InputError("DATA_EMPTY", "the array is empty", {
    source,
    field: array.key,
    expected: "at least one element",
    got: `shape (${array.header.shape.join(", ")})`,
    remedy: "Check how the file was made",
  });
}

/** Fortran order only exchanges which pixel axis is contiguous; the strides say so. */
function storedPattern(reading: StackReading, fortranOrder: boolean): OrientedPattern {
  const { heightPx, widthPx } = reading;
  const layout = fortranOrder
    ? { offset: 0, rowStride: 1, columnStride: heightPx }
    : { offset: 0, rowStride: widthPx, columnStride: 1 };
  return { heightPx, widthPx, layout };
}

function assertSize(oriented: OrientedPattern, source: string, field: string): void {
  const { heightPx, widthPx } = oriented;
  if (isGoodFftSize(heightPx) && isGoodFftSize(widthPx)) return;
  const next = [nextGoodFftSize(heightPx), nextGoodFftSize(widthPx)];
  const suggestion = next.includes(null)
    ? `Crop or bin the patterns to at most ${maximumFftSize} x ${maximumFftSize}`
    : `Pad patterns and probe to ${next[0]} x ${next[1]}, the next larger good size`;
  throw new InputError("UNSUPPORTED_SIZE", `patterns of ${heightPx} x ${widthPx} pixels are not supported`, {
    source,
    field,
    expected: `2^a 3^b 5^c from ${minimumFftSize} to ${maximumFftSize} per side`,
    got: `${heightPx} x ${widthPx}`,
    remedy: suggestion,
  });
}
