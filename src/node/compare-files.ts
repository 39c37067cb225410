// Reads what is compared: results of this program and of pty-chi, and the truth; then compares and describes.

import { basename, join } from "node:path";
import {
  COMPARE_DEFAULTS,
  type ComparedObjects,
  type CompareOptions,
  compareObjects,
} from "../compare/compare-objects.ts";
import { type ComparisonRecord, describeComparison } from "../compare/comparison-record.ts";
import { listMetricRows, type MetricRow } from "../compare/comparison-rows.ts";
import { imageShape } from "../compare/pixel-box.ts";
import type { ReconstructedObject, TrueObject } from "../compare/region.ts";
import type { ComplexArray } from "../complex.ts";
import { assertComplex } from "../data/guesses.ts";
import { toNumbers } from "../data/npy-array.ts";
import { type NpzFile, openNpz } from "../data/npz.ts";
import { InputError } from "../errors.ts";
import { fileAccess } from "./file-access.ts";
import { nodeFileSystem } from "./file-system.ts";

/** Names of a result's archive, in the order in which a folder is searched. */
export const RECONSTRUCTION_NAMES = ["reconstruction.npz", "ptychi_reconstruction.npz"] as const;
/** Members that may hold the truth, in order. */
export const TRUTH_KEYS = ["truth_object", "objectGuess"] as const;

/** A result file. */
export interface ReadReconstruction {
  readonly path: string;
  readonly object: ReconstructedObject;
  /** Member `algorithm`; null without. */
  readonly algorithm: string | null;
  /** Member `reconstruction_time`; null without. */
  readonly computationSeconds: number | null;
}

/** The truth of a scan. */
export interface ReadTruth {
  readonly path: string;
  /** Member that it was read from. */
  readonly key: string;
  readonly object: TrueObject;
}

/** A result to compare; `model` null = named after its algorithm. */
export interface ResultSource {
  readonly path: string;
  readonly model: string | null;
}

/** A finished comparison of files. */
export interface FileComparison {
  readonly compared: ComparedObjects;
  readonly models: readonly string[];
  readonly record: ComparisonRecord;
  /** Of all results, in their order. */
  readonly rows: readonly MetricRow[];
}

/**
 * Compares result files (or folders that hold one) with the truth in `truthPath`. Throws InputError: 66 for missing
 * files, 65 for what cannot be compared. A result that must not be scored is refused in the outcome.
 */
export async function compareFiles(
  results: readonly ResultSource[],
  truthPath: string,
  truthKey: string | null = null,
  options: CompareOptions = COMPARE_DEFAULTS,
): Promise<FileComparison> {
  const truth = await readTruth(truthPath, truthKey);
  const read: ReadReconstruction[] = [];
  for (const { path } of results) read.push(await readReconstruction(path));
  const models = nameModels(read, results);
  const compared = compareObjects(
    read.map(({ object }) => object),
    truth.object,
    options,
  );
  const sources = {
    truth: { path: truth.path, key: truth.key },
    results: read.map(({ path, computationSeconds }, index) => ({ model: models[index]!, path, computationSeconds })),
    notes: listNotes(read, models, truth, compared),
  };
  const rows = compared.results.flatMap((result, index) =>
    listMetricRows(models[index]!, result, read[index]!.computationSeconds),
  );
  return { compared, models, record: describeComparison(compared, sources, options) as ComparisonRecord, rows };
}

/** Reads a result file, or the one in a folder. Throws InputError. */
export async function readReconstruction(path: string): Promise<ReadReconstruction> {
  const file = await findReconstruction(path);
  return withNpz(file, async (npz) => {
    const object = await readComplex(npz, file, "reconstructed_object");
    imageShape(object, "reconstructed_object");
    const origin = await readReal(npz, file, "canvas_origin_px", 2);
    const positions = await readReal(npz, file, "positions_px", null);
    const time = await readReal(npz, file, "reconstruction_time", 1);
    const used = await readReal(npz, file, "scan_index_used", null);
    const seconds = time?.[0] ?? Number.NaN;
    return {
      path: file,
      object: {
        object,
        canvasOriginPx: origin && [origin[0]!, origin[1]!],
        usedPositionsPx: positions && origin && pickUsed(positions, origin, used),
        probe: npz.has("reconstructed_probe") ? await readComplex(npz, file, "reconstructed_probe") : null,
      },
      algorithm: await readText(npz, "algorithm"),
      computationSeconds: Number.isFinite(seconds) ? seconds : null,
    };
  });
}

