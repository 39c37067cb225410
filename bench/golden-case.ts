// A golden file as a problem for the engine and as numbers to arrive at (format: README of the golden folder).

import { basename } from "node:path";
import {
  type ComplexArray,
  type LsqmlProblem,
  openNpz,
  type PatternSource,
  planFromSchedule,
  type ReconstructOptions,
  type Schedule,
} from "../src/index.ts";
import { fileAccess } from "../src/node/index.ts";
import type { Json } from "./golden-features.ts";
import { GoldenFields } from "./golden-fields.ts";
import { optionsFromPtychi } from "./golden-options.ts";

export interface Checkpoint {
  /** Completed epochs. */
  readonly epochs: number;
  readonly object: ComplexArray;
  readonly probe: ComplexArray;
  /** [position, 2]. */
  readonly positionsPx: Float64Array;
  /** [position, oprMode]. */
  readonly oprWeights: Float64Array;
}

export interface GoldenCase {
  readonly file: string;
  readonly problem: LsqmlProblem;
  readonly epochs: number;
  readonly checkpoints: readonly Checkpoint[];
  /** [epoch]. */
  readonly loss: Float64Array;
  /** [y, x] weights for comparing objects. */
  readonly illumination: Float64Array;
  /** Intermediate quantities of the first updating minibatch by field name, without "step_"; complex ones as pairs. */
  readonly step: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float64Array }>;
}

/** A case that needs what later work brings, by name. */
export interface LaterCase {
  readonly file: string;
  readonly notYet: readonly string[];
}

/** Lengths of the axes that the fields of a case share. */
interface Sizes {
  readonly count: number;
  readonly frame: readonly [number, number];
  readonly modes: number;
  readonly canvas: readonly [number, number];
  readonly epochs: number;
}

/** Reads a case; `notYet` names what belongs to later work. Throws InputError for fields that are not as documented. */
export async function readGoldenCase(path: string): Promise<GoldenCase | LaterCase> {
  const access = await fileAccess(path);
  try {
    const file = basename(path);
    return await buildCase(file, new GoldenFields(file, await openNpz(access)));
  } finally {
    await access.close();
  }
}

async function buildCase(file: string, fields: GoldenFields): Promise<GoldenCase | LaterCase> {
  const settings = await fields.readJson("options_json");
  const epochs = Number(settings.num_epochs);
  if (!Number.isInteger(epochs) || epochs < 1)
    throw fields.refusal("options_json", "num_epochs, a whole number above 0", String(settings.num_epochs));
  const given = (settings.options ?? {}) as Json;
  const [oprModeCount, modes, height, width] = await readShape(fields, "probe_initial", 4);
  const [sliceCount, rows, columns] = await readShape(fields, "object_initial", 3);
  const facts = { epochs, oprModeCount: oprModeCount!, sliceCount: sliceCount! };
  const mapped = optionsFromPtychi(String(settings.options_class), given, facts);
  const notYet = "notYet" in mapped ? [...mapped.notYet] : [];
  if (String(settings.options_class) === "LSQMLOptions") {
    notYet.push(...(await findLaterFields(fields, given)));
    const [, detectorHeight, detectorWidth] = await readShape(fields, "diffraction", 3);
    if (detectorHeight! <= height! && detectorWidth! <= width! && detectorHeight! * detectorWidth! < height! * width!)
      notYet.push("diffraction smaller than the probe");
  }
  if ("notYet" in mapped || notYet.length > 0) return { file, notYet };

  const { count, data: amplitude } = await readAmplitudes(fields, height!, width!);
  const frame = [height!, width!] as const;
  const sizes: Sizes = { count, frame, modes: modes!, canvas: [rows!, columns!], epochs };
  return {
    file,
    problem: await readProblem(fields, sizes, amplitude, mapped.options),
    epochs,
    checkpoints: await readCheckpoints(fields, sizes),
    loss: (await fields.readReal("loss", [epochs])).data,
    illumination: (await fields.readReal("illumination", sizes.canvas)).data,
    step: await readStep(fields),
  };
}

async function readShape(fields: GoldenFields, name: string, rank: number): Promise<readonly number[]> {
  const shape = await fields.shape(name);
  if (shape.length !== rank) throw fields.refusal(name, `${rank} axes`, `[${shape.join(", ")}]`);
  return shape;
}

