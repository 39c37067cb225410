// Work on finished results that would hold up the page: comparing two of them, drawing the command line's picture.

import { blobAccess, type ComplexArray, openNpz } from "ptycho-webgpu";
import { compareObjects } from "ptycho-webgpu/compare";
import { renderReconstruction } from "ptycho-webgpu/pictures";
import type { ScalarImage } from "./scalar-image.ts";

export interface CompareRequest {
  readonly type: "compare";
  readonly current: Blob;
  readonly currentName: string;
  readonly previous: Blob;
  readonly previousName: string;
}

export interface PictureRequest {
  readonly type: "picture";
  readonly npz: Blob;
  readonly title: string;
  readonly status: string;
}

/** Two results over the area that both have, the current one laid on the previous one. */
export interface ComparedResults {
  readonly amplitude: ComparedPair;
  readonly phase: ComparedPair;
  readonly offsetPx: readonly [number, number];
  readonly boxPx: readonly [number, number];
}

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
    readonly halfBitPx: number | null;
  };
}

interface StoredResult {
  readonly object: ComplexArray;
  readonly probe: ComplexArray;
  readonly loss: Float64Array;
  readonly originPx: readonly [number, number] | null;
  /** [position, 2] (y, x) on the canvas. */
  readonly positionsPx: Float64Array | null;
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
  const pair = (part: "amplitude" | "phase"): ComparedPair => {
    const truth = part === "phase" ? images.truthPhase : images.truthAmplitude;
    const found = part === "phase" ? images.foundPhase : images.foundAmplitude;
    const shape = [truth.heightPx, truth.widthPx] as const;
    const difference = Float64Array.from(found.values, (value, i) => value - truth.values[i]!);
    const { frc, ssim, mse } = metrics[part];
    return {
      previous: { shape, values: Float64Array.from(truth.values) },
      current: { shape, values: Float64Array.from(found.values) },
      difference: { shape, values: difference },
      rms: Math.sqrt(mse),
      ssim,
      frc: {
        cyclesPerPx: frc.cyclesPerPx,
        correlation: frc.correlation,
        halfBitThreshold: frc.halfBitThreshold,
        halfBitPx: frc.halfBit.resolutionPx,
      },
    };
  };
  return {
    amplitude: pair("amplitude"),
    phase: pair("phase"),
    offsetPx: only.alignment.offsetPx,
    boxPx: [compared.region.box.heightPx, compared.region.box.widthPx],
  };
}

/** PNG of a result file, as `ptycho reconstruct` draws it. */
export async function drawResult(request: PictureRequest): Promise<Uint8Array> {
  const result = await readResult(request.npz, request.title);
  const { object, probe } = result;
  const [height, width] = probe.shape.slice(-2) as [number, number];
  const modes = probe.data.length / (2 * height * width);
  return renderReconstruction(
    {
      object: { shape: object.shape.length === 2 ? [1, ...object.shape] : object.shape, data: object.data },
      probe: { shape: [1, modes, height, width], data: probe.data },
      positionsPx: result.positionsPx!,
      canvasOriginPx: result.originPx!,
      status: request.status === "finished" ? "complete" : (request.status as "cancelled" | "diverged"),
      epochsCompleted: result.loss.length,
      loss: result.loss,
    },
    { title: request.title },
  );
}

async function readResult(file: Blob, name: string): Promise<StoredResult> {
  const npz = await openNpz(blobAccess(file, name));
  const complex = async (member: string): Promise<ComplexArray> => {
    const array = await npz.readNumeric(member);
    return { shape: array.shape, data: Float32Array.from(array.data as ArrayLike<number>) };
  };
  const numbers = async (member: string): Promise<Float64Array | null> =>
    npz.has(member) ? Float64Array.from((await npz.readNumeric(member)).data as ArrayLike<number>, Number) : null;
  const origin = await numbers("canvas_origin_px");
  return {
    object: await complex("reconstructed_object"),
    probe: await complex("reconstructed_probe"),
    loss: (await numbers("loss")) ?? new Float64Array(),
    originPx: origin ? [origin[0]!, origin[1]!] : null,
    positionsPx: await numbers("positions_px"),
  };
}

function shiftPositions(positionsPx: Float64Array | null, by: readonly number[]): Float64Array | null {
  return positionsPx?.map((value, index) => value + by[index & 1]!) ?? null;
}
