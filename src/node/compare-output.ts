// The files of a comparison: comparison_metrics.csv, comparison.json, comparison.png.

import { join } from "node:path";
import { formatMetricCsv } from "../compare/comparison-rows.ts";
import { renderComparison } from "../pictures/render-comparison.ts";
import { formatJson } from "../results/json-text.ts";
import { fromPieces, type StagedFile, stageFile } from "./atomic-write.ts";
import { commitStaged, discardStaged } from "./commit-files.ts";
import type { FileComparison } from "./compare-files.ts";
import { nodeFileSystem } from "./file-system.ts";

/** Names of a comparison's files. */
export const COMPARISON_NAMES = ["comparison_metrics.csv", "comparison.png", "comparison.json"] as const;

/**
 * Writes the files of a comparison into an existing folder, staged first, comparison.json last; gives their paths. There
 * is no picture when no result was scored. Throws OutputError (exit 74) and then leaves nothing half-written.
 */
export async function writeComparison(
  folder: string,
  comparison: FileComparison,
  options: { readonly overwrite: boolean; readonly title?: string },
): Promise<readonly string[]> {
  const { compared, models, record, rows } = comparison;
  const picture = renderComparison(compared, { models, ...(options.title ? { title: options.title } : {}) });
  const contents: readonly (readonly [string, string | Uint8Array | null])[] = [
    [COMPARISON_NAMES[0], formatMetricCsv(rows)],
    [COMPARISON_NAMES[1], picture],
    [COMPARISON_NAMES[2], `${formatJson(record).text}\n`],
  ];
  const staged: StagedFile[] = [];
  try {
    for (const [name, content] of contents) {
      if (content === null) continue;
      staged.push(await stageFile({ path: join(folder, name), produce: fromPieces([content]) }, options));
    }
    await commitStaged(staged, options);
    // a picture of an earlier result would contradict the figures
    if (picture === null && options.overwrite) await nodeFileSystem.removeFile(join(folder, COMPARISON_NAMES[1]));
    return staged.map(({ path }) => path);
  } catch (error) {
    await discardStaged(staged);
    throw error;
  }
}
