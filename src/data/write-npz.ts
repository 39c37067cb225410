// Small NPZ archives in one piece: stored, in the given order, with a fixed time, so that equal arrays give equal bytes.

import { type Zippable, zipSync } from "fflate";
import type { NpyArray } from "./npy-array.ts";
import { encodeNpy } from "./npy-encode.ts";

/** ZIP times have no zone; fflate takes them from a local date. */
const fixedTime = new Date(1980, 0, 1, 0, 0, 0);

/**
 * An archive that numpy.load(allow_pickle=False) opens; member names get `.npy`. For archives beyond memory or 4 GB use
 * `createNpzWriter`. Throws RangeError on a name twice.
 */
export function writeNpz(members: Iterable<readonly [name: string, array: NpyArray]>): Uint8Array {
  const files: Zippable = {};
  for (const [name, array] of members) {
    const file = `${name}.npy`;
    if (Object.hasOwn(files, file)) throw new RangeError(`member ${name} twice`);
    files[file] = encodeNpy(array) as Uint8Array<ArrayBuffer>;
  }
  return zipSync(files, { level: 0, mtime: fixedTime });
}
