// Small texts beside the arrays: `_metadata` and the file's own statement of what its patterns hold. Pickles stay closed.

import type { DatasetNote } from "./dataset.ts";
import type { NpzFile } from "./npz.ts";

/** What became of `_metadata`; goes into the provenance. */
export type MetadataReading =
  | { readonly status: "absent" }
  | { readonly status: "read"; readonly value: unknown }
  | { readonly status: "text"; readonly text: string }
  | { readonly status: "skipped"; readonly reason: string };

const maximumTextBytes = 2 ** 22;

/** Decodes `_metadata` when it is unicode text; a pickled or oversized one is skipped with a note, never loaded. */
export async function readMetadata(npz: NpzFile, notes: DatasetNote[]): Promise<MetadataReading> {
  const key = "_metadata";
  if (!npz.has(key)) return { status: "absent" };
  const skip = (reason: string): MetadataReading => {
    notes.push({ level: "info", code: "METADATA_SKIPPED", message: `${key} was not read: ${reason}` });
    return { status: "skipped", reason };
  };
  let text: string | null;
  try {
    const header = await npz.peekHeader(key);
    if (header.type.kind === "object") return skip("it is a pickled Python object");
    text = await readText(npz, key);
  } catch (error) {
    return skip((error as Error).message);
  }
  if (text === null) return skip(`it is not a single text of at most ${maximumTextBytes} bytes`);
  try {
    return { status: "read", value: JSON.parse(text) };
  } catch {
    return { status: "text", text };
  }
}

/** The statement of `measurement_domain`, as a member or inside the metadata; null when there is none. */
export async function readMeasurementDomain(npz: NpzFile, metadata: MetadataReading): Promise<string | null> {
  const key = "measurement_domain";
  if (npz.has(key)) {
    const text = await readText(npz, key).catch(() => null);
    if (text !== null) return text;
  }
  return metadataEntry(metadata, key);
}

/** A text of the metadata's outermost object; null when there is none. */
export function metadataEntry(metadata: MetadataReading, key: string): string | null {
  if (metadata.status !== "read" || typeof metadata.value !== "object" || metadata.value === null) return null;
  const value: unknown = Object.hasOwn(metadata.value, key) ? (metadata.value as Record<string, unknown>)[key] : null;
  return typeof value === "string" ? value : null;
}

/** A member that is one text; null when it is something else. */
async function readText(npz: NpzFile, key: string): Promise<string | null> {
  if (npz.member(key).sizeBytes > maximumTextBytes) return null;
  const header = await npz.header(key);
  if (header.type.kind !== "unicode" || header.elementCount !== 1) return null;
  const array = await npz.readArray(key);
  return array.dtype === "str" ? (array.data[0] ?? null) : null;
}
