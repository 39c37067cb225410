// npm run bench:compare: pty-chi and ours in turn on the same scan, with the same minibatches and options; ratios only
// where the results agree.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { AdapterFacts } from "../src/index.ts";
import { formatAdapterLine } from "../src/node/index.ts";
import { compareImage } from "./compare-image.ts";
import { compareRow, type LsqmlResult, type RunChoices } from "./compare-lsqml.ts";
import {
  findResults,
  isMeasured,
  nameResults,
  type ResultsFile,
  type RowRecord,
  readResults,
  type Surroundings,
  writeResults,
} from "./compare-results.ts";
import { BATCH_SIZE, type CompareRow, chooseRows, isDefaultRow, listRows, quickRow } from "./compare-rows.ts";
import { type PreparedScan, writeScan } from "./compare-scan.ts";
import { Side, type SideChoices, type VariantName, variantTitles } from "./compare-sides.ts";
import { formatResults } from "./compare-table.ts";
import { measureHostCost } from "./host-cost.ts";
import { BUSY_LIMIT, measureBusyShare } from "./machine-load.ts";
import { choosePython, requirePtychi } from "./python.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { describeMachine, projectFolder } from "./save-results.ts";

const USAGE = `usage: npm run bench:compare -- [--quick] [--rows H1,n64,...] [--repeats N] [--resume] [--json]
         [--device auto|gpu|software] [--adapter NAME] [--driver NAME] [--python FILE] [--variants default,best,double]
         [--output FOLDER] [--patterns N] [--image-epochs 100] [--skip-first-results] [--list]
Runs pty-chi (npm run bench:setup) and ours in turn, checks that they agree, and prints how long each took: minutes on a
GPU, an hour on a processor; --quick about two minutes. Ends with 1 when a row's results differ: then it has no ratio.
  --rows       rows by target (H1), name or start of a name (n64, n128-m4); --list names them
  --repeats    turns [7; 3 on a processor]
  --resume     keeps the rows that FOLDER's newest file of this device has from the same commit
  --skip-first-results
               does not time process starts
  --output     where JSON and Markdown go [bench/results; --quick: nowhere]
  --variants   configurations of pty-chi:
${Object.entries(variantTitles)
  .map(([name, title]) => `                 ${name.padEnd(8)} ${title}`)
  .join("\n")}`;

endWithMessage();
const values = readFlags(USAGE, {
  quick: { type: "boolean", default: false },
  rows: { type: "string" },
  repeats: { type: "string" },
  resume: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  device: { type: "string", default: "auto" },
  adapter: { type: "string" },
  driver: { type: "string" },
  python: { type: "string" },
  variants: { type: "string", default: "default,best,double" },
  output: { type: "string" },
  patterns: { type: "string" },
  "image-epochs": { type: "string", default: "100" },
  "skip-first-results": { type: "boolean", default: false },
});
const variants = values.variants.split(",") as VariantName[];
for (const name of variants)
  if (!Object.hasOwn(variantTitles, name))
    usageError(`--variants: ${Object.keys(variantTitles).join(", ")}; got ${name}`);
if (!variants.includes("default")) usageError("--variants: default has to be among them");
const python = choosePython(values.python);
const facts = requirePtychi(python);
const { adapter, device, driver } = values;
const choice = { device, adapter: adapter ?? null, driver: driver ?? null };
const surroundings = await lookAround();
const software = surroundings.adapter.kind === "software";
const rows = pickRows();
if (values.list) {
  for (const { id, targets } of rows) console.log(`${id.padEnd(24)} ${targets.join(" ")}`);
  process.exit(0);
}
const repeats = numberOf("repeats", software ? 3 : 7);
const { commit, dirty } = describeMachine();
const code = { commit, dirty };
const folder = await mkdtemp(join(tmpdir(), "ptycho-compare-"));
say(`ours     ${surroundings.adapterLine}`);
say(`pty-chi  ${surroundings.referenceGpu ?? `the processor, ${surroundings.machine.cores} threads`}, ${python}`);
say(
  `versions ${Object.entries(surroundings.machine.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")}`,
);
say(`rows     ${rows.map(({ id }) => id).join(" ")}; ${repeats} turns each`);
if (software !== (surroundings.referenceGpu === null))
  say("the two do not compute on the same kind of hardware: PyTorch finds no GPU here, or only PyTorch finds one");

let failed = 0;
try {
  failed = await measureRows();
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);

function say(line: string): void {
  if (!values.json) console.log(line);
}

