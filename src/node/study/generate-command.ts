// `ptycho study generate --output-root OUT`: everything that `ptycho study run` consumes, from one command.

import { OptionsError } from "../../errors.ts";
import { formatJson } from "../../results/json-text.ts";
import { studyDoses, studyScales, studySeeds, viewRules } from "../../study/design.ts";
import type { Command, CommandIo } from "../command.ts";
import { type CommandFlag, describeCommandFlags, parseLine } from "../flags.ts";
import { formatSeconds } from "../progress.ts";
import { listenForStop } from "../signals.ts";
import { type GenerateHooks, type GenerateSettings, generateStudy } from "./generate.ts";

const USAGE = "ptycho study generate --output-root OUT [options]";
const REJECTED_EXIT_CODE = 65;

const commandFlags = {
  "output-root": {
    kind: "value",
    value: "OUT",
    help: "folder of the study (needed): phase_c, phase_d, phase_e, metrics",
  },
  base: {
    kind: "value",
    value: "FILE",
    help: "true object and probe: an NPZ file with objectGuess and probeGuess [a procedural stand-in]",
  },
  dose: {
    kind: "value",
    value: "PHOTONS[,...]",
    help: `photons per pattern; may be given several times [${studyDoses.join(",")}]. The manifests list these doses only`,
  },
  scale: {
    kind: "value",
    value: Object.keys(studyScales).join("|"),
    help: "full: 10304 patterns of 128 x 128 per dose, 1.9 GB with its views; small: 600 of 64 x 64, 31 MB [full]",
  },
  "view-rule": {
    kind: "value",
    value: viewRules.join("|"),
    help: "how views are chosen: v2 a share of the images, v1 by spacing, which refuses scans as dense as these [v2]",
  },
  seed: {
    kind: "value",
    value: "INTEGER",
    help: `seed of positions and noise [${studySeeds.simulation}]; the views' own stays ${studySeeds.subsampling}`,
  },
  "with-patches": {
    kind: "switch",
    help: "add the true patches (ground_truth_patches and Y); five times the size",
  },
  overwrite: { kind: "switch", help: "replace existing files" },
  json: { kind: "switch", help: "one JSON object on standard output" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const generateCommand: Command = {
  name: "generate",
  summary: "simulate the study's data: Phase C, D and the manifest of Phase E",
  help: () => `Usage: ${USAGE}\n\n${describeCommandFlags(commandFlags)}\n`,
  async run(argv, io) {
    const { settings, overwrite, json } = readSettings(argv);
    const stop = listenForStop((name) => io.stderr(`\n${name}: stopping after this pattern\n`));
    const started = performance.now();
    const progress = reportFiles(io);
    try {
      const record = await generateStudy(settings, { overwrite, signal: stop.signal, ...progress.hooks });
      const megabytes = Math.round(record.files.reduce((sum, file) => sum + file.size_bytes, 0) / 1e6);
      for (const { reason } of record.rejected_views) io.stderr(`ptycho: ${reason}\n`);
      io.stdout(
        json
          ? `${formatJson(record).text}\n`
          : `${settings.outputRoot}  ${record.files.length} files, ${megabytes} MB, seed ${settings.seed}, ` +
              `${formatSeconds((performance.now() - started) / 1000)}\n`,
      );
      return record.rejected_views.length > 0 ? REJECTED_EXIT_CODE : 0;
    } catch (error) {
      progress.end();
      if (stop.exitCode === null) throw error;
      return stop.exitCode;
    } finally {
      stop.release();
    }
  },
};

function readSettings(argv: readonly string[]): { settings: GenerateSettings; overwrite: boolean; json: boolean } {
  const { rest, doses } = takeDoses(argv);
  const { positionals, command } = parseLine(rest, [], commandFlags);
  const text = (name: keyof typeof commandFlags) => (typeof command[name] === "string" ? command[name] : undefined);
  const outputRoot = text("output-root");
  if (outputRoot === undefined || positionals.length > 0) {
    const remedy = `Usage: ${USAGE}`;
    throw new OptionsError("CLI_USAGE", "an output root and nothing else is needed", { remedy }, 2);
  }
  return {
    settings: {
      outputRoot,
      basePath: text("base") ?? null,
      doses: doses ?? studyDoses,
      scale: choose("scale", text("scale") ?? "full", Object.keys(studyScales) as (keyof typeof studyScales)[]),
      viewRule: choose("view-rule", text("view-rule") ?? "v2", viewRules),
      seed: readNumber("seed", text("seed") ?? String(studySeeds.simulation), (value) => value >= 0 && value % 1 === 0),
      withPatches: command["with-patches"] === true,
    },
    overwrite: command.overwrite === true,
    json: command.json === true,
  };
}

/** Takes all `--dose` flags out of a command line, whose parser keeps the last of each only. */
function takeDoses(argv: readonly string[]): { rest: string[]; doses: number[] | null } {
  const rest: string[] = [];
  const texts: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    const next = argv[at + 1];
    if (word.startsWith("--dose=")) texts.push(word.slice("--dose=".length));
    else if (word === "--dose" && next !== undefined && !next.startsWith("--")) {
      texts.push(next);
      at++;
    } else rest.push(word);
  }
  if (texts.length === 0) return { rest, doses: null };
  return {
    rest,
    doses: texts.flatMap((text) => text.split(",")).map((text) => readNumber("dose", text, (value) => value >= 1)),
  };
}

function readNumber(flag: string, text: string, isFit: (value: number) => boolean): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value < 2 ** 32 && isFit(value)) return value;
  const expected = flag === "seed" ? "a whole number 0 ... 4294967295" : "photons per pattern, 1 ... 4294967295";
  throw new OptionsError("CLI_VALUE", "not a valid value", { source: `--${flag}`, expected, got: text }, 2);
}

function choose<T extends string>(flag: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  const expected = words.join(", ");
  throw new OptionsError("CLI_VALUE", "not a valid value", { source: `--${flag}`, expected, got: text }, 2);
}

/** A line per finished NPZ file on stderr, and on a terminal the bytes of the one in work. */
function reportFiles(io: CommandIo): {
  hooks: Required<Pick<GenerateHooks, "onFile" | "onBytes" | "onNote">>;
  end(): void;
} {
  let shownAt = 0;
  let open = false;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const clear = () => {
    if (open) io.stderr("\r\u001b[K");
    open = false;
  };
  return {
    hooks: {
      onFile({ path, sizeBytes }, seconds) {
        clear();
        if (path.endsWith(".npz")) io.stderr(`${path}  ${megabytes(sizeBytes)}  ${formatSeconds(seconds)}\n`);
      },
      onBytes(path, bytes) {
        if (!io.interactive || performance.now() - shownAt < 200) return;
        shownAt = performance.now();
        open = true;
        io.stderr(`\r${path}  ${megabytes(bytes)}\u001b[K`);
      },
      onNote(message) {
        clear();
        io.stderr(`${message}\n`);
      },
    },
    end: clear,
  };
}
