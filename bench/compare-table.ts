// Results of `npm run bench:compare` as Markdown.

import type { ImageResult } from "./compare-image.ts";
import type { LsqmlResult, SideResult } from "./compare-lsqml.ts";
import type { ResultsFile, RowRecord, Surroundings } from "./compare-results.ts";
import type { CompareRow, HostRow, ImageRow, LsqmlRow } from "./compare-rows.ts";
import type { HostResult } from "./host-cost.ts";
import { BUSY_LIMIT } from "./machine-load.ts";
import type { Spread } from "./statistics.ts";
import { formatMarkdown } from "./text-table.ts";

type Typed<Row, Result> = Omit<RowRecord, "row" | "result"> & { readonly row: Row; readonly result: Result };

/** The whole file: surroundings, a table per kind of row, terms. */
export function formatResults({ surroundings, rows }: ResultsFile): string {
  const records = Object.values(rows);
  const pick = <Row extends CompareRow, Result>(kind: Row["kind"]) =>
    records.filter(({ row }) => row.kind === kind) as unknown as Typed<Row, Result>[];
  const lsqml = pick<LsqmlRow, LsqmlResult>("lsqml");
  const parts = [
    "# pty-chi and ptycho-webgpu side by side",
    formatSurroundings(surroundings, records),
    formatRatios(lsqml),
    formatSides(lsqml),
    formatStarts(lsqml),
    formatGates(lsqml),
    formatImages(pick<ImageRow, ImageResult>("image")),
    formatHosts(pick<HostRow, HostResult>("host")),
    TERMS,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const TERMS = `## Terms

* median (min - max) over turns taken alternately; a ratio is pty-chi's time over ours in the same turn, median and spread of
  those. Epochs and minibatches are the same on both sides. No ratio is given where the results differ.
* as it comes: PyTorch's loader as pty-chi sets it up, patterns on the host. best: patterns on the GPU where there is one,
  every minibatch gathered by one indexing operation, float32 FFT. double: FFTs in double precision.
* epoch: everything from the start of an epoch to the device being idle. compute: pty-chi's minibatch code alone, without
  loader and ends of epochs, against our whole epoch with resident patterns: a lower bound.
* first result: process start to the end of the first epoch, which only rescales the probe, and of the second, the first to
  update; shader caches empty, then filled by the run before.
* object moved: relative distance between the ends of epochs 0 and 2; below 1e-3 agreement would say nothing.
* host peak: largest resident set of the process. device: what our state allocates; PyTorch's peak on a GPU.`;

function formatSurroundings(found: Surroundings, records: readonly RowRecord[]): string {
  const { machine } = found;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version ?? "unknown"}`);
  const commits = new Set(records.map(({ commit, dirty }) => `${commit ?? "unknown"}${dirty ? " (changed)" : ""}`));
  const days = new Set(records.map(({ measuredAt }) => measuredAt.slice(0, 10)));
  const fft = found.doublePrecisionFftByDefault ? "double precision" : "float32";
  const busy = Math.max(...records.flatMap(({ busyShare }) => busyShare.map((share) => share ?? 0)), 0);
  const busyNote =
    busy > BUSY_LIMIT
      ? [`* **the machine was up to ${(100 * busy).toFixed(0)} % busy with other work: not to be relied on**`]
      : [];
  return [
    ...busyNote,
    `* ours on: ${found.adapterLine}`,
    `* pty-chi on: ${found.referenceGpu ?? `the processor, ${machine.cores} threads`}; its FFTs by default: ${fft}`,
    `* machine: ${machine.cores} cores, ${machine.processor ?? "unknown processor"}, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ${machine.system}`,
    `* versions: ${versions.join(", ")}`,
    `* commit: ${[...commits].join(", ")}; measured ${[...days].sort().join(", ")}`,
  ].join("\n");
}

function formatRatios(records: readonly Typed<LsqmlRow, LsqmlResult>[]): string {
  if (records.length === 0) return "";
  const head = [
    "row",
    "patterns",
    "batch",
    "ours, patterns/s",
    "pty-chi, patterns/s",
    "epoch ratio",
    "best",
    "compute (best)",
    "double",
  ];
  const lines = records.map(({ row, result }) => {
    const ours = result.sides.ours;
    const theirs = result.sides["pty-chi default"] ?? result.sides["pty-chi best"];
    const batch = ours && theirs ? [...new Set([ours.batchSize, theirs.batchSize])].join(" / ") : String(row.batch);
    if (!result.ratios) return [title(row), row.patterns, batch, null, null, "no ratio: the results differ"];
    const { default: asItComes, best, double } = result.ratios;
    return [
      title(row),
      row.patterns,
      batch,
      rate(ours),
      rate(theirs),
      ratio(asItComes?.epoch),
      ratio(best?.epoch),
      ratio(best?.compute),
      ratio(double?.epoch),
    ];
  });
  return `## Epochs: pty-chi's time over ours\n\n${table(head, lines)}`;
}

function formatSides(records: readonly Typed<LsqmlRow, LsqmlResult>[]): string {
  const lines = records.flatMap(({ row, result }) =>
    Object.entries(result.sides).map(([name, side]) => [
      title(row),
      name,
      seconds(side.secondsPerEpoch),
      seconds(side.computeSecondsPerEpoch),
      side.warmUpSeconds.map((value) => value.toPrecision(3)).join(", "),
      side.prepareSeconds.toFixed(1),
      mebibytes(side.peakHostBytes),
      mebibytes(side.deviceBytes),
    ]),
  );
  if (lines.length === 0) return "";
  const head = [
    "row",
    "engine",
    "s/epoch",
    "of it minibatches, s",
    "first two epochs, s",
    "load, compile s",
    "host peak MiB",
    "device MiB",
  ];
  return `## Engines\n\n${table(head, lines)}`;
}

function formatStarts(records: readonly Typed<LsqmlRow, LsqmlResult>[]): string {
  const lines = records.flatMap(({ row, result }) =>
    Object.entries(result.firstResults ?? {}).map(([name, { cold, warm }]) => [
      title(row),
      name,
      ...[cold, warm].flatMap((start) => [start.firstEpochSeconds.toFixed(1), start.firstUpdateSeconds.toFixed(1)]),
    ]),
  );
  if (lines.length === 0) return "";
  const head = ["row", "engine", "first epoch, cold s", "second, cold s", "first epoch, warm s", "second, warm s"];
  return `## First result\n\n${table(head, lines)}`;
}

function formatGates(records: readonly Typed<LsqmlRow, LsqmlResult>[]): string {
  const lines = records.flatMap(({ row, result }) =>
    result.gates.flatMap(({ batchSize, movement, early, final }) =>
      Object.keys(early).map((variant) => [
        title(row),
        batchSize,
        variant,
        movement.toExponential(1),
        ...[early[variant], final?.[variant]].map((values) =>
          (values ?? [])
            .map(({ name, value, limit }) => `${name} ${value.toExponential(1)}${value <= limit ? "" : ` > ${limit}`}`)
            .join(", "),
        ),
      ]),
    ),
  );
  if (lines.length === 0) return "";
  const head = [
    "row",
    "batch",
    "pty-chi",
    "object moved",
    "after 3 epochs (limit 1e-4)",
    "after the run (object 1e-3, loss 1e-2)",
  ];
  return `## Do the results agree?\n\n${table(head, lines)}`;
}

function formatImages(records: readonly Typed<ImageRow, ImageResult>[]): string {
  if (records.length === 0) return "";
  const head = ["row", "patterns", "MB", "epochs", "ours, s", "pty-chi best, s", "ratio", "from process start"];
  const lines = records.map(({ row, result }) => [
    row.id,
    `${row.patterns} x ${row.size}^2`,
    (result.fileBytes / 1e6).toFixed(0),
    result.epochs,
    seconds(result.sides.ours?.fromFile),
    seconds(result.sides["pty-chi best"]?.fromFile),
    result.ratios ? ratio(result.ratios.fromFile) : "no ratio: the results differ",
    ratio(result.ratios?.fromProcess),
  ]);
  return `## From a file to an object\n\n${table(head, lines)}`;
}

function formatHosts(records: readonly Typed<HostRow, HostResult>[]): string {
  if (records.length === 0) return "";
  const microseconds = (value: number) => (value * 1e6).toFixed(1);
  const head = ["row", "encoding, us/minibatch", "submit, us/minibatch", "both", "us/epoch beside"];
  const lines = records.map(({ row, result }) => [
    row.id,
    microseconds(result.encodeSeconds),
    microseconds(result.submitSeconds.median),
    microseconds(result.totalSeconds),
    microseconds(result.epochSeconds),
  ]);
  return `## Host cost of a minibatch\n\n${table(head, lines)}`;
}

function table(head: readonly string[], lines: readonly (readonly (string | number | null)[])[]): string {
  const columns = head.map((title, column) => ({ title, show: (line: (typeof lines)[0]) => line[column] ?? null }));
  return formatMarkdown(columns, lines).join("\n");
}

function title(row: LsqmlRow): string {
  const targets = row.targets.length > 0 ? ` (${row.targets.join(", ")})` : "";
  return `${row.id}${targets}`;
}

function rate(side: SideResult | undefined): number | null {
  return side ? Math.round(side.patternsPerSecond.median) : null;
}

function ratio(spread: Spread | null | undefined): string | null {
  return spread ? formatSpread(spread, (value) => value.toFixed(value < 10 ? 2 : 1)) : null;
}

function seconds(spread: Spread | null | undefined): string | null {
  return spread ? formatSpread(spread, (value) => value.toPrecision(3)) : null;
}

function formatSpread({ median, min, max }: Spread, format: (value: number) => string): string {
  return `${format(median)} (${format(min)} - ${format(max)})`;
}

function mebibytes(bytes: number | null): string | null {
  return bytes === null ? null : (bytes / 2 ** 20).toFixed(0);
}
