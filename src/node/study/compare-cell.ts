// One cell of the study against its truth: what `study run` puts into its summary and `study compare` into its files.

import { COMPARE_DEFAULTS, type CompareOptions } from "../../compare/compare-objects.ts";
import type { MetricRow } from "../../compare/comparison-rows.ts";
import { compareFiles, type FileComparison } from "../compare-files.ts";

/** The slot in which the study's reporter looks for iterative reconstructions. */
export const STUDY_MODEL = "PtyChi";

/** A cell's comparison. */
export interface CellComparison extends FileComparison {
  /** Rows of comparison_metrics.csv. */
  readonly metrics: readonly MetricRow[];
  /** Why the result was not scored; null when it was. All figures are null then. */
  readonly refused: string | null;
  readonly notes: readonly string[];
}

export interface CellCompareOptions extends Partial<CompareOptions> {
  /** Name in the tables [PtyChi]. */
  readonly model?: string;
  /** Member with the truth [truth_object, else objectGuess]. */
  readonly truthKey?: string;
}

/**
 * Compares the result at `resultPath` (a file or a folder that holds one) with the truth in `truthPath`, the cell's input
 * or the Phase C file that it was cut from. Throws InputError when a file is missing or cannot be compared.
 */
export async function compareStudyCell(
  resultPath: string,
  truthPath: string,
  { model = STUDY_MODEL, truthKey, ...options }: CellCompareOptions = {},
): Promise<CellComparison> {
  const comparison = await compareFiles([{ path: resultPath, model }], truthPath, truthKey ?? null, {
    ...COMPARE_DEFAULTS,
    ...options,
  });
  return {
    ...comparison,
    metrics: comparison.rows,
    refused: comparison.compared.results[0]!.refused?.reason ?? null,
    notes: comparison.record.notes,
  };
}
