// The study's base from an NPZ file: objectGuess and probeGuess, complex64 or complex128.

import { basename } from "node:path";
import { complexView } from "../../complex.ts";
import { type NpzFile, openNpz } from "../../data/npz.ts";
import { InputError } from "../../errors.ts";
import { checkBase, createStandInBase, type StudyBase } from "../../study/base.ts";
import { type StudyScaleName, studyScales } from "../../study/design.ts";
import { fileAccess, inflateRaw, sha256 } from "../file-access.ts";

const PIECE_BYTES = 2 ** 22;

/** Base of a file, or the stand-in of a scale without one. Throws InputError for files that cannot be read or do not fit. */
export async function openBase(path: string | null, scale: StudyScaleName): Promise<StudyBase> {
  if (path === null) return createStandInBase(studyScales[scale]);
  const access = await fileAccess(path);
  try {
    const npz = await openNpz(access, { codecs: { inflate: inflateRaw } });
    const object = await readField(npz, "objectGuess");
    const probe = await readField(npz, "probeGuess");
    const hash = sha256();
    for (let at = 0; at < access.sizeBytes; at += PIECE_BYTES) {
      hash.update(await access.read(at, Math.min(PIECE_BYTES, access.sizeBytes - at)));
    }
    const base = { name: basename(path), sha256: await hash.hexDigest(), object, probe };
    checkBase(base);
    return base;
  } finally {
    await access.close();
  }
}

/** A complex image; leading axes of length 1 are dropped. */
async function readField(npz: NpzFile, field: string) {
  const array = await npz.readNumeric(field);
  if (array.dtype !== "complex64" && array.dtype !== "complex128") {
    throw new InputError(
      "DATA_DTYPE",
      `${field} must be complex dtype (complex64/complex128), got dtype=${array.dtype}`,
      {
        source: npz.archive.access.name,
        field,
      },
    );
  }
  let { shape } = array;
  while (shape.length > 2 && shape[0] === 1) shape = shape.slice(1);
  return complexView(Float32Array.from(array.data as Float32Array | Float64Array), shape);
}
