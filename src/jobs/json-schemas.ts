// JSON Schema of every JSON artifact of the study, by file name; `npm run schemas` writes them into schemas/.

import { z } from "zod";
import {
  cellScoresSchema,
  reconstructionManifestSchema,
  skipSummarySchema,
  studyIndexSchema,
  studyPlanSchema,
} from "./artifact-schemas.ts";
import { designSchema } from "./design.ts";
import { trainingManifestSchema } from "./manifest.ts";

/** Schemas of files that this program reads or writes, by name. */
export const studySchemas: Readonly<Record<string, z.ZodType>> = {
  "training_manifest.schema.json": trainingManifestSchema,
  "study_design.schema.json": designSchema,
  "reconstruction_manifest.schema.json": reconstructionManifestSchema,
  "skip_summary.schema.json": skipSummarySchema,
  "study_plan.schema.json": studyPlanSchema,
  "study_index.schema.json": studyIndexSchema,
  "cell_metrics.schema.json": cellScoresSchema,
};

/** Text of a schema's file (JSON Schema draft 2020-12). */
export function formatJsonSchema(schema: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { io: "input" }), null, 2)}\n`;
}
