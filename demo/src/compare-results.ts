// Two results over the area that both have, the current one laid on the previous one.

import { compareObjects, type ObjectComparison } from "ptycho-webgpu/compare";
import { readResult } from "./analysis.ts";
import { LARGEST_SHOWN_PX, type ScalarImage, thin } from "./scalar-image.ts";

export interface CompareRequest {
  readonly type: "compare";
  readonly current: Blob;
  readonly currentName: string;
  readonly previous: Blob;
  readonly previousName: string;
}

type Metrics = NonNullable<ObjectComparison["metrics"]>["phase"];

export interface ComparedResults {
  readonly previousName: string;
  readonly amplitude: ComparedPair;
  readonly phase: ComparedPair;
  readonly offsetPx: readonly [number, number];
  /** The shift was cut off where the search ends. */
  readonly atBound: boolean;
  /** How the place of one on the other is known. */
  readonly placedBy: ObjectComparison["place"]["source"];
  readonly boxPx: readonly [number, number];
}

/** Images thinned to what a page can show. */
export interface ComparedPair {
  readonly previous: ScalarImage;
  readonly current: ScalarImage;
  readonly difference: ScalarImage;
  readonly rms: number;
  readonly ssim: number | null;
  readonly frc: {
    readonly cyclesPerPx: Float64Array;
    readonly correlation: Float64Array;
    readonly halfBitThreshold: Float64Array;
    readonly halfBit: Metrics["frc"]["halfBit"];
  };
}

/** Compares; throws the core's refusals. */
export async function compareResults(request: CompareRequest): Promise<ComparedResults> {
  const current = await readResult(request.current, request.currentName);
  const previous = await readResult(request.previous, request.previousName);
  // compareObjects wants the truth's pixel [0, 0] at data coordinate (0, 0)
  const apart = ([0, 1] as const).map((axis) => (current.originPx?.[axis] ?? 0) - (previous.originPx?.[axis] ?? 0));
  const placed = current.originPx !== null && previous.originPx !== null;
  const compared = compareObjects(
    [
      {
        object: current.object,
        canvasOriginPx: placed ? (apart as [number, number]) : null,
        usedPositionsPx: placed ? shiftPositions(current.positionsPx, apart) : null,
        probe: null,
      },
    ],
    { object: previous.object, positionsPx: previous.positionsPx },
  );
  const [only] = compared.results;
  if (!only?.images || !only.metrics || !only.alignment) {
    throw new Error(only?.refused ? `The results cannot be compared: ${only.refused.reason}` : "nothing to compare");
  }
  const { images, metrics } = only;
  return {
    previousName: request.previousName,
    amplitude: pairUp(images.truthAmplitude, images.foundAmplitude, metrics.amplitude),
    phase: pairUp(images.truthPhase, images.foundPhase, metrics.phase),
    offsetPx: only.alignment.offsetPx,
    atBound: only.alignment.atBound,
    placedBy: only.place.source,
    boxPx: [compared.region.box.heightPx, compared.region.box.widthPx],
  };
}

type RealImage = NonNullable<ObjectComparison["images"]>["truthPhase"];

function pairUp(truth: RealImage, found: RealImage, { frc, ssim, mse }: Metrics): ComparedPair {
  const shape = [truth.heightPx, truth.widthPx] as const;
  const shown = (values: ArrayLike<number>) => thin({ shape, values: Float32Array.from(values) }, LARGEST_SHOWN_PX);
  return {
    previous: shown(truth.values),
    current: shown(found.values),
    difference: shown(Float64Array.from(found.values, (value, i) => value - truth.values[i]!)),
    rms: Math.sqrt(mse),
    ssim,
    frc: {
      cyclesPerPx: frc.cyclesPerPx,
      correlation: frc.correlation,
      halfBitThreshold: frc.halfBitThreshold,
      halfBit: frc.halfBit,
    },
  };
}

function shiftPositions(positionsPx: Float64Array | null, by: readonly number[]): Float64Array | null {
  return positionsPx?.map((value, index) => value + by[index & 1]!) ?? null;
}
