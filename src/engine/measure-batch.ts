// How long a minibatch takes on a device, and what it needs, from a made-up scan of the same shape.

import type { Dataset } from "../data/dataset.ts";
import type { ReconstructOptionsInput } from "../options.ts";
import { reconstruct } from "./reconstruct.ts";
import type { ReconstructHooks } from "./result.ts";

/** The shape of a scan. */
export interface BatchShapeToMeasure {
  readonly framePx: readonly [number, number];
  readonly modeCount: number;
  readonly patternCount: number;
  readonly options: ReconstructOptionsInput;
}

export interface BatchMeasurement {
  readonly secondsPerPattern: number;
  /** Device memory beside the patterns, for a scan as small as the one measured. */
  readonly workingBytes: number;
}

const MINIBATCHES = 2;

/** Runs a few minibatches of ones, under the profile that a run with these hooks would take. Throws GpuError. */
export async function measureBatch(
  device: GPUDevice,
  shape: BatchShapeToMeasure,
  hooks: Pick<ReconstructHooks, "tunedProfile"> = {},
): Promise<BatchMeasurement> {
  const batchSize = Math.min(shape.options.batchSize ?? 96, shape.patternCount);
  const dataset = makeScan(shape, MINIBATCHES * batchSize);
  let seconds = Number.POSITIVE_INFINITY;
  const options = { ...shape.options, epochs: 3, batchSize, intensityScale: null };
  const { memory } = await reconstruct(device, dataset, options, {
    ...hooks,
    // the first epoch only measures; the fastest of the others has no compilation in it
    onEpoch: (progress) => {
      if (progress.epoch > 0) seconds = Math.min(seconds, progress.seconds);
    },
  });
  return { secondsPerPattern: seconds / dataset.patterns.count, workingBytes: memory.workingBytes };
}

/** Patterns of ones on a raster of a tenth of the frame. */
export function makeScan(
  { framePx, modeCount }: Pick<BatchShapeToMeasure, "framePx" | "modeCount">,
  count: number,
): Dataset {
  const [heightPx, widthPx] = framePx;
  const pixels = heightPx * widthPx;
  const across = Math.ceil(Math.sqrt(count));
  const ones = new Uint8Array(new Float32Array(pixels).fill(1).buffer);
  const probe = Float32Array.from({ length: 2 * modeCount * pixels }, (_, index) => (index % 2 === 0 ? 1 / pixels : 0));
  return {
    name: "made-up scan",
    sizeBytes: 0,
    sha256: null,
    patterns: {
      count,
      heightPx,
      widthPx,
      sampleType: "float32",
      quantity: "amplitude",
      layout: { offset: 0, rowStride: widthPx, columnStride: 1 },
      patternBytes: 4 * pixels,
      read: async (indices, target) => {
        for (let k = 0; k < indices.length; k++) target.set(ones, k * 4 * pixels);
      },
      close: async () => {},
    },
    patternsPresent: count,
    positionsPx: Float64Array.from({ length: 2 * count }, (_, k) => {
      const point = k >> 1;
      const step = k % 2 === 0 ? Math.floor(point / across) : point % across;
      return step * 0.1 * framePx[k % 2]! + 0.25;
    }),
    probe: { shape: [modeCount, heightPx, widthPx], data: probe },
    object: null,
    mask: null,
    totalIntensity: new Float64Array(count).fill(pixels),
    scanIndex: null,
    pixelSizeM: null,
    provenance: {},
    notes: [],
  };
}
