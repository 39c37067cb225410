// The scan that both engines get: simulated, on its canvas, with a structured object to start from. Both take positions,
// canvas and minibatches as they are written here; neither lays out anything of its own.

import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { createMinibatchPlan, createNpzWriter, serializePlan } from "../src/index.ts";
import { simulateScan } from "../src/simulate/index.ts";
import { makeUniform } from "./synthetic.ts";

export interface ScanWork {
  /** Pixels per side of a pattern. */
  readonly size: number;
  readonly modes: number;
  readonly patterns: number;
}

export interface PreparedScan extends ScanWork {
  /** Contract NPZ with amplitudes, positions centred on 0, probeGuess [mode, y, x] and start_object [y, x]. */
  readonly path: string;
  readonly canvasShape: readonly [number, number];
  /** [y, x] light that falls on the canvas: weights of comparisons. */
  readonly illumination: Float64Array;
  readonly positionsPx: Float64Array;
}

const SEED = 20260;
const CANVAS_EXTRA_PX = 50;
/** Of the step, to either side. */
const JITTER = 0.3;
/** Photons per pattern. */
const PHOTONS = 1e6;
/**
 * Of the stored amplitudes. LSQML's Poisson gradient divides by the model's intensity + 1e-6 (conventions.md section 9): at
 * a mean of 1 zeros of the far field have all but unbounded gradients, and rounding chooses their phase; at this mean the
 * constant bounds them.
 */
const MEAN_SQUARE = 1e-3;
/** At 64 x 64; in proportion to the size, so that the probe keeps its 0.37 of a pattern, and the step its overlap. */
const DEFOCUS_PX2 = 56;
/** Energy of the k-th further mode of the start, of the first's. */
const modeEnergy = (mode: number) => 0.1 / mode;

/** Positions of a tile of the object, down and across; the object repeats, so that larger scans cost little to simulate. */
const TILE = 16;

/** Simulates a scan and writes it into `folder`. */
export async function writeScan(folder: string, work: ScanWork): Promise<PreparedScan> {
  const { size, modes, patterns } = work;
  const { truth, tile, probeGuess, amplitudes, stepPx } = simulateTile(work);
  const across = Math.ceil(Math.sqrt(patterns));
  const places = Array.from({ length: patterns }, (_, k) => [Math.floor(k / across), k % across] as const);
  const inTile = places.map(([row, column]) => (row % TILE) * TILE + (column % TILE));
  const positionsPx = centrePositions(
    places.flatMap((place, k) =>
      place.map((line, axis) => tile[2 * inTile[k]! + axis]! + Math.floor(line / TILE) * TILE * stepPx),
    ),
  );
  const span = [0, 1].map((axis) => {
    const values = positionsPx.filter((_, index) => index % 2 === axis);
    return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
  });
  const canvasShape = span.map((length) => Math.ceil(length) + size + CANVAS_EXTRA_PX) as [number, number];
  // engines transform without a factor: at its own scale the guess would be too bright by the pixel count, and the
  // illumination map, which averages over epochs, would hold the object back for the first ten
  const guess = probeGuess.map((value) => (Math.sqrt(MEAN_SQUARE) * value) / size);
  const probe = addModes(guess, [size, size], modes);
  const path = join(folder, `scan-${size}-${modes}-${patterns}.npz`);
  const coordinate = (axis: number) => positionsPx.filter((_, index) => index % 2 === axis);
  const pixels = size * size;
  const stack = inTile.map((k) => amplitudes.subarray(k * pixels, (k + 1) * pixels));
  const file = await open(path, "w");
  try {
    const writer = createNpzWriter(async (bytes) => {
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
    }, crc32);
    await writer.addPieces("diffraction", "float32", [patterns, size, size], stack);
    await writer.addArray("xcoords", { dtype: "float64", shape: [patterns], data: coordinate(1) });
    await writer.addArray("ycoords", { dtype: "float64", shape: [patterns], data: coordinate(0) });
    await writer.addArray("probeGuess", { dtype: "complex64", shape: [modes, size, size], data: probe });
    const start = disturbTruth(truth, size, tile, positionsPx, canvasShape);
    await writer.addArray("objectGuess", { dtype: "complex64", shape: canvasShape, data: start });
    await writer.finish();
  } finally {
    await file.close();
  }
  const illumination = lightOnCanvas(probe, size, modes, positionsPx, canvasShape);
  return { size, modes, patterns, path, canvasShape, illumination, positionsPx };
}

/** The patterns of one tile, on an object that goes on around it as the tile does. */
function simulateTile({ size, modes }: ScanWork) {
  const stepPx = size / 8;
  const length = TILE * stepPx;
  const options = {
    patternShapePx: [size, size] as [number, number],
    probe: { modes, defocusPx2: DEFOCUS_PX2 * (size / 64) },
    probeGuess: { defocusErrorPx2: 2 },
    photonsPerPattern: PHOTONS,
  };
  const shapePx: [number, number] = [length, length];
  const { object } = simulateScan({ ...options, object: { shapePx }, scan: { positions: 1 } }, SEED);
  const around = 2 * length;
  const data = new Float32Array(2 * around * around);
  for (let y = 0; y < around; y++) {
    const row = object.data.subarray(2 * (y % length) * length, 2 * ((y % length) + 1) * length);
    for (let x = 0; x < around; x += length) data.set(row, 2 * (y * around + x));
  }
  const draw = makeUniform(SEED);
  const positionsPx = Float64Array.from({ length: 2 * TILE * TILE }, (_, index) => {
    const line = index % 2 === 0 ? Math.floor((index >> 1) / TILE) : (index >> 1) % TILE;
    return size + (line + JITTER * (2 * draw() - 1)) * stepPx;
  });
  const inputs = { object: { shape: [around, around], data }, positionsPx };
  const { diffraction, probeGuess } = simulateScan(options, SEED, inputs);
  return {
    truth: object,
    tile: positionsPx,
    probeGuess: probeGuess.data.subarray(0, 2 * size * size),
    amplitudes: diffraction.map((value) => Math.sqrt(MEAN_SQUARE) * value),
    stepPx,
  };
}