/** Fields that are there only where a later feature is used; with neutral values they change nothing. */
async function findLaterFields(fields: GoldenFields, options: Json): Promise<string[]> {
  const scalar = async (name: string) => (await fields.readReal(name, [])).data[0]!;
  const found: string[] = [];
  const distance = "free_space_propagation_distance_m";
  if (fields.has(distance) && Number.isFinite(await scalar(distance))) found.push(distance);
  if (fields.has("opr_weights_initial")) {
    const { data } = await fields.readReal("opr_weights_initial", await fields.shape("opr_weights_initial"));
    if (data.some((weight) => weight !== 1)) found.push("opr_weights_initial");
  }
  const object = (options.object_options ?? {}) as Json;
  const objectWidth = fields.has("pixel_size_m") ? await scalar("pixel_size_m") : Number(object.pixel_size_m ?? 1);
  const objectValues = {
    probe_pixel_size_m: objectWidth,
    probe_pixel_size_aspect_ratio: Number(object.pixel_size_aspect_ratio ?? 1),
  };
  for (const [name, value] of Object.entries(objectValues)) {
    if (fields.has(name) && (await scalar(name)) !== value) found.push(name);
  }
  return found;
}

async function readAmplitudes(fields: GoldenFields, height: number, width: number) {
  const { shape, data } = await fields.readReal("diffraction", [null, height, width]);
  return { count: shape[0]!, data: Float32Array.from(data) };
}

async function readProblem(
  fields: GoldenFields,
  sizes: Sizes,
  amplitude: Float32Array<ArrayBuffer>,
  options: ReconstructOptions,
): Promise<LsqmlProblem> {
  const { count, frame, modes, canvas, epochs } = sizes;
  const [height, width] = frame;
  const origin = (await fields.readReal("position_origin_yx", [2])).data;
  const mask = fields.has("valid_pixel_mask") ? (await fields.readReal("valid_pixel_mask", frame)).data : null;
  return {
    patterns: patternsInMemory(amplitude, count, height, width),
    totalIntensity: totalIntensity(amplitude, count, height * width),
    mask: mask ? Uint8Array.from(mask, (value) => (value === 0 ? 0 : 1)) : null,
    object: await fields.readComplex("object_initial", [1, ...canvas]),
    probe: await fields.readComplex("probe_initial", [1, modes, ...frame]),
    positionsPx: (await fields.readReal("positions_yx_px", [count, 2])).data,
    originPx: [origin[0]!, origin[1]!],
    plan: planFromSchedule(await readSchedule(fields, count), count, epochs),
    options,
  };
}

async function readSchedule(fields: GoldenFields, count: number): Promise<Schedule> {
  const { shape, data } = await fields.readIntegers("schedule", [null, null, null]);
  const [epochs, minibatches, size] = shape as [number, number, number];
  return {
    version: 1,
    n: count,
    mode: "random",
    repeat: "error",
    epochs: Array.from({ length: epochs }, (_, epoch) =>
      Array.from({ length: minibatches }, (_, number) => {
        const first = (epoch * minibatches + number) * size;
        return Array.from(data.subarray(first, first + size)).filter((index) => index !== -1);
      }).filter((minibatch) => minibatch.length > 0),
    ),
  };
}

async function readCheckpoints(fields: GoldenFields, { count, frame, modes, canvas }: Sizes): Promise<Checkpoint[]> {
  const epochs = Array.from((await fields.readIntegers("ckpt_epochs", [null])).data);
  if (epochs.length === 0) throw fields.refusal("ckpt_epochs", "at least one checkpoint", "none");
  const checkpoints = epochs.length;
  const objects = await fields.readComplex("ckpt_object", [checkpoints, 1, ...canvas]);
  const probes = await fields.readComplex("ckpt_probe", [checkpoints, 1, modes, ...frame]);
  const positions = (await fields.readReal("ckpt_positions_yx_px", [checkpoints, count, 2])).data;
  const weights = (await fields.readReal("ckpt_opr_weights", [checkpoints, count, 1])).data;
  const part = <T extends Float32Array | Float64Array>(data: T, index: number): T => {
    const length = data.length / checkpoints;
    return data.subarray(index * length, (index + 1) * length) as T;
  };
  return epochs.map((completed, index) => ({
    epochs: completed,
    object: { shape: objects.shape.slice(1), data: part(objects.data, index) },
    probe: { shape: probes.shape.slice(1), data: part(probes.data, index) },
    positionsPx: part(positions, index),
    oprWeights: part(weights, index),
  }));
}

async function readStep(fields: GoldenFields): Promise<GoldenCase["step"]> {
  const step = new Map<string, { shape: readonly number[]; data: Float64Array }>();
  for (const name of fields.names.filter((field) => field.startsWith("step_")))
    step.set(name.slice("step_".length), await fields.readAny(name));
  return step;
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
