// Members of the study's files: whole arrays, or arrays that are made while they are written.

import type { Crc32 } from "../data/crc32.ts";
import type { NpyArray } from "../data/npy-array.ts";
import type { NumericType } from "../data/npy-dtype.ts";
import { type ByteSink, createNpzWriter } from "../data/npz-writer.ts";

/** An array whose numbers come in pieces, in C order. The pieces can be read once. */
export interface StreamedMember {
  readonly name: string;
  readonly dtype: NumericType;
  readonly shape: readonly number[];
  readonly pieces: Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;
}

export interface WholeMember {
  readonly name: string;
  readonly array: NpyArray;
}

export type StudyMember = StreamedMember | WholeMember;

/**
 * Writes an archive; returns its size. Stored, not deflated: a deflater's bytes depend on its build, so equal studies
 * would not be equal files, and patterns of a stored member are read in any order without unpacking them first.
 */
export async function writeStudyNpz(sink: ByteSink, members: Iterable<StudyMember>, checksum?: Crc32): Promise<number> {
  const writer = createNpzWriter(sink, checksum);
  for (const member of members) {
    if ("array" in member) await writer.addArray(member.name, member.array);
    else await writer.addPieces(member.name, member.dtype, member.shape, member.pieces);
  }
  return await writer.finish();
}
