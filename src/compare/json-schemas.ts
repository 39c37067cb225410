// JSON Schema of the JSON files of comparisons, by file name.

import type { z } from "zod";
import { comparisonSchema } from "./comparison-record.ts";
import { metricsSummarySchema } from "./metrics-summary.ts";

/** Schemas of the files that comparisons write; schemas/ holds them as JSON Schema (draft 2020-12). */
export const compareSchemas: Readonly<Record<string, z.ZodType>> = {
  "comparison.schema.json": comparisonSchema,
  "metrics_summary.schema.json": metricsSummarySchema,
};
