// npm run bench:load: reading scans from NPZ files, stored and deflated, against numpy.load on the same files, in turn.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNpz, parseOptions, readDataset } from "../src/index.ts";
import { fileAccess, nodeReaderTools } from "../src/node/index.ts";
import { JsonLineWorker } from "./json-lines.ts";
import { type LikeMeasured, makeScanFiles } from "./measured-like-scan.ts";
import { findPython, pythonScript } from "./python.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { describeMachine, saveResults } from "./save-results.ts";
import { pairRatios, type Spread, spread } from "./statistics.ts";
import { type Column, formatMarkdown, formatTable, significant } from "./text-table.ts";

const USAGE = `usage: npm run bench:load -- [--json] [--save] [--size 128] [--patterns 1000] [--sample-types float32,uint16]
                             [--rounds 5] [--python FILE] [--no-numpy]
Reads a scan of simulated counts from an NPZ file, stored and deflated: all its arrays, as numpy.load does, and the whole
way to a checked data set with its patterns in memory, hash and statistics included. Files come from the system's cache.
The interpreter is that of npm run bench:setup, unless --python names another. --save writes bench/results/load.json and
.md.`;
const NOTES = [
  "arrays: every member of the file as an array, checksums compared, as numpy.load with every member read",
  "data set: what a reconstruction does: contract checked, file hashed, patterns measured, then all read into memory",
  "MB/s: of the arrays' bytes; times numpy: numpy's time over ours in the same round, above 1 is faster than numpy",
];

endWithMessage();
const values = readFlags(USAGE, {
  size: { type: "string", default: "128" },
  patterns: { type: "string", default: "1000" },
  "sample-types": { type: "string", default: "float32,uint16" },
  rounds: { type: "string", default: "5" },
  python: { type: "string" },
  "no-numpy": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  save: { type: "boolean", default: false },
});

interface LoadRow {
  readonly sampleType: string;
  readonly storage: "stored" | "deflated";
  readonly fileBytes: number;
  readonly arrayBytes: number;
  readonly arraysSeconds: Spread;
  readonly datasetSeconds: Spread;
  readonly numpySeconds: Spread | null;
  /** numpy's time over ours, round by round. */
  readonly arraysRatio: Spread | null;
  readonly datasetRatio: Spread | null;
}

const folder = await mkdtemp(join(tmpdir(), "ptycho-load-"));
const python = values["no-numpy"] ? null : findPython(values.python);
const worker = python ? new JsonLineWorker("Python", python, [pythonScript("speed_worker.py")]) : null;
const facing: { numpy: string | null } = { numpy: null };
try {
  if (!worker) say("without numpy: no interpreter (npm run bench:setup, or --python FILE)");
  const rows: LoadRow[] = [];
  for (const sampleType of values["sample-types"].split(",") as LikeMeasured["sampleType"][]) {
    const files = makeScanFiles({ count: Number(values.patterns), size: Number(values.size), sampleType });
    for (const storage of ["stored", "deflated"] as const) {
      const path = join(folder, `${storage}.npz`);
      await writeFile(path, files[storage]);
      rows.push(await timeFile(path, files[storage].length, sampleType, storage));
      await rm(path);
    }
  }
  const notes = [...NOTES, facing.numpy ? `numpy ${facing.numpy}` : "numpy was not there"];
  for (const line of [...notes, "", ...formatTable(columns(), rows)]) say(line);
  const options = { size: Number(values.size), patterns: Number(values.patterns), rounds: Number(values.rounds) };
  const versions = { numpy: facing.numpy };
  if (values.json) console.log(JSON.stringify({ machine: describeMachine(versions), options, results: rows }));
  if (values.save) {
    const markdown = [...notes.map((note) => `- ${note}`), "", ...formatMarkdown(columns(), rows)];
    const given = { benchmark: "load", adapter: null, options, results: rows, markdown, versions };
    const written = await saveResults(given);
    if (!values.json) console.log(`written: ${written.join(", ")}`);
  }
} finally {
  await worker?.close();
  await rm(folder, { recursive: true, force: true });
}
process.exit(0);

function say(line: string): void {
  if (!values.json) console.log(line);
}

