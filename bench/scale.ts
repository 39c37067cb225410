// npm run bench:scale: how the cost of an epoch grows with the scan, the patterns, the modes and the object, one at a
// time; and streamed runs against resident ones. All points of a series take turns, so that drift cancels.

import { formatAdapterLine } from "../src/index.ts";
import { openDevice } from "../src/node/index.ts";
import { EpochRunner } from "./epoch-runner.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { describeMachine, saveResults } from "./save-results.ts";
import { makeSeries, relativeCosts, type ScaleSeries, SERIES_NAMES, type SeriesName } from "./scale-series.ts";
import { pairRatios, type Spread, spread } from "./statistics.ts";
import type { TimingProblem } from "./synthetic.ts";
import { type Column, formatMarkdown, formatTable, significant } from "./text-table.ts";

const USAGE = `usage: npm run bench:scale -- [--device auto|gpu|software] [--adapter NAME] [--driver NAME] [--json] [--save]
                              [--series patterns,size,modes,step,margin] [--values 500,2000,...] [--rounds 5]
Cost of an epoch against the number of patterns (resident and streamed), their size, probe modes, and the object: the
distance of positions and the empty margin. --values replaces the usual ones and needs one --series. Streamed patterns
come from memory: for a file see npm run bench:stream. A minute on a GPU, some minutes on a processor.
--save writes bench/results/scale-NAME.json and .md.`;

endWithMessage();
const values = readFlags(USAGE, {
  device: { type: "string", default: "auto" },
  adapter: { type: "string" },
  driver: { type: "string" },
  series: { type: "string", default: SERIES_NAMES.join(",") },
  values: { type: "string" },
  rounds: { type: "string", default: "5" },
  json: { type: "boolean", default: false },
  save: { type: "boolean", default: false },
});
const names = values.series.split(",") as SeriesName[];
if (!names.every((name) => SERIES_NAMES.includes(name)) || (values.values && names.length > 1)) {
  console.error(USAGE);
  process.exit(2);
}

interface ScaleRow {
  readonly value: number;
  readonly shape: TimingProblem;
  readonly canvasPx: number;
  readonly deviceBytes: number;
  /** Of an epoch with resident patterns; null when the device cannot hold them. */
  readonly seconds: Spread | null;
  /** Over work, relative to the first point. */
  readonly relativeCost: Spread | null;
  readonly streamedSeconds: Spread | null;
  readonly streamedRatio: Spread | null;
}

const opened = await openDevice({
  device: values.device as "auto",
  ...(values.adapter ? { adapter: values.adapter } : {}),
  ...(values.driver ? { driver: values.driver } : {}),
});
const { device, facts } = opened;
const software = facts.kind === "software";
const markdown: string[] = [];
if (!values.json) console.log(formatAdapterLine(facts));
const results: { series: SeriesName; rows: readonly ScaleRow[] }[] = [];
for (const name of names)
  results.push({
    series: name,
    rows: await timeSeries(makeSeries(name, software, values.values?.split(",").map(Number))),
  });
const options = { series: values.series, values: values.values ?? null, rounds: Number(values.rounds) };
if (values.json) console.log(JSON.stringify({ machine: describeMachine(), adapter: facts, options, results }));
if (values.save) {
  const files = await saveResults({ benchmark: "scale", adapter: facts, options, results, markdown });
  if (!values.json) console.log(`written: ${files.join(", ")}`);
}
process.exit(0);

async function timeSeries(series: ScaleSeries): Promise<readonly ScaleRow[]> {
  const withStreaming = series.name === "patterns";
  const runners: { resident: EpochRunner; streamed: EpochRunner | null }[] = [];
  try {
    for (const { shape } of series.points)
      runners.push({
        resident: await EpochRunner.start(device, shape, false),
        streamed: withStreaming ? await EpochRunner.start(device, shape, true) : null,
      });
    for (let round = 0; round < Number(values.rounds); round++)
      for (const { resident, streamed } of runners) {
        const loss = await resident.run();
        if (streamed && (await streamed.run()) !== loss) throw new Error("resident and streamed differ in the loss");
      }
    return report(series, makeRows(series, runners));
  } finally {
    for (const { resident, streamed } of runners) for (const runner of [resident, streamed]) runner?.destroy();
  }
}

function makeRows(
  series: ScaleSeries,
  runners: readonly { readonly resident: EpochRunner; readonly streamed: EpochRunner | null }[],
): ScaleRow[] {
  const costs = relativeCosts(
    series.points,
    runners.map(({ resident }) => resident.times),
  );
  return series.points.map(({ value, shape }, k) => {
    const { resident, streamed } = runners[k]!;
    return {
      value,
      shape,
      canvasPx: resident.canvasPx,
      deviceBytes: resident.deviceBytes,
      seconds: resident.resident ? spread(resident.times) : null,
      relativeCost: resident.resident && runners[0]!.resident.resident ? spread(costs[k]!) : null,
      streamedSeconds: streamed && spread(streamed.times),
      streamedRatio: streamed && resident.resident ? spread(pairRatios(streamed.times, resident.times)) : null,
    };
  });
}

function report(series: ScaleSeries, rows: readonly ScaleRow[]): readonly ScaleRow[] {
  const range = (ratio: Spread | null) => ratio && `${significant(ratio.min)}, ${significant(ratio.max)}`;
  const columns: Column<ScaleRow>[] = [
    { title: series.name, show: ({ value }) => value },
    { title: "canvas px", show: ({ canvasPx }) => canvasPx },
    { title: "device MB", show: ({ deviceBytes }) => significant(deviceBytes / 1e6) },
    { title: "ms/epoch", show: ({ seconds }) => significant(seconds && seconds.median * 1e3) },
    { title: "patterns/s", show: ({ seconds, shape }) => seconds && Math.round(shape.patternCount / seconds.median) },
    { title: "relative cost", show: ({ relativeCost }) => significant(relativeCost?.median) },
    { title: "least, most", show: ({ relativeCost }) => range(relativeCost) },
    ...(series.name === "patterns"
      ? [
          {
            title: "streamed ms",
            show: ({ streamedSeconds }: ScaleRow) => significant(streamedSeconds && streamedSeconds.median * 1e3),
          },
          { title: "over resident", show: ({ streamedRatio }: ScaleRow) => significant(streamedRatio?.median) },
          { title: "least, most", show: ({ streamedRatio }: ScaleRow) => range(streamedRatio) },
        ]
      : []),
  ];
  const shape = series.points[0]!.shape;
  const title = `${series.title}, relative to the first`;
  const fixed = `${shape.patternCount} patterns of ${shape.size}^2, ${shape.modeCount === 1 ? "1 mode" : `${shape.modeCount} modes`}, batch ${shape.batchSize} at first`;
  if (!values.json) {
    console.log(`\n${title}\n  ${fixed}`);
    for (const line of formatTable(columns, rows)) console.log(`  ${line}`);
  }
  markdown.push(`## ${series.name}`, "", `${title}; ${fixed}.`, "", ...formatMarkdown(columns, rows), "");
  return rows;
}