/** The true object on the canvas, disturbed pixel by pixel: a start with structure, whatever the size. */
function disturbTruth(
  truth: { readonly shape: readonly number[]; readonly data: Float32Array },
  size: number,
  tilePx: Float64Array,
  positionsPx: Float64Array,
  [rows, columns]: readonly [number, number],
): Float32Array<ArrayBuffer> {
  const [height, width] = truth.shape.slice(-2) as [number, number];
  // pattern 0 starts here in the frame it was simulated in, and there on the canvas
  const shift = [0, 1].map((axis) => {
    const length = axis === 0 ? rows : columns;
    const simulated = Math.round(tilePx[axis]!) - Math.floor(size / 2);
    return simulated - (Math.round(positionsPx[axis]!) + Math.round(length / 2) - size / 2);
  });
  const wrap = (value: number, length: number) => ((value % length) + length) % length;
  const draw = makeUniform(SEED + 1);
  const data = new Float32Array(2 * rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const from = 2 * (wrap(y + shift[0]!, height) * width + wrap(x + shift[1]!, width));
      const modulus = 1 + 0.1 * (2 * draw() - 1);
      const phase = 0.2 * (2 * draw() - 1);
      const [re, im] = [modulus * Math.cos(phase), modulus * Math.sin(phase)];
      const [a, b] = [truth.data[from]!, truth.data[from + 1]!];
      data.set([a * re - b * im, a * im + b * re], 2 * (y * columns + x));
    }
  }
  return data;
}

/** Writes the minibatches of `epochs` epochs; returns the file. */
export async function writeSchedule(
  folder: string,
  { patterns, positionsPx }: PreparedScan,
  batchSize: number,
  epochs: number,
): Promise<string> {
  const plan = createMinibatchPlan({
    count: patterns,
    batchSize,
    batching: "random",
    evenBatches: false,
    seed: SEED,
    positionsPx,
  });
  const path = join(folder, `schedule-${patterns}-${batchSize}-${epochs}.json`);
  await writeFile(path, Array.from(serializePlan(plan, patterns, epochs)).join(""));
  return path;
}

/** Moves by whole pixels so that the middle is near 0, then to what float32 holds, which pty-chi works with. */
export function centrePositions(positionsPx: ArrayLike<number>): Float64Array {
  const middle = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (let index = axis; index < positionsPx.length; index += 2) {
      low = Math.min(low, positionsPx[index]!);
      high = Math.max(high, positionsPx[index]!);
    }
    return Math.round((low + high) / 2);
  });
  return Float64Array.from(positionsPx, (value, index) => Math.fround(value - middle[index % 2]!));
}

/** Further modes [mode, y, x]: the first times low-order polynomials, weaker and weaker. */
export function addModes(
  first: Float32Array,
  [rows, columns]: readonly [number, number],
  modes: number,
): Float32Array<ArrayBuffer> {
  const shapes = [() => 1, (x: number) => x, (_: number, y: number) => y, (x: number, y: number) => x * y];
  const result = new Float32Array(first.length * modes);
  const energy = sumSquares(first);
  for (let mode = 0; mode < modes; mode++) {
    const order = 1 + Math.floor(mode / shapes.length);
    const factor = (pixel: number) =>
      shapes[mode % shapes.length]!((pixel % columns) / columns - 0.5, Math.floor(pixel / columns) / rows - 0.5) **
      order;
    const wave = first.map((value, index) => value * factor(index >> 1));
    const scale = mode === 0 ? 1 : Math.sqrt((modeEnergy(mode) * energy) / sumSquares(wave));
    for (let index = 0; index < wave.length; index++) result[first.length * mode + index] = scale * wave[index]!;
  }
  return result;
}

/** A smooth texture: where the start is flat, far-field pixels without light leave the phase to rounding. */
export function makeStartObject([rows, columns]: readonly [number, number]): Float32Array<ArrayBuffer> {
  const data = new Float32Array(2 * rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const modulus = 0.92 + 0.08 * Math.sin(y / 5.3 + x / 7.1);
      const phase = 0.3 * Math.sin(y / 6.7) * Math.cos(x / 4.9);
      data.set([modulus * Math.cos(phase), modulus * Math.sin(phase)], 2 * (y * columns + x));
    }
  }
  return data;
}

/** Sum over patterns of the start probe's intensity, all modes, at rounded positions. */
function lightOnCanvas(
  probe: Float32Array,
  size: number,
  modes: number,
  positionsPx: Float64Array,
  [rows, columns]: readonly [number, number],
): Float64Array {
  const pixels = size * size;
  const intensity = new Float64Array(pixels);
  for (let index = 0; index < pixels * modes; index++)
    intensity[index % pixels]! += probe[2 * index]! ** 2 + probe[2 * index + 1]! ** 2;
  const light = new Float64Array(rows * columns);
  for (let pattern = 0; pattern < positionsPx.length / 2; pattern++) {
    const top = Math.round(positionsPx[2 * pattern]!) + Math.round(rows / 2) - size / 2;
    const left = Math.round(positionsPx[2 * pattern + 1]!) + Math.round(columns / 2) - size / 2;
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) light[(top + y) * columns + left + x]! += intensity[y * size + x]!;
  }
  return light;
}

function sumSquares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