async function timeFile(
  path: string,
  fileBytes: number,
  sampleType: LikeMeasured["sampleType"],
  storage: LoadRow["storage"],
): Promise<LoadRow> {
  const [arrays, dataset, numpy]: [number[], number[], number[]] = [[], [], []];
  const found = await readArrays(path);
  const sums = sumMembers(found);
  const arrayBytes = [...found.values()].reduce((total, { data }) => total + data.byteLength, 0);
  for (let round = -1; round < Number(values.rounds); round++) {
    const turn = [await time(() => readArrays(path)), await time(() => readScan(path, sampleType))] as const;
    const answer = worker ? await worker.call("load", { path }) : null;
    if (answer) {
      facing.numpy = String(answer.numpy);
      assertEqualSums(sums, answer.sums as Record<string, number>);
    }
    if (round < 0) continue; // warms up
    arrays.push(turn[0]);
    dataset.push(turn[1]);
    if (answer) numpy.push(Number(answer.seconds));
  }
  return {
    sampleType,
    storage,
    fileBytes,
    arrayBytes,
    arraysSeconds: spread(arrays),
    datasetSeconds: spread(dataset),
    numpySeconds: worker ? spread(numpy) : null,
    arraysRatio: worker ? spread(pairRatios(numpy, arrays)) : null,
    datasetRatio: worker ? spread(pairRatios(numpy, dataset)) : null,
  };
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

type NumericArray = Awaited<ReturnType<Awaited<ReturnType<typeof openNpz>>["readNumeric"]>>;

async function readArrays(path: string): Promise<Map<string, NumericArray>> {
  const access = await fileAccess(path);
  try {
    const npz = await openNpz(access, { codecs: nodeReaderTools().codecs });
    const arrays = new Map<string, NumericArray>();
    for (const name of npz.names) arrays.set(name, await npz.readNumeric(name));
    return arrays;
  } finally {
    await access.close();
  }
}

async function readScan(path: string, sampleType: LikeMeasured["sampleType"]): Promise<Uint8Array> {
  const { data } = parseOptions({ data: { quantity: sampleType === "uint16" ? "intensity" : "amplitude" } });
  const { patterns } = await readDataset(await fileAccess(path), data, nodeReaderTools());
  try {
    const all = new Uint8Array(patterns.count * patterns.patternBytes);
    const indices = Array.from({ length: patterns.count }, (_, index) => index);
    await patterns.read(indices, all);
    return all;
  } finally {
    await patterns.close();
  }
}

/** Sum of the moduli of every member's numbers. */
function sumMembers(arrays: ReadonlyMap<string, NumericArray>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, { dtype, data }] of arrays) {
    let sum = 0;
    const step = dtype.startsWith("complex") ? 2 : 1;
    for (let index = 0; index < data.length; index += step)
      sum += step === 2 ? Math.hypot(Number(data[index]), Number(data[index + 1])) : Math.abs(Number(data[index]));
    sums[name] = sum;
  }
  return sums;
}

function assertEqualSums(ours: Readonly<Record<string, number>>, theirs: Readonly<Record<string, number>>): void {
  for (const name of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const [a, b] = [ours[name] ?? NaN, theirs[name] ?? NaN];
    if (!(Math.abs(a - b) <= 1e-6 * Math.abs(b))) throw new Error(`member ${name} sums to ${a} here, ${b} with numpy`);
  }
}

function columns(): Column<LoadRow>[] {
  const rate = (bytes: number, seconds: Spread | null) => significant(seconds && bytes / seconds.median / 1e6);
  const range = (ratio: Spread | null) => ratio && `${significant(ratio.min)}, ${significant(ratio.max)}`;
  return [
    { title: "numbers", show: ({ sampleType }) => sampleType },
    { title: "storage", show: ({ storage }) => storage },
    { title: "file MB", show: ({ fileBytes }) => significant(fileBytes / 1e6) },
    { title: "arrays MB", show: ({ arrayBytes }) => significant(arrayBytes / 1e6) },
    { title: "arrays MB/s", show: ({ arrayBytes, arraysSeconds }) => rate(arrayBytes, arraysSeconds) },
    { title: "numpy MB/s", show: ({ arrayBytes, numpySeconds }) => rate(arrayBytes, numpySeconds) },
    { title: "times numpy", show: ({ arraysRatio }) => significant(arraysRatio?.median) },
    { title: "least, most", show: ({ arraysRatio }) => range(arraysRatio) },
    { title: "data set MB/s", show: ({ arrayBytes, datasetSeconds }) => rate(arrayBytes, datasetSeconds) },
    { title: "times numpy", show: ({ datasetRatio }) => significant(datasetRatio?.median) },
    { title: "least, most", show: ({ datasetRatio }) => range(datasetRatio) },
  ];
}
