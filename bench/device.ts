// npm run bench:device: what the adapter at hand allows and costs (performance.md section 9). Ratios within one run.

import { formatAdapterLine } from "../src/index.ts";
import { type OpenedDevice, openDevice } from "../src/node/index.ts";
import {
  measureChains,
  measureCopies,
  measureFlops,
  measureLatencies,
  measureWorkingSets,
  type Probed,
} from "./device-probes.ts";
import { GpuClock } from "./gpu-clock.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { describeMachine, saveResults } from "./save-results.ts";
import { commonStep, fitLine, type Spread } from "./statistics.ts";
import { type Column, formatTable, significant } from "./text-table.ts";

const USAGE = `usage: npm run bench:device -- [--device auto|gpu|software] [--adapter NAME] [--driver NAME] [--json] [--save]
                               [--buffer-mb 256]
Limits and features of an adapter, and what it costs: dispatches, submits, read-backs, copies of large and of small
buffers, multiply-adds; copies also without Dawn's bounds checks and zeroed workgroup memory. Under a minute.
--save writes bench/results/device-NAME.json and .md.`;

/** Dawn toggles whose cost is worth knowing; a run of ours has them off. */
const TOGGLE_SETS = [
  [],
  ["disable_robustness"],
  ["disable_workgroup_init"],
  ["disable_robustness", "disable_workgroup_init"],
] as const;
/** Further features that Dawn has behind toggles. */
const HIDDEN = ["allow_unsafe_apis", "vulkan_enable_f16_on_nvidia"];
const MEBIBYTE = 2 ** 20;

endWithMessage();
const values = readFlags(USAGE, {
  device: { type: "string", default: "auto" },
  adapter: { type: "string" },
  driver: { type: "string" },
  "buffer-mb": { type: "string", default: "256" },
  json: { type: "boolean", default: false },
  save: { type: "boolean", default: false },
});
const report: string[] = [];
const opened = await open([]);
const { facts } = opened;
const software = facts.kind === "software";
const probed = probe(opened);
say(formatAdapterLine(facts));
const hidden = await open(HIDDEN);
const withToggles = hidden.adapterFeatures.filter((name) => !opened.adapterFeatures.includes(name));
hidden.close();
say(`features   ${opened.adapterFeatures.join(", ")}`);
say(`           with ${HIDDEN.join(", ")} also: ${withToggles.join(", ") || "none"}`);
say(
  `limits     ${Object.entries(facts.limits)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ")}`,
);
say(`subgroups  ${facts.subgroupMinSize ?? "unknown"} to ${facts.subgroupMaxSize ?? "unknown"} invocations`);

const timestamps = { full: await measureQuantum(opened), usual: await measureUsualQuantum() };
const quantum = (step: number | null) => (step === null ? "unknown" : `${step} ns`);
say(`timestamps steps of ${quantum(timestamps.full)}, with Dawn's quantisation ${quantum(timestamps.usual)}`);

const chains = await measureChains(probed);
table("dispatches, us each", chains, [
  { title: "chain", show: ({ kind }) => kind },
  { title: "device", show: ({ deviceSeconds }) => micro(deviceSeconds) },
  { title: "wall", show: ({ wallSeconds }) => micro(wallSeconds) },
  { title: "encode", show: ({ encodeSeconds }) => micro(encodeSeconds) },
]);

const latencies = await measureLatencies(probed);
table("latencies, us", Object.entries(latencies) as [string, Spread][], [
  { title: "what", show: ([name]) => name.replace("Seconds", "") },
  { title: "median", show: ([, { median }]) => micro(median) },
  { title: "min", show: ([, { min }]) => micro(min) },
  { title: "max", show: ([, { max }]) => micro(max) },
]);

const largest = Math.min(facts.limits.maxBufferSize, facts.limits.maxStorageBufferBindingSize);
const copyBytes = Math.min(Number(values["buffer-mb"]) * MEBIBYTE, Math.floor(largest / 65536) * 65536);
const copies: { toggles: readonly string[]; rates: Awaited<ReturnType<typeof measureCopies>> }[] = [];
for (const toggles of TOGGLE_SETS) {
  const other = toggles.length === 0 ? opened : await open(toggles);
  copies.push({ toggles, rates: await measureCopies(probe(other), copyBytes) });
  if (other !== opened) other.close();
}
table(`copies of ${copyBytes / MEBIBYTE} MiB, GB/s read and written`, copies[0]!.rates, [
  { title: "access", show: ({ kind }) => kind },
  ...copies.map(({ toggles, rates }) => ({
    title: toggles.length === 0 ? "as used" : toggles.join("+").replaceAll("disable_", "no "),
    show: ({ kind }: { kind: string }) => giga(rates.find((rate) => rate.kind === kind)!.bytesPerSecond),
  })),
]);

