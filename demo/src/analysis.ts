// Work on results that would hold up the page: comparing two of them, drawing the command line's picture, whole images.

import { blobAccess, type ComplexArray, InputError, openNpz } from "ptycho-webgpu";
import { renderReconstruction } from "ptycho-webgpu/pictures";
import { type ComplexPlane, computeImage, type Part } from "./complex-plane.ts";
import { type Look, paintImage } from "./paint.ts";
import { LARGEST_SHOWN_PX, type ScalarImage, thin } from "./scalar-image.ts";

export interface PictureRequest {
  readonly type: "picture";
  readonly npz: Blob;
  readonly title: string;
  readonly status: string;
}

/** An image of a result, one pixel each, in the colours of the page. */
export interface ImagePicture {
  readonly plane: ComplexPlane;
  readonly part: Part;
  readonly look: Look;
}

export interface ImageRequest extends ImagePicture {
  readonly type: "image";
}

/** An image of a result as numbers, thinned to what a page can show without stopping. */
export interface NumbersRequest {
  readonly type: "numbers";
  readonly plane: ComplexPlane;
  readonly part: Part;
}

export interface StoredResult {
  readonly object: ComplexArray;
  readonly probe: ComplexArray;
  readonly loss: Float64Array;
  readonly originPx: readonly [number, number] | null;
  /** [position, 2] (y, x) on the canvas. */
  readonly positionsPx: Float64Array | null;
}

/** PNG of a result file, as `ptycho reconstruct` draws it. */
export async function drawResult(request: PictureRequest): Promise<Blob> {
  const result = await readResult(request.npz, request.title);
  const { object, probe } = result;
  const [height, width] = probe.shape.slice(-2) as [number, number];
  const modes = probe.data.length / (2 * height * width);
  const png = renderReconstruction(
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
  return new Blob([png as Uint8Array<ArrayBuffer>], { type: "image/png" });
}

export function drawImage({ plane, part, look }: ImageRequest): Promise<Blob> {
  return paintImage(computeImage(plane, part), look).convertToBlob({ type: "image/png" });
}

export function computeNumbers({ plane, part }: NumbersRequest): ScalarImage {
  return thin(computeImage(plane, part), LARGEST_SHOWN_PX);
}

/** A small archive may promise arrays that no tab holds. */
const LIMITS = { maximumBytes: 2 ** 30 };

/** Reads a reconstruction.npz. Throws InputError as reading does, RESULT_MISSING_KEY for what is no result. */
export async function readResult(file: Blob, name: string): Promise<StoredResult> {
  const npz = await openNpz(blobAccess(file, name));
  for (const member of ["reconstructed_object", "reconstructed_probe"]) {
    if (npz.has(member)) continue;
    throw new InputError("RESULT_MISSING_KEY", "the file holds no reconstruction", {
      source: name,
      field: member,
      expected: "a reconstruction.npz",
      got: npz.names.join(", ") || "an empty archive",
      remedy: "Choose the reconstruction.npz of an earlier run, not a scan",
    });
  }
  const complex = async (member: string): Promise<ComplexArray> => {
    const array = await npz.readNumeric(member, LIMITS);
    if (!array.dtype.startsWith("complex")) {
      throw new InputError("RESULT_DTYPE", "the array is not complex", {
        source: name,
        field: member,
        expected: "complex64",
        got: array.dtype,
        remedy: "Choose the reconstruction.npz of an earlier run",
      });
    }
    return { shape: array.shape, data: Float32Array.from(array.data as ArrayLike<number>) };
  };
  const numbers = async (member: string): Promise<Float64Array | null> =>
    npz.has(member)
      ? Float64Array.from((await npz.readNumeric(member, LIMITS)).data as ArrayLike<number>, Number)
      : null;
  const origin = await numbers("canvas_origin_px");
  return {
    object: await complex("reconstructed_object"),
    probe: await complex("reconstructed_probe"),
    loss: (await numbers("loss")) ?? new Float64Array(),
    originPx: origin ? [origin[0]!, origin[1]!] : null,
    positionsPx: await numbers("positions_px"),
  };
}
