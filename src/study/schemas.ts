// Schemas of the JSON files of Phase C and D (spec: study.md sections 2.1, 3.1, 3.2). JSON Schema files are made from these.

import { z } from "zod";

const count = z.int().min(0);
const share = z.number().min(0).max(1);

/** `phase_c/run_manifest.json`, by dose folder. */
export const runManifestSchema = z.record(
  z.string().regex(/^dose_\d+$/),
  z.strictObject({ dose: z.number().positive(), train: z.string(), test: z.string(), intermediate_dir: z.string() }),
);

/** `phase_d/overlap_manifest.json`, by dose folder and view; what could not be made is absent. */
export const overlapManifestSchema = z.record(
  z.string().regex(/^dose_\d+$/),
  z.strictObject({
    dose: z.number().positive(),
    views: z.record(
      z.string(),
      z.strictObject({
        train: z.string().optional(),
        test: z.string().optional(),
        train_metrics: z.string().optional(),
        test_metrics: z.string().optional(),
        metrics_bundle: z.string().optional(),
      }),
    ),
  }),
);

const spacingMetrics = z.strictObject({
  min_spacing: z.number().nullable(),
  max_spacing: z.number().nullable(),
  mean_spacing: z.number().nullable(),
  median_spacing: z.number().nullable(),
  threshold: z.number().positive().describe("pixels"),
  n_positions: count,
  n_accepted: count,
  n_rejected: count,
  acceptance_rate: share,
});

const overlapMetrics = z.strictObject({
  metrics_version: z.literal("1.0"),
  gridsize: z.union([z.literal(1), z.literal(2)]),
  s_img: share,
  n_groups: count,
  neighbor_count: count,
  probe_diameter_px: z.number().positive(),
  rng_seed_subsample: count,
  metric_1_group_based_avg: share.nullable().optional().describe("gridsize 2 only"),
  metric_2_image_based_avg: share.nullable(),
  metric_3_group_to_group_avg: share.nullable(),
  n_images_total: count,
  n_images_subsampled: count,
  n_unique_images: count,
  n_groups_actual: count,
  geometry_acceptance_bound: z.number().nullable(),
  effective_min_acceptance: z.number().nullable(),
});

/** `<view>/<split>_metrics.json`: by spacing (rule v1) or by overlap (rule v2). */
export const viewMetricsSchema = z.union([overlapMetrics, spacingMetrics]);

/** `<view>/metrics_bundle.json`; a split that could not be made is absent. */
export const metricsBundleSchema = z.strictObject({
  train: viewMetricsSchema.optional(),
  test: viewMetricsSchema.optional(),
});

/** Schemas by the name of their file in schemas/. */
export const generatedSchemas: Readonly<Record<string, z.ZodType>> = {
  "run_manifest.schema.json": runManifestSchema,
  "overlap_manifest.schema.json": overlapManifestSchema,
  "view_metrics.schema.json": viewMetricsSchema,
  "metrics_bundle.schema.json": metricsBundleSchema,
};
