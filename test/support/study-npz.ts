// Study members as an archive in memory, and back.
import { type NpzFile, openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { type StudyMember, writeStudyNpz } from "../../src/study/members.ts";

/** The archive's bytes. */
export async function archiveOf(members: Iterable<StudyMember>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  await writeStudyNpz((bytes) => {
    pieces.push(bytes.slice());
  }, members);
  return new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/** The members as they are read. */
export async function reopen(members: Iterable<StudyMember>): Promise<NpzFile> {
  return await openNpz(bytesAccess(await archiveOf(members), "study.npz"));
}

/** `name: dtype [shape]` of every member, in file order. */
export async function listMembers(npz: NpzFile): Promise<string[]> {
  const lines: string[] = [];
  for (const name of npz.names) {
    const { type, shape } = await npz.header(name);
    lines.push(`${name}: ${type.kind === "numeric" ? type.name : type.kind} [${shape.join(", ")}]`);
  }
  return lines;
}

/** Numbers of a member. */
export async function numbersOf(npz: NpzFile, name: string): Promise<number[]> {
  return Array.from((await npz.readNumeric(name)).data, Number);
}

/** The decoded `_metadata`. */
export async function metadataOf(npz: NpzFile): Promise<Record<string, unknown>> {
  const array = await npz.readArray("_metadata");
  if (array.dtype !== "str" || array.shape.length !== 0) throw new Error("_metadata is not a single text");
  return JSON.parse(array.data[0]!);
}
