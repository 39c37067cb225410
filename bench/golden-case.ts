// A golden file as a problem for the engine and as numbers to arrive at (format: README of the golden folder).

import {
  type ComplexArray,
  type LsqmlProblem,
  type NpzFile,
  openNpz,
  type PatternSource,
  planFromSchedule,
  type ReconstructOptions,
  type Schedule,
} from "../src/index.ts";
import { fileAccess } from "../src/node/index.ts";
import { optionsFromPtychi } from "./golden-options.ts";

export interface Checkpoint {
  /** Completed epochs. */
  readonly epochs: number;
  readonly object: ComplexArray;
  readonly probe: ComplexArray;
  readonly positionsPx: Float32Array;
}

export interface GoldenCase {
  readonly file: string;
  readonly problem: LsqmlProblem;
  readonly epochs: number;
  readonly checkpoints: readonly Checkpoint[];
  readonly loss: Float64Array;
  /** [y, x] weights for comparing objects. */
  readonly illumination: Float32Array;
  /** Intermediate quantities of the first updating minibatch by field name, without "step_". */
  readonly step: ReadonlyMap<string, { shape: readonly number[]; data: ArrayLike<number> }>;
}

/** Reads a case; `notYet` names what belongs to a later issue. */
export async function readGoldenCase(path: string): Promise<GoldenCase | { file: string; notYet: string[] }> {
  const access = await fileAccess(path);
  try {
    const npz = await openNpz(access);
    return await buildCase(path.split("/").at(-1)!, npz);
  } finally {
    await access.close();
  }
}

async function buildCase(file: string, npz: NpzFile): Promise<GoldenCase | { file: string; notYet: string[] }> {
  const settings = await readJson(npz, "options_json");
  const epochs = Number(settings.num_epochs);
  const mapped = optionsFromPtychi(String(settings.options_class), settings.options as Record<string, unknown>, epochs);
  const notYet = "notYet" in mapped ? [...mapped.notYet] : [];
  for (const member of [
    "slice_spacings_m",
    "free_space_propagation_distance_m",
    "probe_pixel_size_m",
    "opr_weights_initial",
  ]) {
    if (npz.has(member)) notYet.push(member);
  }
  if ("notYet" in mapped || notYet.length > 0) return { file, notYet };

  const diffraction = await npz.readNumeric("diffraction");
  const [count, height, width] = diffraction.shape as [number, number, number];
  const amplitude = diffraction.data as Float32Array<ArrayBuffer>;
  const positions = (await npz.readNumeric("positions_yx_px")).data as Float64Array;
  const origin = (await npz.readNumeric("position_origin_yx")).data as Float64Array;
  const schedule = await readSchedule(npz, count);
  const problem: LsqmlProblem = {
    patterns: patternsInMemory(amplitude, count, height, width),
    totalIntensity: totalIntensity(amplitude, count, height * width),
    mask: npz.has("valid_pixel_mask")
      ? Uint8Array.from((await npz.readNumeric("valid_pixel_mask")).data as Uint8Array)
      : null,
    object: await readComplex(npz, "object_initial"),
    probe: await readComplex(npz, "probe_initial"),
    positionsPx: positions,
    originPx: [origin[0]!, origin[1]!],
    plan: planFromSchedule(schedule, count),
    options: mapped.options as ReconstructOptions,
  };
  return {
    file,
    problem,
    epochs,
    checkpoints: await readCheckpoints(npz),
    loss: (await npz.readNumeric("loss")).data as Float64Array,
    illumination: (await npz.readNumeric("illumination")).data as Float32Array,
    step: await readStep(npz),
  };
}

async function readJson(npz: NpzFile, name: string): Promise<Record<string, unknown>> {
  const array = await npz.readArray(name);
  return JSON.parse(array.dtype === "str" ? array.data[0]! : "{}") as Record<string, unknown>;
}

async function readComplex(npz: NpzFile, name: string): Promise<ComplexArray> {
  const array = await npz.readNumeric(name);
  return { shape: array.shape, data: array.data as Float32Array };
}

async function readSchedule(npz: NpzFile, count: number): Promise<Schedule> {
  const array = await npz.readNumeric("schedule");
  const [epochs, minibatches, size] = array.shape as [number, number, number];
  const flat = Array.from(array.data as Int32Array);
  return {
    version: 1,
    n: count,
    mode: "random",
    repeat: "error",
    epochs: Array.from({ length: epochs }, (_, epoch) =>
      Array.from({ length: minibatches }, (_, number) => {
        const first = (epoch * minibatches + number) * size;
        return flat.slice(first, first + size).filter((index) => index >= 0);
      }).filter((minibatch) => minibatch.length > 0),
    ),
  };
}

async function readCheckpoints(npz: NpzFile): Promise<Checkpoint[]> {
  const epochs = Array.from((await npz.readNumeric("ckpt_epochs")).data as Int32Array);
  const objects = await readComplex(npz, "ckpt_object");
  const probes = await readComplex(npz, "ckpt_probe");
  const positions = (await npz.readNumeric("ckpt_positions_yx_px")).data as Float32Array;
  const part = (array: ComplexArray, index: number): ComplexArray => {
    const length = array.data.length / epochs.length;
    return { shape: array.shape.slice(1), data: array.data.subarray(index * length, (index + 1) * length) };
  };
  const rows = positions.length / epochs.length;
  return epochs.map((completed, index) => ({
    epochs: completed,
    object: part(objects, index),
    probe: part(probes, index),
    positionsPx: positions.subarray(index * rows, (index + 1) * rows),
  }));
}

async function readStep(npz: NpzFile): Promise<GoldenCase["step"]> {
  const fields = npz.names.filter((name) => name.startsWith("step_"));
  const arrays = await Promise.all(fields.map((name) => npz.readNumeric(name)));
  return new Map(
    fields.map((name, index) => [
      name.slice("step_".length),
      { shape: arrays[index]!.shape, data: Float64Array.from(arrays[index]!.data as Float32Array) },
    ]),
  );
}

function patternsInMemory(
  amplitude: Float32Array<ArrayBuffer>,
  count: number,
  height: number,
  width: number,
): PatternSource {
  const patternBytes = 4 * height * width;
  const bytes = new Uint8Array(amplitude.buffer, amplitude.byteOffset, amplitude.byteLength);
  return {
    count,
    heightPx: height,
    widthPx: width,
    sampleType: "float32",
    quantity: "amplitude",
    layout: { offset: 0, rowStride: width, columnStride: 1 },
    patternBytes,
    read: async (indices, target) => {
      for (let k = 0; k < indices.length; k++) {
        target.set(bytes.subarray(indices[k]! * patternBytes, (indices[k]! + 1) * patternBytes), k * patternBytes);
      }
    },
    close: async () => {},
  };
}

function totalIntensity(amplitude: Float32Array, count: number, pixels: number): Float64Array {
  return Float64Array.from({ length: count }, (_, pattern) => {
    let sum = 0;
    for (let index = pattern * pixels; index < (pattern + 1) * pixels; index++)
      sum += Math.fround(amplitude[index]! ** 2);
    return sum;
  });
}