function usageError(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function numberOf(name: "repeats" | "patterns" | "image-epochs", fallback: number): number {
  const value = values[name] === undefined ? fallback : Number(values[name]);
  if (!Number.isInteger(value) || value < 1) usageError(`--${name}: a whole number above 0`);
  return value;
}

/** Adapter and versions, from the workers themselves. */
async function lookAround(): Promise<Surroundings> {
  const sides = { python, ...choice, referenceDevice: "cpu" } as const satisfies SideChoices;
  const [ours, theirs] = [new Side(null, sides), new Side("default", sides)];
  try {
    await ours.ready();
    const found = (await ours.worker.call("adapter", { job: choice })).adapter as AdapterFacts;
    const reference = await theirs.ready();
    const {
      commit: _,
      dirty: __,
      date: ___,
      ...machine
    } = describeMachine(reference.versions as Record<string, string>);
    // driver files in somebody's home are nobody else's business
    const driver = found.driver?.replaceAll(homedir(), "~") ?? null;
    return {
      adapter: { ...found, driver },
      adapterLine: formatAdapterLine({ ...found, driver }),
      machine,
      referenceGpu: found.kind === "hardware" ? facts.gpu : null,
      doublePrecisionFftByDefault: reference.doublePrecisionFftByDefault as boolean,
    };
  } finally {
    await Promise.all([ours.close(), theirs.close()]);
  }
}

function pickRows(): readonly CompareRow[] {
  const all = listRows(software);
  const fewer = (row: CompareRow) => (values.patterns ? { ...row, patterns: numberOf("patterns", 0) } : row);
  if (values.quick) return [fewer(quickRow)];
  if (values.list) return all;
  if (values.rows === undefined) return all.filter((row) => isDefaultRow(row, software)).map(fewer);
  try {
    return chooseRows(all, values.rows.split(",")).map(fewer);
  } catch (error) {
    return usageError((error as Error).message);
  }
}

/** Number of rows that broke off or whose results differ; the others are measured all the same. */
async function measureRows(): Promise<number> {
  const output = values.output ?? (values.quick ? null : join(projectFolder(), "bench/results"));
  const name = nameResults(surroundings.adapter, new Date().toISOString().slice(0, 10));
  let path = output === null ? null : join(resolve(output), `${name}.json`);
  let results: ResultsFile = { version: 1, surroundings, rows: {} };
  if (path !== null && output !== null) {
    await mkdir(resolve(output), { recursive: true });
    const earlier = values.resume ? await findResults(resolve(output), name) : null;
    if (earlier !== null) {
      path = earlier;
      results = { ...results, rows: (await readResults(earlier)).rows };
    }
  }
  const measured: Record<string, RowRecord> = {};
  let broken = 0;
  let scan: PreparedScan | null = null;
  for (const row of rows) {
    if (values.resume && isMeasured(results.rows[row.id], row, repeats, code)) {
      say(`\n${row.id}: there already`);
      measured[row.id] = results.rows[row.id]!;
      continue;
    }
    say(`\n${row.id}`);
    const begin = performance.now();
    if (row.kind !== "host") {
      const same = scan?.size === row.size && scan.modes === row.modes && scan.patterns === row.patterns;
      if (!same) scan = await writeScan(folder, row);
    }
    const busyBefore = await measureBusyShare();
    warnIfBusy(busyBefore);
    let result: RowRecord["result"];
    try {
      result = await measure(row, scan);
    } catch (error) {
      if (rows.length === 1) throw error;
      console.error(`${row.id}: ${(error as Error).message}`);
      broken += 1;
      continue;
    }
    const busyAfter = await measureBusyShare();
    warnIfBusy(busyAfter);
    const record: RowRecord = {
      row,
      ...code,
      measuredAt: new Date().toISOString(),
      repeats,
      busyShare: [busyBefore, busyAfter],
      result,
      seconds: (performance.now() - begin) / 1000,
    };
    measured[row.id] = record;
    results = { ...results, rows: { ...results.rows, [row.id]: record } };
    if (path !== null) await writeResults(path, results);
    say(`   ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  }
  const shown = { ...results, rows: measured };
  if (values.json) console.log(JSON.stringify(shown));
  else console.log(`\n${formatResults(shown)}`);
  if (path !== null) say(`written: ${path} and .md`);
  return broken + Object.values(measured).filter(({ result }) => "passed" in result && !result.passed).length;
}

function warnIfBusy(share: number | null): void {
  if (share !== null && share > BUSY_LIMIT)
    say(`   other work uses ${(100 * share).toFixed(0)} % of the processor: PyTorch's threads suffer most from that`);
}

async function measure(row: CompareRow, scan: PreparedScan | null): Promise<RowRecord["result"]> {
  if (row.kind === "host") return await measureHostCost(row, choice, Math.max(repeats, 7));
  const choices: RunChoices = {
    python,
    ...choice,
    referenceDevice: surroundings.referenceGpu === null ? "cpu" : "cuda",
    folder,
    repeats,
    // an epoch of ours is milliseconds on a GPU: a few together
    epochsPerTurn: software ? 1 : 3,
    steady: true,
    variants,
    batchSizes: software ? [48, 96, 192, 384] : [96, 192, 384, 768],
    firstResults:
      !values["skip-first-results"] && row.kind === "lsqml" && row.batch === BATCH_SIZE && row.noise === "gaussian",
    say,
  };
  if (row.kind === "image") return await compareImage(row, scan!, choices, numberOf("image-epochs", 100));
  const result: LsqmlResult = await compareRow(row, scan!, choices);
  if (!result.passed) console.error(`${row.id}: the results differ, so no ratio is given`);
  return result;
}
