// What a call leaves in the artifact root: its records under runs/<run-id>/, the newest ones at the top, and the index.

import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { buildReconstructionManifest, buildSkipSummary, type ManifestFacts } from "../../jobs/artifact-records.ts";
import { type StudyIndex, studyIndexSchema } from "../../jobs/artifact-schemas.ts";
import type { JobPlan } from "../../jobs/build-jobs.ts";
import { formatJson } from "../../results/json-text.ts";
import { fromPieces, type StagedFile, stageFile, writeFileAtomic } from "../atomic-write.ts";
import { commitStaged, discardStaged } from "../commit-files.ts";
import { stampFile } from "../file-hash.ts";
import { readJsonFile } from "../json-file.ts";
import { removeLeftovers } from "../leftovers.ts";
import { asOutputError } from "../output-checks.ts";
import { putAside } from "../run-receipt.ts";

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

/** Older calls leave the index; their folders stay. */
export const MOST_CALLS = 10_000;
/** Every call looks at so many earlier ones for what a killed one left. */
const LOOK_BACK = 16;

/**
 * Makes the folder of a call's records, and clears away what a call that was killed left half-written beside the newest
 * ones; the lock is ours, so that one which the index has as running was killed. An index that cannot be read is kept as
 * index.json.damaged. Throws OutputError.
 */
export async function prepareCallRecords(root: string, runId: string): Promise<void> {
  const folder = join(root, "runs", runId);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw asOutputError(error, folder);
  });
  const others = (await readdir(join(root, "runs"), { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const newest = others
    .map(({ name }) => name)
    .sort()
    .slice(-LOOK_BACK);
  for (const place of [root, ...newest.map((name) => join(root, "runs", name))]) await removeLeftovers(place);
  const index = await readIndex(root);
  if (index === null) await putAside(root, [RECORD_NAMES.index]);
  else if (index.runs.some(({ status }) => status === "running")) {
    const runs = index.runs.map((run) => (run.status === "running" ? { ...run, status: "killed" as const } : run));
    const text = formatRecordText({ ...index, runs });
    await writeFileAtomic({ path: join(root, RECORD_NAMES.index), produce: fromPieces([text]) }, { overwrite: true });
  }
}

/**
 * Writes all records of a call, replacing those of its earlier states: first all of them beside their places, so that a full
 * disk changes nothing. Throws OutputError.
 */
export async function writeCallRecords(root: string, { plan, facts, status, summary }: CallRecord): Promise<void> {
  const texts: [name: string, text: string][] = [
    [RECORD_NAMES.summary, summary],
    [RECORD_NAMES.skipped, formatRecordText(buildSkipSummary(plan, facts))],
    [RECORD_NAMES.manifest, formatRecordText(buildReconstructionManifest(plan, facts))],
  ];
  const index = updateIndex((await readIndex(root)) ?? NO_RUNS, { plan, facts, status });
  const files = [
    ...texts.map(([name, text]) => ({ path: join(root, "runs", facts.runId, name), text })),
    ...texts.map(([name, text]) => ({ path: join(root, name), text })),
    { path: join(root, RECORD_NAMES.index), text: formatRecordText(index) },
  ];
  const staged: StagedFile[] = [];
  try {
    for (const { path, text } of files) {
      staged.push(await stageFile({ path, produce: fromPieces([text]) }, { overwrite: true }));
    }
    // one by one: each is replaced in one step, so that there is a whole one at any instant
    for (const file of staged) await commitStaged([file], { overwrite: true });
  } catch (error) {
    await discardStaged(staged);
    throw error;
  }
}

const NO_RUNS: StudyIndex = { schema_version: "1.0", runs: [] };

/** The index of a root; an empty one where there is none, null when it cannot be read. */
async function readIndex(root: string): Promise<StudyIndex | null> {
  const path = join(root, RECORD_NAMES.index);
  if ((await stampFile(path)) === null) return NO_RUNS;
  const parsed = studyIndexSchema.safeParse(await readJsonFile(path, LARGEST_INDEX_BYTES).catch(() => null));
  return parsed.success ? parsed.data : null;
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
  return { schema_version: "1.0", runs: [...others, entry].slice(-MOST_CALLS) };
}

function formatRecordText(value: unknown): string {
  return `${formatJson(value).text}\n`;
}