/** Reads the truth and, where there are any, the scan's positions. Throws InputError. */
export async function readTruth(path: string, key: string | null = null): Promise<ReadTruth> {
  return withNpz(path, async (npz) => {
    const name = key ?? TRUTH_KEYS.find((candidate) => npz.has(candidate));
    if (name === undefined) {
      throw new InputError("DATA_MISSING_KEY", "the file holds no truth to compare with", {
        source: path,
        expected: TRUTH_KEYS.join(" or "),
        got: npz.names.join(", ") || "an empty archive",
        remedy: "Name the member with --truth-key",
      });
    }
    const object = await readComplex(npz, path, name);
    imageShape(object, name);
    const [y, x] = [await readReal(npz, path, "ycoords", null), await readReal(npz, path, "xcoords", null)];
    const positionsPx =
      y && x && y.length === x.length && y.length > 0
        ? Float64Array.from({ length: 2 * y.length }, (_, i) => (i % 2 === 0 ? y : x)[i >> 1]!)
        : null;
    const probeKey = ["truth_probe", "probeGuess"].find((candidate) => npz.has(candidate));
    const probe = probeKey === undefined ? null : await readComplex(npz, path, probeKey).catch(() => null);
    return { path, key: name, object: { object, positionsPx, probe } };
  });
}

async function findReconstruction(path: string): Promise<string> {
  const isFolder = await nodeFileSystem.isFolder(path).catch(() => false);
  if (!isFolder) return path;
  for (const name of RECONSTRUCTION_NAMES) {
    if ((await nodeFileSystem.kindOf(join(path, name))) !== "nothing") return join(path, name);
  }
  throw new InputError(
    "INPUT_MISSING",
    "the folder holds no result",
    { source: path, expected: RECONSTRUCTION_NAMES.join(" or "), remedy: "Check the path" },
    66,
  );
}

async function withNpz<T>(path: string, read: (npz: NpzFile) => Promise<T>): Promise<T> {
  const access = await fileAccess(path);
  try {
    return await read(await openNpz(access));
  } finally {
    await access.close();
  }
}

async function readComplex(npz: NpzFile, source: string, field: string): Promise<ComplexArray> {
  const array = await npz.readNumeric(field);
  assertComplex(array.dtype, { source, field });
  const data = array.data instanceof Float32Array ? array.data : Float32Array.from(array.data as Float64Array);
  return { shape: array.shape, data };
}

/** A member as numbers; null when it is absent, or is not `count` numbers long. */
async function readReal(npz: NpzFile, source: string, field: string, count: number | null) {
  if (!npz.has(field)) return null;
  const numbers = toNumbers(await npz.readNumeric(field), source, field);
  return count === null || numbers.length === count ? numbers : null;
}

async function readText(npz: NpzFile, field: string): Promise<string | null> {
  if (!npz.has(field) || (await npz.header(field)).type.kind !== "unicode") return null;
  const array = await npz.readArray(field);
  return array.dtype === "str" ? (array.data[0] ?? null) : null;
}

/** Data coordinates of the patterns used. Indices that the positions do not have mean that those are the used ones. */
function pickUsed(positions: Float64Array, origin: Float64Array, used: Float64Array | null): Float64Array | null {
  const count = Math.floor(positions.length / 2);
  if (count === 0) return null;
  const fits = used && used.length > 0 && used.every((index) => index >= 0 && index < count);
  const indices = fits ? used : Float64Array.from({ length: count }, (_, index) => index);
  return Float64Array.from({ length: 2 * indices.length }, (_, i) => {
    return positions[2 * indices[i >> 1]! + (i % 2)]! + origin[i % 2]!;
  });
}

/** Given names, else PtyChi for what pty-chi wrote and ptycho-webgpu for ours; no two alike. */
function nameModels(read: readonly ReadReconstruction[], sources: readonly ResultSource[]): string[] {
  const names: string[] = [];
  read.forEach(({ algorithm, object }, index) => {
    const foreign = algorithm === null ? object.canvasOriginPx === null : /pty-?chi/i.test(algorithm);
    const name = sources[index]!.model ?? (foreign ? "PtyChi" : "ptycho-webgpu");
    const same = names.filter((other) => other === name || other.startsWith(`${name} (`)).length;
    names.push(same === 0 ? name : `${name} (${same + 1})`);
  });
  return names;
}

function listNotes(
  read: readonly ReadReconstruction[],
  models: readonly string[],
  truth: ReadTruth,
  compared: ComparedObjects,
): string[] {
  const notes: string[] = [];
  if (truth.key !== TRUTH_KEYS[0]) notes.push(`the truth is the member ${truth.key} of ${basename(truth.path)}`);
  compared.results.forEach(({ place, alignment, metrics, study }, index) => {
    const model = models[index]!;
    if (place.source === "centred") {
      notes.push(`${model}: the file has no canvas origin; the canvas was centred on the scan and registered`);
    }
    if (place.source === "rule")
      notes.push(`${model}: the file has no canvas origin; it was placed by the canvas rule`);
    if (alignment?.atBound) {
      notes.push(`${model}: registration ended at its bound; do result and truth belong together?`);
    }
    if (metrics && !study) notes.push(`${model}: the study's own alignment was not possible`);
    const [used, scan] = [read[index]!.object.usedPositionsPx, truth.object.positionsPx];
    if (used && scan && used.length === scan.length && used.some((value, i) => Math.abs(value - scan[i]!) > 1e-3)) {
      notes.push(`${model}: its positions are not those of ${basename(truth.path)}`);
    }
  });
  return notes;
}
