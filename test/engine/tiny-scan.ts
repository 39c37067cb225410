// Small made-up scans for the engine's tests: structured object and probe, whole photon counts, any packing.

import type { ComplexArray } from "../../src/complex.ts";
import type { Dataset, PatternLayout, PatternSource } from "../../src/data/dataset.ts";
import { modelIntensity } from "../reference/detector.ts";
import { readPatch } from "../reference/placement.ts";
import { multiplyPlanes, type Plane, type Shape, shiftPlane, transformForward } from "../reference/planes.ts";
import { noise } from "../support/closeness.ts";

export interface TinyScanSettings {
  readonly frame?: Shape;
  readonly count?: number;
  readonly modes?: number;
  readonly seed?: number;
  /** Pixels between neighbouring points. */
  readonly spacingPx?: number;
  readonly packing?: "float32 amplitude" | "float32 intensity" | "uint16 intensity";
  readonly stored?: "upright" | "flip-y" | "flip-x" | "transpose" | "anti-transpose";
  readonly masked?: boolean;
  /** The starting probe lists its modes from the weakest to the strongest. */
  readonly weakestFirst?: boolean;
  /** Added to all positions: the place in the file's object frame. */
  readonly cornerPx?: readonly [number, number];
}

export interface TinyScan {
  readonly dataset: Dataset;
  /** [pattern][y, x] whole counts, zero frequency at (h//2, w//2). */
  readonly counts: readonly Float64Array[];
}

/** A scan of `count` points on a jittered grid (multiples of 1/1024 px); the same settings give the same scan. */
export function makeTinyScan(settings: TinyScanSettings = {}): TinyScan {
  const frame = settings.frame ?? [16, 16];
  const count = settings.count ?? 12;
  const seed = settings.seed ?? 1;
  const corner = settings.cornerPx ?? [24, 31];
  const positionsPx = makePositions(count, settings.spacingPx ?? 3.1, corner, seed);
  const shape: Shape = [0, 1].map(
    (axis) => Math.ceil(Math.max(...positionsPx.filter((_, k) => k % 2 === axis))) + frame[axis]! + 4,
  ) as [number, number];
  const object = makeWave(shape, 0.25, 0.8, seed + 1);
  const modes = Array.from({ length: settings.modes ?? 1 }, (_, m) => makeMode(frame, m, seed + 2 + m));
  const counts = Array.from({ length: count }, (_, j) =>
    measure(object, shape, modes, frame, [positionsPx[2 * j]!, positionsPx[2 * j + 1]!], seed + 100 + j),
  );
  const guess = multiplyPlanes(object, makeWave(shape, 0.1, 0.2, seed + 50));
  const start = modes.map((mode, m) => multiplyPlanes(mode, makeWave(frame, 0.2, 0.3, seed + 60 + m)));
  if (settings.weakestFirst) start.reverse();
  return { dataset: packScan(settings, { counts, positionsPx, probe: start, frame, guess, shape }), counts };
}

function makePositions(count: number, spacingPx: number, corner: readonly number[], seed: number): Float64Array {
  const across = Math.ceil(Math.sqrt(count));
  const jitter = noise(2 * count, seed);
  return Float64Array.from({ length: 2 * count }, (_, k) => {
    const point = Math.floor(k / 2);
    const step = k % 2 === 0 ? Math.floor(point / across) : point % across;
    return Math.round(1024 * (corner[k % 2]! + spacingPx * step + 1.3 * jitter[k]!)) / 1024;
  });
}

/** exp(noise) with the given spread of log modulus and phase, smooth over a few pixels. */
function makeWave([height, width]: Shape, modulusSpread: number, phaseSpread: number, seed: number): Plane {
  const raw = noise(2 * (height + 2) * (width + 2), seed);
  const wave = new Float64Array(2 * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const smooth = [0, 1].map((part) => {
        let sum = 0;
        for (let k = 0; k < 9; k++) sum += raw[2 * ((y + Math.floor(k / 3)) * (width + 2) + x + (k % 3)) + part]!;
        return sum / 2;
      });
      const modulus = Math.exp(modulusSpread * smooth[0]!);
      wave[2 * (y * width + x)] = modulus * Math.cos(phaseSpread * smooth[1]!);
      wave[2 * (y * width + x) + 1] = modulus * Math.sin(phaseSpread * smooth[1]!);
    }
  }
  return wave;
}

/** A spot with a curved phase; later modes have lobes and less light. */
function makeMode([height, width]: Shape, mode: number, seed: number): Plane {
  const texture = makeWave([height, width], 0.2, 0.3, seed);
  const spot = new Float64Array(2 * height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [v, u] = [(y - height / 2) / height, (x - width / 2) / width];
      const lobes = [1, 5 * u, 6 * v, 20 * u * v][mode]!;
      const modulus = 6 * 0.6 ** mode * lobes * Math.exp(-9 * (u * u + v * v));
      const phase = 14 * (u * u + 0.8 * v * v) + 2 * u;
      spot[2 * (y * width + x)] = modulus * Math.cos(phase);
      spot[2 * (y * width + x) + 1] = modulus * Math.sin(phase);
    }
  }
  return multiplyPlanes(spot, texture);
}

