// A result from another day, for looking at beside a new one.

import type { NpyArray } from "../data/npy-array.ts";
import { openNpz } from "../data/npz.ts";
import type { RandomAccess } from "../data/random-access.ts";
import { InputError } from "../errors.ts";
import type { LoadedMember } from "./messages.ts";

/** Bytes that one member may take: a result is far smaller. */
const LARGEST_MEMBER_BYTES = 2 ** 30;
/** Members that are worth the memory. */
const WANTED: readonly string[] = [
  "reconstructed_object",
  "reconstructed_probe",
  "loss",
  "canvas_origin_px",
  "positions_px",
  "scan_index_used",
  "reconstruction_time",
  "algorithm",
  "timestamp",
];

const COMPLEX: readonly string[] = ["reconstructed_object", "reconstructed_probe"];

/**
 * The known members of a reconstruction.npz. Throws InputError as reading does, RESULT_MISSING_KEY without object or
 * probe, RESULT_DTYPE when they are not complex.
 */
export async function loadResult(access: RandomAccess): Promise<LoadedMember[]> {
  const npz = await openNpz(access);
  for (const field of COMPLEX.filter((name) => !npz.has(name))) {
    throw new InputError("RESULT_MISSING_KEY", "the file holds no reconstruction", {
      source: access.name,
      field,
      expected: "a reconstruction.npz",
      got: npz.names.join(", ") || "an empty archive",
      remedy: "Choose the reconstruction.npz of an earlier run, not a scan",
    });
  }
  const members: LoadedMember[] = [];
  for (const name of WANTED.filter((wanted) => npz.has(wanted))) {
    const array: NpyArray = await npz.readArray(name, { maximumBytes: LARGEST_MEMBER_BYTES });
    if (COMPLEX.includes(name) && !array.dtype.startsWith("complex")) {
      throw new InputError("RESULT_DTYPE", "the array is not complex", {
        source: access.name,
        field: name,
        expected: "complex64",
        got: array.dtype,
        remedy: "Choose the reconstruction.npz of an earlier run",
      });
    }
    members.push({ name, dtype: array.dtype, shape: array.shape, data: array.data });
  }
  return members;
}
