// Scores of a finished cell against the truth in its input, kept beside the result, so that tables need no second look.

import { join } from "node:path";
import { PtychoError } from "../../errors.ts";
import { type CellScoresRecord, cellScoresSchema } from "../../jobs/artifact-schemas.ts";
import { formatJson } from "../../results/json-text.ts";
import { fromPieces, writeFileAtomic } from "../atomic-write.ts";
import { readJsonFile } from "../json-file.ts";
import type { Receipt } from "../run-receipt.ts";
import { compareStudyCell } from "./compare-cell.ts";
import type { CellScores } from "./summary.ts";

export const SCORES_NAME = "metrics.json";
const LARGEST_BYTES = 2 ** 20;

const unknownScores: CellScores = { phaseMsSsim: null, phaseMae: null };

/**
 * The scores of a result: read when they belong to it, else computed and written. Unknown where the input has no truth to
 * compare with. Throws OutputError.
 */
export async function scoreCell(folder: string, inputNpz: string, receipt: Receipt): Promise<CellScores> {
  const known = await readScores(folder, receipt);
  if (known) return known;
  const record = await compare(folder, inputNpz, receipt.key);
  const text = `${formatJson(record).text}\n`;
  await writeFileAtomic({ path: join(folder, SCORES_NAME), produce: fromPieces([text]) }, { overwrite: true });
  return pick(record);
}

/** The scores beside a result; null when there are none of it. */
async function readScores(folder: string, receipt: Receipt): Promise<CellScores | null> {
  const json = await readJsonFile(join(folder, SCORES_NAME), LARGEST_BYTES).catch(() => null);
  const parsed = cellScoresSchema.safeParse(json);
  return parsed.success && parsed.data.key === receipt.key ? pick(parsed.data) : null;
}

async function compare(folder: string, inputNpz: string, key: string): Promise<CellScoresRecord> {
  const head = { schema_version: "1.0", key, truth: inputNpz } as const;
  try {
    const { metrics, refused } = await compareStudyCell(folder, inputNpz);
    const rows = metrics.map(({ model, metric, amplitude, phase, value }) => ({
      model,
      metric,
      amplitude,
      phase,
      value,
    }));
    return { ...head, refused, metrics: rows };
  } catch (error) {
    if (!(error instanceof PtychoError)) throw error;
    return { ...head, refused: error.message, metrics: [] };
  }
}

function pick({ metrics }: CellScoresRecord): CellScores {
  const phaseOf = (name: string) => metrics.find(({ metric }) => metric === name)?.phase ?? null;
  return metrics.length === 0 ? unknownScores : { phaseMsSsim: phaseOf("ms_ssim"), phaseMae: phaseOf("mae") };
}
