// What a call leaves in the artifact root: its records under runs/<run-id>/, the newest ones at the top, and the index.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { buildReconstructionManifest, buildSkipSummary, type ManifestFacts } from "../../jobs/artifact-records.ts";
import { type StudyIndex, studyIndexSchema } from "../../jobs/artifact-schemas.ts";
import type { JobPlan } from "../../jobs/build-jobs.ts";
import { fromPieces, type StagedFile, stageFile } from "../atomic-write.ts";
import { commitStaged, discardStaged } from "../commit-files.ts";
import { stampFile } from "../file-hash.ts";
import { readJsonFile } from "../json-file.ts";
import { formatJson } from "../json-text.ts";
import { asOutputError } from "../output-checks.ts";

export const RECORD_NAMES = {
  manifest: "reconstruction_manifest.json",
  skipped: "skip_summary.json",
  summary: "summary.md",
  index: "index.json",
} as const;

const LARGEST_INDEX_BYTES = 2 ** 26;

/** What is written about a call. */
export interface CallRecord {
  readonly plan: JobPlan;
  readonly facts: ManifestFacts;
  readonly status: StudyIndex["runs"][number]["status"];
  readonly summary: string;
}

/**
 * Writes all records of a call, replacing those of its earlier states, together. Throws OutputError (74).
 */
export async function writeCallRecords(root: string, { plan, facts, status, summary }: CallRecord): Promise<void> {
  const folder = join(root, "runs", facts.runId);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw asOutputError(error, folder);
  });
  const json = (value: unknown) => `${formatJson(value).text}\n`;
  const texts: [name: string, text: string][] = [
    [RECORD_NAMES.summary, summary],
    [RECORD_NAMES.skipped, json(buildSkipSummary(plan, facts))],
    [RECORD_NAMES.manifest, json(buildReconstructionManifest(plan, facts))],
  ];
  const index = updateIndex(await readIndex(root), { plan, facts, status });
  const files = [
    ...texts.map(([name, text]) => ({ path: join(folder, name), text })),
    ...texts.map(([name, text]) => ({ path: join(root, name), text })),
    { path: join(root, RECORD_NAMES.index), text: json(index) },
  ];
  const staged: StagedFile[] = [];
  try {
    for (const { path, text } of files) {
      staged.push(await stageFile({ path, produce: fromPieces([text]) }, { overwrite: true }));
    }
    await commitStaged(staged, { overwrite: true });
  } catch (error) {
    await discardStaged(staged);
    throw error;
  }
}

/** The index of a root; an empty one where there is none. Throws OptionsError when the file is something else. */
export async function readIndex(root: string): Promise<StudyIndex> {
  const path = join(root, RECORD_NAMES.index);
  if ((await stampFile(path)) === null) return { schema_version: "1.0", runs: [] };
  const parsed = studyIndexSchema.safeParse(await readJsonFile(path, LARGEST_INDEX_BYTES).catch(() => null));
  // an index that cannot be read is begun anew: the runs are still in their folders
  return parsed.success ? parsed.data : { schema_version: "1.0", runs: [] };
}

function updateIndex(index: StudyIndex, { plan, facts, status }: Omit<CallRecord, "summary">): StudyIndex {
  const codes = facts.executionResults.map(({ returncode }) => returncode);
  const succeeded = facts.dryRun ? 0 : codes.filter((code) => code === 0).length;
  const unfinished = facts.dryRun ? 0 : codes.filter((code) => code === null || code === 75).length;
  const entry: StudyIndex["runs"][number] = {
    run_id: facts.runId,
    timestamp: facts.timestamp,
    dry_run: facts.dryRun,
    preset: facts.preset,
    status,
    selected: plan.totals.selected,
    succeeded,
    failed: facts.dryRun ? codes.filter((code) => code !== 0).length : codes.length - succeeded - unfinished,
    unfinished,
    missing: plan.totals.missing,
    folder: `runs/${facts.runId}`,
  };
  const others = index.runs.filter((run) => run.run_id !== facts.runId);
  return { schema_version: "1.0", runs: [...others, entry] };
}
