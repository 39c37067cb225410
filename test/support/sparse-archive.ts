// Archives of many gigabytes that cost no disk: runs of zeros are holes in the file.

import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { type BuiltMember, centralHeader, type Declared, endRecords, join, localHeader } from "./npz-builder.ts";

/** Bytes, or that many zeros. */
export type Piece = Uint8Array | number;

/** A stored member made of pieces. */
export interface SparseMember {
  readonly name: string;
  readonly pieces: readonly Piece[];
  /** False saves the time of a checksum that nobody will look at. */
  readonly checked: boolean;
}

const zeros = new Uint8Array(2 ** 26);

/** Writes the archive with ZIP64 records, as numpy does; returns its size in bytes. */
export function writeSparseArchive(path: string, members: readonly SparseMember[]): number {
  const file = openSync(path, "w");
  let at = 0;
  const put = (piece: Piece) => {
    if (typeof piece === "number") at += piece;
    else for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done, piece.length - done, at + done);
    if (typeof piece !== "number") at += piece.length;
  };
  const directory: Uint8Array[] = [];
  try {
    for (const { name, pieces, checked } of members) {
      const sizeBytes = pieces.reduce<number>((sum, piece) => sum + lengthOf(piece), 0);
      const crc = checked ? pieces.reduce<number>(continueCrc, 0) : 0;
      const truth: Declared = { method: 0, flags: 0, crc, sizeBytes, compressedBytes: sizeBytes };
      const member: BuiltMember = { name, content: new Uint8Array(), numpyStyle: true };
      directory.push(centralHeader(member, truth, at));
      put(localHeader(member, truth));
      for (const piece of pieces) put(piece);
    }
    const directoryAt = at;
    const listed = join(...directory);
    put(listed);
    put(endRecords(members.length, listed.length, directoryAt, { zip64End: {} }));
    ftruncateSync(file, at);
  } finally {
    closeSync(file);
  }
  return at;
}

function lengthOf(piece: Piece): number {
  return typeof piece === "number" ? piece : piece.length;
}

function continueCrc(crc: number, piece: Piece): number {
  if (typeof piece !== "number") return crc32(piece, crc);
  let value = crc;
  for (let left = piece; left > 0; left -= zeros.length) {
    value = crc32(zeros.subarray(0, Math.min(left, zeros.length)), value);
  }
  return value;
}
