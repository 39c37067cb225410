// `ptycho study status`: what an artifact root holds, from receipts, checkpoints and the lock alone.

import { join, resolve } from "node:path";
import { InputError, OptionsError } from "../../errors.ts";
import {
  type ReconstructionManifest,
  reconstructionManifestSchema,
  skipSummarySchema,
} from "../../jobs/artifact-schemas.ts";
import { doseFolder, formatFloat } from "../../jobs/design.ts";
import { deriveSeed } from "../../jobs/seeds.ts";
import { formatJson } from "../../results/json-text.ts";
import type { Command } from "../command.ts";
import { stampFile } from "../file-hash.ts";
import { type CommandFlag, describeCommandFlags, parseLine } from "../flags.ts";
import { findLockHolder } from "../folder-lock.ts";
import { readJsonFile } from "../json-file.ts";
import { RECORD_NAMES } from "./call-records.ts";
import { type CellQuestion, type CellStatus, cellStates, readCellStatus } from "./cell-status.ts";
import { loadHashMemory } from "./hash-memory.ts";

const USAGE = "ptycho study status --artifact-root DIR";
const LARGEST_MANIFEST_BYTES = 2 ** 28;

const commandFlags = {
  "artifact-root": { kind: "value", value: "DIR", help: "folder with the results (needed)" },
  json: { kind: "switch", help: "one JSON object on standard output" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const statusCommand: Command = {
  name: "status",
  summary: "show what is finished, under way and left",
  help: () => `Usage: ${USAGE}\n\n${describeCommandFlags(commandFlags)}\n`,
  async run(argv, io) {
    const { positionals, command } = parseLine(argv, [], commandFlags);
    const root = command["artifact-root"];
    if (typeof root !== "string" || positionals.length > 0) {
      throw new OptionsError(
        "CLI_USAGE",
        "an artifact root and nothing else is needed",
        { remedy: `Usage: ${USAGE}` },
        2,
      );
    }
    const manifest = await readManifest(root);
    const holder = await findLockHolder(root);
    const memory = await loadHashMemory(root);
    const cells: CellStatus[] = [];
    for (const question of await listQuestions(manifest, root)) cells.push(await readCellStatus(question, memory));
    sortCells(cells);
    const running = holder === null ? null : { pid: holder.pid, host: holder.host, since: holder.since };
    if (command.json) {
      const { run_id, preset } = manifest;
      io.stdout(`${formatJson({ run_id, preset, running, missing: manifest.missing_jobs, cells }).text}\n`);
      return 0;
    }
    io.stdout(formatStatus(manifest.run_id, running, cells));
    return 0;
  },
};

async function readManifest(root: string) {
  const path = join(root, RECORD_NAMES.manifest);
  if ((await stampFile(path)) === null) {
    const remedy = "Give the artifact root of a call of ptycho study run";
    throw new InputError("INPUT_MISSING", "no call has left its manifest here", { source: path, remedy }, 66);
  }
  const parsed = reconstructionManifestSchema.safeParse(await readJsonFile(path, LARGEST_MANIFEST_BYTES));
  if (parsed.success) return parsed.data;
  const { path: field, message } = parsed.error.issues[0]!;
  throw new OptionsError("MANIFEST_VALUE", message, { source: path, field: field.join(".") });
}

/** Every cell as the newest call has it. Places are below `root`, wherever it was when the call ran. */
async function listQuestions(manifest: ReconstructionManifest, root: string): Promise<CellQuestion[]> {
  const results = new Map(manifest.execution_results.map((result) => [placeOf(result), result.returncode]));
  const folderOf = (dose: number, view: string, split: string) => resolve(root, doseFolder(dose), view, split);
  const { preset, seeds } = manifest;
  const call = { preset, engineVersion: manifest.versions["ptycho-webgpu"] ?? null };
  const jobs = manifest.jobs.map((job): CellQuestion => {
    const { dose, view, split, seed, num_epochs: epochs, input_npz: inputNpz } = job;
    const place = { dose, view, split, folder: folderOf(dose, view, split) };
    return { ...place, ...call, seed, epochs, inputNpz, returncode: results.get(placeOf(job)) ?? null, leftOut: null };
  });
  const others = (await readSkipped(root)).map(({ dose, view, split, reason }): CellQuestion => {
    const place = { dose, view, split, folder: folderOf(dose, view, split) };
    const seed = deriveSeed(seeds.base, dose, view, split);
    const leftOut = / filter \(requested: /.test(reason) ? "filtered" : "missing";
    return { ...place, ...call, seed, epochs: null, inputNpz: null, returncode: null, leftOut };
  });
  return [...jobs, ...others];
}

/** Cells that the newest call left out; none where its skip summary cannot be read. */
async function readSkipped(root: string) {
  const json = await readJsonFile(join(root, RECORD_NAMES.skipped), LARGEST_MANIFEST_BYTES).catch(() => null);
  const parsed = skipSummarySchema.safeParse(json);
  return parsed.success ? parsed.data.skipped_jobs : [];
}

/** In the study's order: dose, split, view, the views as the call has them. */
function sortCells(cells: CellStatus[]): void {
  const views = [...new Set(["baseline", ...cells.map(({ view }) => view)])];
  const splits = ["train", "test"];
  cells.sort(
    (a, b) =>
      a.dose - b.dose ||
      splits.indexOf(a.split) - splits.indexOf(b.split) ||
      views.indexOf(a.view) - views.indexOf(b.view),
  );
}

function formatStatus(
  runId: string,
  running: { pid: number; host: string; since: string } | null,
  cells: readonly CellStatus[],
): string {
  const now = running ? `running: process ${running.pid} on ${running.host} since ${running.since}` : "not running";
  const rows = cells.map((cell) => [
    formatFloat(cell.dose),
    cell.view,
    cell.split,
    cell.state === "failed" ? `failed (${cell.returncode})` : cell.state,
    cell.epochs === null ? "" : [cell.epochs, cell.epochCount].filter((count) => count !== null).join("/"),
    cell.loss === null ? "" : cell.loss.toPrecision(5),
    cell.seconds === null ? "" : cell.seconds.toFixed(1),
    cell.remarks.join("; "),
  ]);
  const all = [["dose", "view", "split", "state", "epochs", "loss", "seconds", "remarks"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column]!)).join("  ")}`.trimEnd());
  const count = (state: CellStatus["state"]) => cells.filter((cell) => cell.state === state).length;
  const others = cellStates.slice(1).map((state) => `${count(state)} ${state}`);
  const sum = [`${count("finished")} of ${cells.length} finished`, ...others].join(", ");
  return `Run ${runId}; ${now}\n\n${lines.join("\n")}\n\n${sum}\n`;
}

function placeOf({ dose, view, split }: { dose: number; view: string; split: string }): string {
  return `${dose}/${view}/${split}`;
}
