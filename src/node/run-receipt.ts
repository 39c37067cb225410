// run.json as a receipt: which run a result is of, and whether its files are still the ones that were written.

import { rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { profileSources } from "../engine/profile-choice.ts";
import { PtychoError } from "../errors.ts";
import { RECORD_FORMAT } from "../results/run-record.ts";
import { type HashMemory, rememberedHash, stampFile } from "./file-hash.ts";
import { nodeFileSystem } from "./file-system.ts";
import { readJsonFile } from "./json-file.ts";
import { asOutputError } from "./output-checks.ts";

const LARGEST_RECORD_BYTES = 2 ** 28;

/** `run.json` of a result: what a receipt needs; its other fields are for people. */
export const runRecordSchema = z.looseObject({
  format: z.literal(RECORD_FORMAT),
  formatVersion: z.literal(1),
  key: z.string(),
  status: z.enum(["complete", "cancelled", "diverged"]),
  epochsCompleted: z.int(),
  options: z.looseObject({ epochs: z.int() }),
  seed: z.int(),
  input: z.looseObject({ sha256: z.string().nullable() }),
  patterns: z.looseObject({ present: z.int(), used: z.int() }),
  seconds: z.looseObject({ reconstruct: z.number() }),
  adapter: z.looseObject({}),
  // absent in records from before there were profiles
  profile: z.string().optional().describe("how kernels were laid out"),
  profileSource: z
    .enum(profileSources)
    .optional()
    .describe("who named the profile: option, checkpoint that was gone on from, ptycho tune, rule by adapter"),
  loss: z.array(z.number().or(z.string())),
  // names only: a path could lead out of the folder
  files: z.record(z.string().regex(/^(?!\.+$)[^/\\]+$/), z.looseObject({ sizeBytes: z.int(), sha256: z.string() })),
});

/** The facts of run.json that decide whether a result can be used again, and those that tables show. */
export interface Receipt {
  readonly key: string;
  readonly status: "complete" | "cancelled" | "diverged";
  /** Epochs that were asked for. */
  readonly epochs: number;
  readonly inputSha256: string | null;
  /** Of the result's files beside run.json. */
  readonly files: Readonly<Record<string, { readonly sizeBytes: number; readonly sha256: string }>>;
  readonly record: z.infer<typeof runRecordSchema>;
}

/** Reads a run.json; null when there is none or it is not one of ours. */
export async function readReceipt(path: string): Promise<Receipt | null> {
  if ((await stampFile(path)) === null) return null;
  let json: unknown;
  try {
    json = await readJsonFile(path, LARGEST_RECORD_BYTES);
  } catch (error) {
    if (error instanceof PtychoError) return null;
    throw error;
  }
  const parsed = runRecordSchema.safeParse(json);
  if (!parsed.success) return null;
  const record = parsed.data;
  return {
    key: record.key,
    status: record.status,
    epochs: record.options.epochs,
    inputSha256: record.input.sha256,
    files: record.files,
    record,
  };
}

/**
 * Names of files that are missing or differ from the receipt. Hashes are remembered by size, time and inode; with
 * `readAgain`, or without a memory, all bytes are read.
 */
export async function findDamaged(
  folder: string,
  receipt: Receipt,
  readAgain: boolean,
  memory: HashMemory = new Map(),
  signal?: AbortSignal,
): Promise<string[]> {
  const damaged: string[] = [];
  for (const [name, { sizeBytes, sha256 }] of Object.entries(receipt.files)) {
    const path = join(folder, name);
    const stamp = await stampFile(path);
    const fits = stamp?.sizeBytes === sizeBytes && (await rememberedHash(path, memory, readAgain, signal)) === sha256;
    if (!fits) damaged.push(name);
  }
  return damaged;
}

/**
 * Renames files to NAME.damaged, as far as they are there: what went wrong can be looked at later. Those put aside earlier
 * stay; the next are NAME.damaged-2 and so on. The folder is the caller's alone. Throws OutputError.
 */
export async function putAside(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(folder, name);
    if (!(await stampFile(path))) continue;
    try {
      await rename(path, await freeName(`${path}.damaged`));
    } catch (error) {
      throw asOutputError(error, path);
    }
  }
}

async function freeName(path: string): Promise<string> {
  let free = path;
  for (let number = 2; (await nodeFileSystem.kindOf(free)) !== "nothing"; number++) free = `${path}-${number}`;
  return free;
}
