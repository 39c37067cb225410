// `generate.json`: how a study was generated, so that a part of it can be made again byte for byte.

import { join } from "node:path";
import { z } from "zod";
import { InputError, OptionsError } from "../../errors.ts";
import { studySplits, studyViews, viewRules } from "../../study/design.ts";
import { studyLayout } from "../../study/layout.ts";
import { readJsonFile } from "../json-file.ts";

export const RECORD_VERSION = 1;
const LARGEST_RECORD = 2 ** 22;
const seed = z.int().min(0).max(0xffffffff);

/** Schema of the record. Paths of files are relative to its folder. */
export const generateRecordSchema = z.object({
  record_version: z.literal(RECORD_VERSION),
  timestamp: z.string().describe("UTC"),
  package_version: z.string(),
  base: z.object({ name: z.string(), path: z.string().nullable(), sha256: z.string().nullable() }),
  scale: z.enum(["full", "small"]),
  view_rule: z.enum(viewRules),
  with_patches: z.boolean(),
  seeds: z.object({ simulation: seed, grouping: seed, subsampling: seed }),
  pattern_px: z.int(),
  positions: z.object({ train: z.int(), test: z.int() }),
  split_point_px: z.number(),
  mean_pattern_intensity: z.number(),
  doses: z.array(z.object({ dose: z.number(), photons: z.int(), intensity_scale: z.number(), noise_seed: seed })),
  rejected_views: z.array(
    z.object({ dose: z.number(), view: z.enum(studyViews), split: z.enum(studySplits), reason: z.string() }),
  ),
  files: z.array(z.object({ path: z.string(), size_bytes: z.int(), sha256: z.string() })),
});

export type GenerateRecord = z.infer<typeof generateRecordSchema>;
export type RejectedView = GenerateRecord["rejected_views"][number];

/** The record of a study root; null when there is none. Throws OptionsError STUDY_RECORD when it is not one. */
export async function readGenerateRecord(outputRoot: string): Promise<GenerateRecord | null> {
  const source = join(outputRoot, studyLayout.generateRecord);
  let value: unknown;
  try {
    value = await readJsonFile(source, LARGEST_RECORD);
  } catch (error) {
    if (error instanceof InputError && error.code === "INPUT_MISSING") return null;
    throw error;
  }
  const parsed = generateRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new OptionsError("STUDY_RECORD", `not a record of a generated study: ${issue.message}`, {
    source,
    field: issue.path.join("."),
  });
}
