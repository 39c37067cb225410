// The memory of file hashes of an artifact root, kept between calls. Losing it costs reading time, nothing else.

import { join } from "node:path";
import { z } from "zod";
import { fromPieces, writeFileAtomic } from "../atomic-write.ts";
import type { HashMemory } from "../file-hash.ts";
import { readJsonFile } from "../json-file.ts";

const NAME = ".ptycho-hashes.json";
const LARGEST_BYTES = 2 ** 26;
/** Files of a thousand cells; those that were asked for longest ago are forgotten first. */
export const MOST_FILES = 4096;

const schema = z.record(
  z.string(),
  z.object({ sizeBytes: z.int(), modified: z.string(), inode: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
);

/** The memory of a root; empty when there is none or it cannot be read. */
export async function loadHashMemory(root: string): Promise<HashMemory> {
  const json = await readJsonFile(join(root, NAME), LARGEST_BYTES).catch(() => null);
  const parsed = schema.safeParse(json);
  return new Map(parsed.success ? Object.entries(parsed.data) : []);
}

/** Throws OutputError. */
export async function saveHashMemory(root: string, memory: HashMemory): Promise<void> {
  const entries = [...memory].slice(-MOST_FILES);
  const text = `${JSON.stringify(Object.fromEntries(entries))}\n`;
  await writeFileAtomic({ path: join(root, NAME), produce: fromPieces([text]) }, { overwrite: true });
}