/** Counts of one pattern, centred; noise as wide as that of photons. */
function measure(
  object: Plane,
  shape: Shape,
  modes: readonly Plane[],
  frame: Shape,
  position: readonly [number, number],
  seed: number,
): Float64Array {
  const start = position.map((p, axis) => Math.round(p) - Math.floor(frame[axis]! / 2)) as [number, number];
  const fraction = position.map((p) => p - Math.round(p)) as [number, number];
  const patch = readPatch(object, shape, start, frame);
  const waves = modes.map((mode) => multiplyPlanes(shiftPlane(mode, frame, fraction), patch));
  const model = modelIntensity(waves.map((wave) => transformForward(wave, frame)));
  const deviation = noise(model.length, seed);
  const centred = new Float64Array(model.length);
  for (const [pixel, value] of model.entries()) {
    const y = (Math.floor(pixel / frame[1]) + Math.floor(frame[0] / 2)) % frame[0];
    const x = ((pixel % frame[1]) + Math.floor(frame[1] / 2)) % frame[1];
    const light = value / 40;
    centred[y * frame[1] + x] = Math.min(
      65535,
      Math.max(0, Math.round(light + 3 * Math.sqrt(light) * deviation[pixel]!)),
    );
  }
  return centred;
}

interface ScanParts {
  readonly counts: readonly Float64Array[];
  readonly positionsPx: Float64Array;
  readonly probe: readonly Plane[];
  readonly frame: Shape;
  readonly guess: Plane;
  readonly shape: Shape;
}

function packScan(settings: TinyScanSettings, parts: ScanParts): Dataset {
  const [height, width] = parts.frame;
  const patterns = packPatterns(parts.counts, parts.frame, settings.packing, settings.stored);
  const mask = Uint8Array.from({ length: height * width }, (_, pixel) =>
    Math.floor(pixel / width) === 2 || pixel % 11 === 5 ? 0 : 1,
  );
  return {
    name: "tiny scan",
    sizeBytes: patterns.count * patterns.patternBytes,
    sha256: null,
    patterns,
    patternsPresent: patterns.count,
    positionsPx: parts.positionsPx,
    probe: toComplexArray([parts.probe.length, height, width], parts.probe),
    object: toComplexArray([1, ...parts.shape], [parts.guess]),
    mask: settings.masked ? mask : null,
    totalIntensity: Float64Array.from(parts.counts, (pattern) => pattern.reduce((sum, value) => sum + value, 0)),
    scanIndex: null,
    pixelSizeM: null,
    provenance: {},
    notes: [],
  };
}

/** Planes as one interleaved float32 array. */
export function toComplexArray(shape: readonly number[], planes: readonly Plane[]): ComplexArray {
  return { shape, data: Float32Array.from(planes.flatMap((plane) => Array.from(plane))) };
}

/** Patterns of whole counts, held in memory as a file would hold them. */
export function packPatterns(
  counts: readonly Float64Array[],
  [height, width]: Shape,
  packing: TinyScanSettings["packing"] = "float32 amplitude",
  stored: TinyScanSettings["stored"] = "upright",
): PatternSource {
  const layouts: Record<NonNullable<TinyScanSettings["stored"]>, PatternLayout> = {
    upright: { offset: 0, rowStride: width, columnStride: 1 },
    "flip-y": { offset: (height - 1) * width, rowStride: -width, columnStride: 1 },
    "flip-x": { offset: width - 1, rowStride: width, columnStride: -1 },
    transpose: { offset: 0, rowStride: 1, columnStride: height },
    "anti-transpose": { offset: height * width - 1, rowStride: -1, columnStride: -height },
  };
  const layout = layouts[stored];
  const sampleType = packing.startsWith("uint16") ? "uint16" : "float32";
  const sampleBytes = sampleType === "uint16" ? 2 : 4;
  const patternBytes = 4 * Math.ceil((height * width * sampleBytes) / 4);
  const bytes = new Uint8Array(counts.length * patternBytes);
  const view = new DataView(bytes.buffer);
  for (const [j, pattern] of counts.entries()) {
    for (const [pixel, value] of pattern.entries()) {
      const sample =
        layout.offset + Math.floor(pixel / width) * layout.rowStride + (pixel % width) * layout.columnStride;
      const place = j * patternBytes + sampleBytes * sample;
      if (sampleType === "uint16") view.setUint16(place, value, true);
      else view.setFloat32(place, packing === "float32 amplitude" ? Math.sqrt(value) : value, true);
    }
  }
  return {
    count: counts.length,
    heightPx: height,
    widthPx: width,
    sampleType,
    quantity: packing === "float32 amplitude" ? "amplitude" : "intensity",
    layout,
    patternBytes,
    read: async (indices, target) => {
      for (let k = 0; k < indices.length; k++)
        target.set(bytes.subarray(indices[k]! * patternBytes, (indices[k]! + 1) * patternBytes), k * patternBytes);
    },
    close: async () => {},
  };
}
