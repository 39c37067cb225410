// `ptycho study status`: what an artifact root holds, from receipts, checkpoints and the lock alone.

import { join } from "node:path";
import { InputError, OptionsError } from "../../errors.ts";
import { reconstructionManifestSchema, skipSummarySchema } from "../../jobs/artifact-schemas.ts";
import { doseFolder, formatFloat } from "../../jobs/design.ts";
import { listCheckpoints } from "../checkpoint-files.ts";
import type { Command } from "../command.ts";
import { stampFile } from "../file-hash.ts";
import { type CommandFlag, describeCommandFlags, parseLine } from "../flags.ts";
import { findLockHolder } from "../folder-lock.ts";
import { readJsonFile } from "../json-file.ts";
import { formatJson } from "../json-text.ts";
import { readReceipt } from "../run-receipt.ts";
import { RECORD_NAMES } from "./call-records.ts";
import { CELL_NAMES } from "./cell-files.ts";

const USAGE = "ptycho study status --artifact-root DIR";
const LARGEST_MANIFEST_BYTES = 2 ** 28;

const commandFlags = {
  "artifact-root": { kind: "value", value: "DIR", help: "folder with the results (needed)" },
  json: { kind: "switch", help: "one JSON object on standard output" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

interface CellStatus {
  readonly dose: number;
  readonly view: string;
  readonly split: string;
  /** filtered, missing: of cells that the newest call left out and that have no result. */
  readonly state: "finished" | "unfinished" | "failed" | "waiting" | "filtered" | "missing";
  /** Finished epochs, of a result or a checkpoint; null without either. */
  readonly epochs: number | null;
  /** Null for cells that the newest call left out, without a result. */
  readonly epochCount: number | null;
  readonly loss: number | null;
  readonly seconds: number | null;
  readonly returncode: number | null;
  readonly output_dir: string;
}

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
    const results = new Map(manifest.execution_results.map((result) => [placeOf(result), result.returncode]));
    const cells: CellStatus[] = [];
    for (const job of manifest.jobs) cells.push(await describeJob(job, results.get(placeOf(job)) ?? null));
    for (const cell of await readSkipped(root)) cells.push(await describeSkipped(cell, root));
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

/** Cells that the newest call left out; none where its skip summary cannot be read. */
async function readSkipped(root: string) {
  const json = await readJsonFile(join(root, RECORD_NAMES.skipped), LARGEST_MANIFEST_BYTES).catch(() => null);
  const parsed = skipSummarySchema.safeParse(json);
  return parsed.success ? parsed.data.skipped_jobs : [];
}

/** A cell that the newest call left out: it may have a result or a checkpoint of an earlier one. */
async function describeSkipped(
  { dose, view, split, reason }: { dose: number; view: string; split: string; reason: string },
  root: string,
): Promise<CellStatus> {
  const output_dir = join(root, doseFolder(dose), view, split);
  const receipt = await readReceipt(join(output_dir, CELL_NAMES.record));
  const job = { dose, view, split, output_dir, num_epochs: receipt?.epochs ?? null };
  const cell = await describeJob(job, null);
  if (cell.state !== "waiting") return cell;
  return { ...cell, state: / filter \(requested: /.test(reason) ? "filtered" : "missing" };
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

async function describeJob(
  job: { dose: number; view: string; split: string; output_dir: string; num_epochs: number | null },
  returncode: number | null,
): Promise<CellStatus> {
  const { dose, view, split, output_dir, num_epochs: epochCount } = job;
  const receipt = await readReceipt(join(output_dir, CELL_NAMES.record));
  const place = { dose, view, split, epochCount, returncode, output_dir };
  if (receipt?.status === "complete" && receipt.epochs === epochCount) {
    const { epochsCompleted, loss, seconds } = receipt.record;
    const last = loss.at(-1);
    const facts = { epochs: epochsCompleted, loss: typeof last === "number" ? last : null };
    return { ...place, ...facts, state: "finished", seconds: seconds.reconstruct };
  }
  const [newest] = await listCheckpoints(output_dir);
  const epochs = newest === undefined ? null : Number(/\d+/.exec(newest)![0]);
  const failed = returncode !== null && returncode !== 0;
  const state = failed ? "failed" : epochs === null ? "waiting" : "unfinished";
  return { ...place, state, epochs, loss: null, seconds: null };
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
  ]);
  const all = [["dose", "view", "split", "state", "epochs", "loss", "seconds"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) => `  ${row.map((text, column) => text.padEnd(widths[column]!)).join("  ")}`.trimEnd());
  const count = (state: CellStatus["state"]) => cells.filter((cell) => cell.state === state).length;
  const others = (["unfinished", "failed", "waiting", "filtered", "missing"] as const).map(
    (state) => `${count(state)} ${state}`,
  );
  const sum = [`${count("finished")} of ${cells.length} finished`, ...others].join(", ");
  return `Run ${runId}; ${now}\n\n${lines.join("\n")}\n\n${sum}\n`;
}

function placeOf({ dose, view, split }: { dose: number; view: string; split: string }): string {
  return `${dose}/${view}/${split}`;
}
