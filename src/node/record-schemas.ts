// JSON Schema of every JSON file that is read or written, by file name; `npm run schemas` writes them into schemas/.

import type { z } from "zod";
import { compareSchemas } from "../compare/json-schemas.ts";
import { studySchemas } from "../jobs/json-schemas.ts";
import { generatedSchemas } from "../study/schemas.ts";
import { runRecordSchema } from "./run-receipt.ts";
import { generateRecordSchema } from "./study/generate-record.ts";
import { tunedProfilesSchema } from "./tuned-profiles.ts";

/** All of them. */
export const recordSchemas: Readonly<Record<string, z.ZodType>> = {
  ...studySchemas,
  ...compareSchemas,
  ...generatedSchemas,
  "run.schema.json": runRecordSchema,
  "generate.schema.json": generateRecordSchema,
  "tuned_profiles.schema.json": tunedProfilesSchema,
};