const sets = software ? [3, 12, 48] : [1.5, 3, 6, 12, 24, 48, 96, 192, 384];
const workingSets = await measureWorkingSets(
  probed,
  sets.map((size) => size * MEBIBYTE).filter((size) => size / 2 <= largest),
);
table("dependent passes over a working set (half read, half written)", workingSets, [
  { title: "MiB", show: ({ workingSetBytes }) => workingSetBytes / MEBIBYTE },
  { title: "us/pass", show: ({ secondsPerPass }) => micro(secondsPerPass) },
  { title: "GB/s", show: ({ bytesPerSecond }) => giga(bytesPerSecond) },
]);
const cached = workingSets.filter(({ workingSetBytes }) => workingSetBytes <= 24 * MEBIBYTE);
const line = fitLine(cached.map(({ workingSetBytes, secondsPerPass }) => ({ x: workingSetBytes, y: secondsPerPass })));
const cacheModel =
  line && line.slope > 0 && line.offset > 0 ? { secondsPerPass: line.offset, bytesPerSecond: 1 / line.slope } : null;
if (cacheModel)
  say(
    `up to 24 MiB: ${micro(cacheModel.secondsPerPass)} us and ${giga(cacheModel.bytesPerSecond)} GB/s by a line through these`,
  );

const flopsPerSecond = await measureFlops(probed);
say(`\nmultiply-adds in registers: ${significant(flopsPerSecond / 1e9)} GFLOP/s`);

const results = {
  adapterFeatures: opened.adapterFeatures,
  featuresWithToggles: { toggles: HIDDEN, features: withToggles },
  timestampStepNs: timestamps,
  chains,
  latencies,
  copies,
  workingSets,
  cacheModel,
  flopsPerSecond,
};
const options = { bufferBytes: copyBytes };
if (values.json) console.log(JSON.stringify({ machine: describeMachine(), adapter: facts, options, results }));
if (values.save) {
  const markdown = ["```", ...report, "```"];
  const files = await saveResults({ benchmark: "device", adapter: facts, options, results, markdown });
  if (!values.json) console.log(`written: ${files.join(", ")}`);
}
process.exit(0);

function open(toggles: readonly string[], timestamps = true): Promise<OpenedDevice> {
  return openDevice({
    device: values.device as "auto",
    timestamps,
    toggles,
    ...(values.adapter ? { adapter: values.adapter } : {}),
    ...(values.driver ? { driver: values.driver } : {}),
  });
}

function probe({ device, facts }: OpenedDevice): Probed {
  const onProcessor = facts.kind === "software";
  return { device, software: onProcessor, clock: new GpuClock(device, !onProcessor) };
}

/** Largest common divisor of what the device's clock shows, ns. */
async function measureQuantum({ device }: OpenedDevice): Promise<number | null> {
  const clock = new GpuClock(device, true);
  if (!clock.hasTimestamps) return null;
  const { stamps } = await clock.time(() => {}, { repeat: 50 });
  clock.destroy();
  const step = commonStep(stamps);
  return step === null ? null : Number(step);
}

async function measureUsualQuantum(): Promise<number | null> {
  const usual = await open([], false);
  const step = await measureQuantum(usual);
  usual.close();
  return step;
}

function say(text: string): void {
  report.push(...text.split("\n"));
  if (!values.json) console.log(text);
}

function table<Row>(title: string, rows: readonly Row[], columns: readonly Column<Row>[]): void {
  say(`\n${title}`);
  for (const line of formatTable(columns, rows)) say(`  ${line}`);
}

function micro(seconds: number | null): string | null {
  return seconds === null ? null : significant(seconds * 1e6);
}

function giga(bytesPerSecond: number): string | null {
  return significant(bytesPerSecond / 1e9);
}
