// Says why a file without an end record is no archive: something else, or an archive that was cut, and where.

import { InputError } from "../errors.ts";
import { checkRange, type RandomAccess } from "./random-access.ts";
import * as zip from "./zip-format.ts";

const knownStarts: readonly (readonly [string, readonly number[]])[] = [
  ["a single .npy array", [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46]],
  ["a MATLAB file", [0x4d, 0x41, 0x54, 0x4c, 0x41, 0x42]],
  ["a gzip file", [0x1f, 0x8b]],
  ["a TIFF image", [0x49, 0x49, 0x2a, 0x00]],
  ["a PNG image", [0x89, 0x50, 0x4e, 0x47]],
];

const saveRemedy =
  'Read its arrays in Python and save them together: numpy.savez("scan.npz", diffraction=amplitudes, probeGuess=probe, objectGuess=ones, xcoords=x, ycoords=y); the README has a recipe';

/** ZIP_TRUNCATED when local headers show an archive that was cut, ZIP_EXTRA_BYTES when it is whole and buried, else ZIP_NOT_ARCHIVE. */
export async function truncationError(access: RandomAccess): Promise<InputError> {
  const start = await access.read(0, Math.min(access.sizeBytes, 16));
  const startsAsArchive = start.length >= 4 && zip.viewOf(start).getUint32(0, true) === zip.localSignature;
  if (!startsAsArchive || access.sizeBytes < zip.localHeaderBytes) return notArchive(access, start);
  const reached = await walkArchive(access);
  if (reached.complete) {
    return new InputError("ZIP_EXTRA_BYTES", `${access.sizeBytes - reached.at} bytes after the archive's end`, {
      source: access.name,
      offset: reached.at,
      remedy: "Cut the file at this byte or save it again",
    });
  }
  return new InputError("ZIP_TRUNCATED", "the archive is cut off: its end record is missing", {
    source: access.name,
    expected: `at least ${reached.at} bytes`,
    got: `${access.sizeBytes} bytes`,
    remedy: "Copy or download the file again",
  });
}

function notArchive(access: RandomAccess, start: Uint8Array): InputError {
  const known = knownStarts.find(([, bytes]) => bytes.every((byte, index) => start[index] === byte));
  return new InputError("ZIP_NOT_ARCHIVE", "not an NPZ archive", {
    source: access.name,
    expected: "a ZIP archive of .npy arrays, as numpy.savez writes it",
    got:
      access.sizeBytes === 0 ? "an empty file" : (known?.[0] ?? `${access.sizeBytes} bytes without a ZIP end record`),
    ...(known ? { remedy: saveRemedy } : {}),
  });
}

/** Follows headers from the start; `at` is where the archive ends (complete) or the least it must reach. */
async function walkArchive(access: RandomAccess): Promise<{ complete: boolean; at: number }> {
  let at = 0;
  for (;;) {
    const signature = await field(access, at, 4);
    if (signature === null) return { complete: false, at: at + zip.endBytes };
    const kind = signature.getUint32(0, true);
    if (kind === zip.localSignature) {
      const header = await field(access, at, zip.localHeaderBytes);
      if (!header) return { complete: false, at: at + zip.localHeaderBytes };
      const next = at + (await localRecordBytes(access, at, header));
      if (next > access.sizeBytes) return { complete: false, at: next + zip.endBytes };
      if (next === at + zip.localHeaderBytes) return { complete: false, at: access.sizeBytes + 1 };
      at = next;
    } else if (kind === zip.centralSignature) {
      const header = await field(access, at, zip.centralHeaderBytes);
      if (!header) return { complete: false, at: at + zip.centralHeaderBytes + zip.endBytes };
      at +=
        zip.centralHeaderBytes + header.getUint16(28, true) + header.getUint16(30, true) + header.getUint16(32, true);
    } else if (kind === zip.zip64EndSignature) {
      at += zip.zip64EndBytes;
    } else if (kind === zip.zip64LocatorSignature) {
      at += zip.zip64LocatorBytes;
    } else if (kind === zip.endSignature) {
      const header = await field(access, at, zip.endBytes);
      if (!header) return { complete: false, at: at + zip.endBytes };
      const endsAt = at + zip.endBytes + header.getUint16(20, true);
      return { complete: endsAt <= access.sizeBytes, at: endsAt };
    } else {
      return { complete: false, at: access.sizeBytes + 1 }; // streamed sizes: no way to know how much is missing
    }
  }
}

async function localRecordBytes(access: RandomAccess, at: number, header: DataView): Promise<number> {
  const nameBytes = header.getUint16(26, true);
  const extraBytes = header.getUint16(28, true);
  let compressedBytes = header.getUint32(18, true);
  if (compressedBytes === zip.sentinel32) {
    const extraAt = at + zip.localHeaderBytes + nameBytes;
    const extra = extraAt + extraBytes <= access.sizeBytes ? await access.read(extraAt, extraBytes) : null;
    compressedBytes = (extra && zip.readZip64Extra(extra, 2)?.[1]) ?? 0;
  }
  return zip.localHeaderBytes + nameBytes + extraBytes + compressedBytes;
}

async function field(access: RandomAccess, at: number, length: number): Promise<DataView | null> {
  if (at + length > access.sizeBytes) return null;
  checkRange(access.name, access.sizeBytes, at, length);
  return zip.viewOf(await access.read(at, length));
}
