// Work on results that would hold up the page: comparing two of them, drawing the command line's picture, whole images.

import { blobAccess, type ComplexArray } from "ptycho-webgpu";
import { renderReconstruction } from "ptycho-webgpu/pictures";
import { loadResult } from "ptycho-webgpu/worker";
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

/** Reads a reconstruction.npz. Throws as `loadResult` does. */
export async function readResult(file: Blob, name: string): Promise<StoredResult> {
  const members = new Map((await loadResult(blobAccess(file, name))).map((member) => [member.name, member]));
  const complex = (member: string): ComplexArray => {
    const { shape, data } = members.get(member)!;
    return { shape, data: Float32Array.from(data as Float32Array | Float64Array) };
  };
  const numbers = (member: string): Float64Array | null => {
    const data = members.get(member)?.data as Float64Array | BigInt64Array | undefined;
    return data ? Float64Array.from(data as ArrayLike<number | bigint>, Number) : null;
  };
  const origin = numbers("canvas_origin_px");
  return {
    object: complex("reconstructed_object"),
    probe: complex("reconstructed_probe"),
    loss: numbers("loss") ?? new Float64Array(),
    originPx: origin ? [origin[0]!, origin[1]!] : null,
    positionsPx: numbers("positions_px"),
  };
}
