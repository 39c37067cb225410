// The members of reconstruction.npz, wherever it is written.

import type { ComplexArray } from "../complex.ts";
import type { NpyArray } from "../data/npy-array.ts";
import type { ReconstructResult } from "../engine/result.ts";

/** A finished run as far as its arrays tell. */
export interface ResultFacts {
  readonly result: Pick<
    ReconstructResult,
    "object" | "probe" | "loss" | "canvasOriginPx" | "positionsPx" | "scanIndexUsed" | "options"
  >;
  readonly seconds: { readonly reconstruct: number };
  readonly finishedAt: Date;
}

/** Members of reconstruction.npz, as the README lists them. */
export function resultMembers({ result, seconds, finishedAt }: ResultFacts): [string, NpyArray][] {
  const float64 = (shape: readonly number[], data: Float64Array): NpyArray => ({ shape, dtype: "float64", data });
  const int64 = (values: ArrayLike<number>): NpyArray => ({
    shape: [values.length],
    dtype: "int64",
    data: BigInt64Array.from(values, (value) => BigInt(value)),
  });
  const text = (value: string): NpyArray => ({ shape: [], dtype: "str", data: [value] });
  return [
    ["reconstructed_object", complexMember(result.object)],
    ["reconstructed_probe", complexMember(firstOprMode(result.probe))],
    ["loss", float64([result.loss.length], result.loss)],
    ["canvas_origin_px", int64(result.canvasOriginPx)],
    ["positions_px", float64([result.positionsPx.length / 2, 2], result.positionsPx)],
    ["scan_index_used", int64(result.scanIndexUsed)],
    ["reconstruction_time", float64([], Float64Array.of(seconds.reconstruct))],
    ["algorithm", text(result.options.algorithm)],
    ["timestamp", text(finishedAt.toISOString())],
  ];
}

/** [mode, y, x] of a probe [oprMode, mode, y, x]. */
export function firstOprMode(probe: ComplexArray): ComplexArray {
  const shape = probe.shape.slice(1);
  return { shape, data: probe.data.subarray(0, probe.data.length / probe.shape[0]!) };
}

/** A leading axis of length 1 is dropped: one slice gives [y, x], one mode gives [y, x]. */
function complexMember(array: ComplexArray): NpyArray {
  const shape = array.shape.length === 3 && array.shape[0] === 1 ? array.shape.slice(1) : array.shape;
  return { shape, dtype: "complex64", data: array.data };
}
