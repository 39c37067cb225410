// Raw DEFLATE as a stream, with the one thing the archive reader must know besides the bytes: where the stream ended.

import { Gunzip } from "fflate";

/** How a stream ended relative to its input: exactly with it, before its last byte, or not at all. */
export type InflateEnd = "complete" | "trailing" | "truncated";

/** Decodes raw DEFLATE; yields pieces of the output and returns how the stream ended. Throws on corrupt data. */
export type InflateRaw = (compressed: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array, InflateEnd>;

// fflate's Inflate does not tell where a stream ended, but its Gunzip reports the offset of every following member. So the
// data is dressed as a gzip member and a second, empty member is put behind it: it is found at the right place or not at all.
const gzipHeader = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
const emptyDeflate = Uint8Array.of(3, 0);
const gzipFooterBytes = 8;
const invalidHeaderCode = 6;

/** The core's decoder, on fflate. */
export async function* inflateRaw(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, InflateEnd> {
  let pieces: Uint8Array[] = [];
  let nextMemberAt: number | null = null;
  let compressedBytes = 0;
  const stream = new Gunzip((piece) => {
    if (piece.length > 0) pieces.push(piece);
  });
  stream.onmember = (offset) => {
    nextMemberAt ??= offset;
  };
  for await (const chunk of compressed) {
    if (chunk.length === 0) continue;
    // The header goes in with the first bytes: on its own it would leave fflate a window of zeros to copy from.
    const input = compressedBytes === 0 ? join(gzipHeader, chunk) : chunk;
    compressedBytes += chunk.length;
    const ended = pushHitsForeignMember(stream, input);
    yield* pieces;
    pieces = [];
    if (ended || nextMemberAt !== null) return "trailing";
  }
  if (compressedBytes === 0) return "truncated";
  const marker = join(new Uint8Array(gzipFooterBytes), join(gzipHeader, emptyDeflate));
  try {
    // Either a few bytes are left over, or the marker completed a stream that lacked its last bits.
    if (pushHitsForeignMember(stream, marker)) return "trailing";
  } catch {
    return "truncated"; // the marker was taken for more of the stream
  }
  // What came out while the marker was read is not part of the data, so `pieces` is dropped here.
  if (nextMemberAt === null) return "truncated";
  return nextMemberAt === gzipHeader.length + compressedBytes + gzipFooterBytes ? "complete" : "trailing";
}

/** True when the stream has ended and bytes follow that are not the marker. */
function pushHitsForeignMember(stream: Gunzip, chunk: Uint8Array): boolean {
  try {
    stream.push(chunk as Uint8Array<ArrayBuffer>);
    return false;
  } catch (error) {
    if ((error as { code?: number }).code === invalidHeaderCode) return true;
    throw error;
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
