// Members of an NPZ with only some of its scan points: arrays that have one entry per point are cut, others go through
// whole. Which ones are per point is known by name; a length alone says nothing.

import type { NpyArray, NumericData } from "../data/npy-array.ts";
import type { NpzFile } from "../data/npz.ts";
import { InputError } from "../errors.ts";
import type { StudyMember } from "./members.ts";

/** Must have an entry for every scan point. */
const alwaysPerPoint = ["diffraction", "diff3d", "xcoords", "ycoords", "xcoords_start", "ycoords_start", "scan_index"];
/** Have one when their length says so; old files hold a single `Y` for the whole scan. */
const oftenPerPoint = ["ground_truth_patches", "Y", "coords_start_offsets", "coords_start_relative", "filenames"];

/** Names of members that were left out, because reading them would need a Python pickle. */
export interface RowSelection {
  readonly members: readonly StudyMember[];
  readonly skipped: readonly string[];
}

/**
 * Members of `npz` but `_metadata`, in file order, with the scan points `indices` (ascending) of `count`. Throws InputError
 * DATA_LENGTH_MISMATCH when an array of scan points has another length.
 */
export async function selectRows(npz: NpzFile, indices: Uint32Array, count: number): Promise<RowSelection> {
  const members: StudyMember[] = [];
  const skipped: string[] = [];
  for (const name of npz.names) {
    if (name === "_metadata") continue;
    const { type, shape, fortranOrder } = await npz.header(name);
    if (type.kind === "object" || type.kind === "unsupported") {
      skipped.push(name);
      continue;
    }
    if (alwaysPerPoint.includes(name) && shape[0] !== count) throw lengthError(npz, name, shape, count);
    const perPoint = [...alwaysPerPoint, ...oftenPerPoint].includes(name) && shape[0] === count;
    const cutShape = perPoint ? [indices.length, ...shape.slice(1)] : shape;
    if (type.kind === "unicode" || type.bigEndian || fortranOrder) {
      const array = asWritable(await npz.readArray(name));
      members.push({ name, array: perPoint ? takeRows(array, indices, count) : array });
      continue;
    }
    const rowBytes = type.itemBytes * shape.slice(1).reduce((product, length) => product * length, 1);
    const body = npz.readBody(name);
    members.push({
      name,
      dtype: type.name,
      shape: cutShape,
      pieces: perPoint ? cutRows(body, rowBytes, indices) : body,
    });
  }
  return { members, skipped };
}

/** The bytes of rows `indices` (ascending) out of all rows in pieces of any length. */
export async function* cutRows(
  pieces: AsyncIterable<Uint8Array>,
  rowBytes: number,
  indices: Uint32Array,
): AsyncGenerator<Uint8Array, void> {
  let start = 0; // offset of the piece among all rows
  let next = 0; // first wanted row that is not complete
  for await (const piece of pieces) {
    const end = start + piece.length;
    while (next < indices.length && indices[next]! * rowBytes < end) {
      const from = Math.max(start, indices[next]! * rowBytes);
      let to = (indices[next]! + 1) * rowBytes;
      // Neighbouring rows in one go.
      while (to < end && next + 1 < indices.length && indices[next + 1] === indices[next]! + 1) {
        next++;
        to += rowBytes;
      }
      yield piece.subarray(from - start, Math.min(to, end) - start);
      if (to > end) break; // the next piece has the rest of this row
      next++;
    }
    start = end;
  }
}

function takeRows(array: NpyArray, indices: Uint32Array, count: number): NpyArray {
  const shape = [indices.length, ...array.shape.slice(1)];
  const width = array.data.length / count;
  if (array.dtype === "str") {
    const rows = Array.from(indices, (row) => array.data.slice(row * width, (row + 1) * width));
    return { ...array, shape, data: rows.flat() };
  }
  const { data: all } = array;
  const data = new (all.constructor as new (length: number) => NumericData)(indices.length * width);
  indices.forEach((row, at) => {
    data.set(all.subarray(row * width, (row + 1) * width) as never, at * width);
  });
  return { ...array, shape, data };
}

/** Decoded float16 is held as float32. */
function asWritable(array: NpyArray): NpyArray {
  return array.dtype === "float16" ? { ...array, dtype: "float32" } : array;
}

function lengthError(npz: NpzFile, name: string, shape: readonly number[], count: number): InputError {
  return new InputError("DATA_LENGTH_MISMATCH", `${name} does not have one entry per scan point`, {
    source: npz.archive.access.name,
    field: name,
    expected: `(${count}, ...)`,
    got: `(${shape.join(", ")})`,
  });
}
