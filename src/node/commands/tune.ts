// `ptycho tune`: how fast every profile of an adapter's kind is, and the choice of the fastest for later runs.

import { z } from "zod";
import { isGoodFftSize, maximumFftSize, minimumFftSize } from "../../data/pattern-size.ts";
import { findFastest, measureProfiles, type ProfileMeasurement, TURNS } from "../../engine/measure-profiles.ts";
import { GpuError, OptionsError } from "../../errors.ts";
import { checkOptions } from "../../options-issue.ts";
import { formatJson } from "../../results/json-text.ts";
import { type Command, mergeOptions } from "../command.ts";
import { type CommandFlag, describeCommandFlags, describeFlags, makeFlags, parseLine } from "../flags.ts";
import { formatAdapterLine, openDevice } from "../gpu-device.ts";
import { readDeviceChoice } from "../reconstruct-request.ts";
import { identifyAdapter, saveTunedProfile } from "../tuned-profiles.ts";

const USAGE = "ptycho tune [--size 128] [--modes 1] [--batch-size 96] [--save]";

const commandFlags = {
  save: {
    kind: "switch",
    help: "let `reconstruct` and `study run` take the fastest on this adapter from then on, unless a run names one",
  },
  device: { kind: "value", value: "auto|gpu|software", help: "which kind of adapter; gpu never falls back [auto]" },
  adapter: { kind: "value", value: "NAME", help: "part of any name of the adapter, in capitals or not" },
  json: { kind: "switch", help: "one JSON object on standard output" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

const tuneOptionsSchema = z.strictObject({
  size: z.int().min(minimumFftSize).max(maximumFftSize).default(128).describe("side of the patterns in pixels"),
  modes: z.int().min(1).max(32).default(1).describe("incoherent probe modes"),
  batchSize: z.int().min(1).max(65536).default(96).describe("patterns per minibatch"),
});
const flags = makeFlags(tuneOptionsSchema);

/** What was measured, on what, and what became of it. */
export interface TuneReport extends z.output<typeof tuneOptionsSchema> {
  readonly adapter: string;
  readonly turns: number;
  readonly profiles: readonly ProfileMeasurement[];
  readonly fastest: string;
  /** File that the choice was saved in; null when it was not. */
  readonly savedIn: string | null;
}

export const tuneCommand: Command = {
  name: "tune",
  summary: "measure the profiles of an adapter",
  help: () =>
    `Usage: ${USAGE}\n\nMeasures every way in which kernels can be laid out for the adapter (--profile), in turns, on a made-up scan.\nSeconds on a GPU; a minute or more on a processor, whose compiler may be slow.\n\n${describeCommandFlags(commandFlags)}\n\nThe scan [default]:\n${describeFlags(flags)}\n`,
  async run(argv, io) {
    const { positionals, command, options: given } = parseLine(argv, flags, commandFlags);
    if (positionals.length > 0) {
      const details = { got: positionals.join(" "), remedy: `Usage: ${USAGE}` };
      throw new OptionsError("CLI_USAGE", "no file is needed", details, 2);
    }
    const text = (name: keyof typeof commandFlags) => (typeof command[name] === "string" ? command[name] : null);
    const options = await mergeOptions(undefined, given, flags, (input, source) =>
      checkOptions(tuneOptionsSchema, input, source),
    );
    const { size, modes, batchSize } = options;
    if (!isGoodFftSize(size)) {
      const details = { source: "--size", expected: "a side without prime factors above 5", got: String(size) };
      throw new OptionsError("CLI_VALUE", "not a valid value", details, 2);
    }
    const device = readDeviceChoice(text("device"));
    const adapter = text("adapter");
    const opened = await openDevice({ device, ...(adapter === null ? {} : { adapter }) });
    io.stderr(`${formatAdapterLine(opened.facts)}\n`);
    const shape = { framePx: [size, size], modeCount: modes, batchSize } as const;
    const profiles = await measureProfiles(opened.device, shape, (step) => io.stderr(`${step}\n`));
    const fastest = findFastest(profiles);
    if (fastest === null) {
      const got = profiles.map(({ profile, reason }) => `${profile}: ${reason}`).join("; ");
      throw new GpuError("GPU_PROFILE", "no profile could be measured", { got }, 70);
    }
    const report = { ...options, adapter: identifyAdapter(opened.facts), turns: TURNS, profiles };
    let savedIn: string | null = null;
    try {
      if (command.save) {
        const patternsPerSecond = Object.fromEntries(profiles.map((each) => [each.profile, each.patternsPerSecond]));
        const scan = { sizePx: size, modes, batchSize };
        const measuredAt = new Date().toISOString();
        const { profile } = fastest;
        savedIn = await saveTunedProfile(opened.facts, { profile, measuredAt, ...scan, patternsPerSecond });
      }
    } finally {
      // what took a minute to measure is told even where it cannot be saved
      const whole: TuneReport = { ...report, fastest: fastest.profile, savedIn };
      io.stdout(command.json ? `${formatJson(whole).text}\n` : formatTuneReport(whole));
    }
    return 0;
  },
};

/** The report as lines for people. */
export function formatTuneReport({ size, modes, batchSize, turns, profiles, fastest, savedIn }: TuneReport): string {
  const width = Math.max(...profiles.map(({ profile }) => profile.length));
  const lines = profiles.map(({ profile, isDefault, patternsPerSecond, readySeconds, reason }) => {
    const marks = [...(isDefault ? ["default"] : []), ...(profile === fastest ? ["fastest"] : [])].join(", ");
    const rate = patternsPerSecond === null ? reason! : `${formatRate(patternsPerSecond).padStart(9)} patterns/s`;
    const ready = readySeconds === null ? "" : `  ready in ${readySeconds.toFixed(1)} s`;
    return `  ${profile.padEnd(width)}  ${rate}${ready}${marks ? `  ${marks}` : ""}\n`;
  });
  const scan = `${size} x ${size}, ${modes} mode${modes === 1 ? "" : "s"}, minibatches of ${batchSize}`;
  const end =
    savedIn === null
      ? `not saved: --save makes later runs on this adapter take it, --profile ${fastest} a single one`
      : `saved in ${savedIn}: later runs on this adapter take ${fastest}`;
  return `${scan}; median of ${turns} turns\n${lines.join("")}${end}\n`;
}

/** Three digits at least. */
function formatRate(patternsPerSecond: number): string {
  return patternsPerSecond >= 100 ? patternsPerSecond.toFixed(0) : patternsPerSecond.toPrecision(3);
}
