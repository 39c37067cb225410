// Flags that `study plan` and `study run` share: which study, where it is, which of its cells.

import { OptionsError } from "../../errors.ts";
import type { AllowedGaps } from "../../jobs/build-jobs.ts";
import type { Split } from "../../jobs/design.ts";
import { type CommandFlag, describeCommandFlags, type ParsedLine, parseLine } from "../flags.ts";
import type { StudySelection } from "./plan-study.ts";

export const selectionFlags = {
  "training-manifest": {
    kind: "value",
    value: "FILE",
    help: "Phase E's training_manifest.json [DIR/phase_e/training_manifest.json of --data-root, if there]",
  },
  "data-root": {
    kind: "value",
    value: "DIR",
    help: "folder that holds phase_c, phase_d and phase_e here; paths of a manifest from elsewhere are mapped onto it",
  },
  "phase-c-root": { kind: "value", value: "DIR", help: "folder with dose_<n>/patched_<split>.npz [the manifest's]" },
  "phase-d-root": { kind: "value", value: "DIR", help: "folder with dose_<n>/<view>/ [the manifest's]" },
  "artifact-root": {
    kind: "value",
    value: "DIR",
    help: "folder for results [phase_f in --data-root, or beside the Phase D root]",
  },
  design: { kind: "value", value: "FILE", help: "the study's design as JSON [3 doses, 3 views, 2 splits]" },
  dose: { kind: "value", value: "NUMBER", help: "only this dose (photons per exposure)" },
  view: { kind: "value", value: "NAME", help: "only this view: baseline, dense, sparse" },
  split: { kind: "value", value: "NAME", help: "only this split: train, test" },
  gridsize: { kind: "value", value: "1|2", help: "1 = baseline, 2 = the overlap views" },
  "max-jobs": { kind: "value", value: "N", help: "at most so many jobs, the first in the study's order" },
  "allow-missing-phase-d": { kind: "switch", help: "go on without view files that are missing" },
  "allow-missing-phase-c": { kind: "switch", help: "go on without baseline files that are missing" },
  seed: { kind: "value", value: "N", help: "base seed; every cell derives its own from it [0]" },
} as const satisfies Record<string, CommandFlag>;

type SelectingCommand = "plan" | "run";

const usageOf = (name: SelectingCommand) =>
  `ptycho study ${name} --data-root DIR | --training-manifest FILE | --phase-c-root DIR --phase-d-root DIR`;

/** Help of a command that takes these flags and its own. */
export function describeSelecting(name: SelectingCommand, flags: Readonly<Record<string, CommandFlag>>): string {
  return `Usage: ${usageOf(name)} [options]\n\n${describeCommandFlags(flags)}\n`;
}

/** Its command line, which has flags only. Throws OptionsError (2). */
export function parseSelecting(
  name: SelectingCommand,
  argv: readonly string[],
  flags: Readonly<Record<string, CommandFlag>>,
): ParsedLine["command"] {
  const { positionals, command } = parseLine(argv, [], flags);
  if (positionals.length === 0) return command;
  const details = { got: positionals.join(" "), remedy: `Usage: ${usageOf(name)}` };
  throw new OptionsError("CLI_USAGE", "arguments without a flag are not taken", details, 2);
}

/**
 * Reads the shared flags. Throws OptionsError with exit code 2 (CLI_VALUE). A view is checked against the design later,
 * by `planStudy`.
 */
export function readSelection(command: ParsedLine["command"]): StudySelection {
  const text = (name: keyof typeof selectionFlags): string | null => {
    const value = command[name];
    if (value === "") throw refuse(name, "a path or name", "nothing");
    return typeof value === "string" ? value : null;
  };
  const number = (name: keyof typeof selectionFlags, expected: string, fits: (value: number) => boolean) => {
    const given = text(name);
    if (given === null) return null;
    const value = given.trim() === "" ? Number.NaN : Number(given);
    if (!fits(value)) throw refuse(name, expected, given);
    return value;
  };
  const isWhole = (minimum: number, maximum: number) => (value: number) =>
    Number.isInteger(value) && value >= minimum && value <= maximum;
  const split = text("split");
  if (split !== null && split !== "train" && split !== "test") throw refuse("split", "train or test", split);
  return {
    trainingManifest: text("training-manifest"),
    phaseCRoot: text("phase-c-root"),
    phaseDRoot: text("phase-d-root"),
    dataRoot: text("data-root"),
    artifactRoot: text("artifact-root"),
    design: text("design"),
    filters: {
      dose: number("dose", "a positive number", (value) => Number.isFinite(value) && value > 0),
      view: text("view"),
      split: split satisfies Split | null,
      gridsize: number("gridsize", "1 or 2", isWhole(1, 2)) as 1 | 2 | null,
      maxJobs: number("max-jobs", "an integer of at least 1", isWhole(1, 2 ** 31 - 1)),
    },
    baseSeed: number("seed", "an integer from 0 to 4294967295", isWhole(0, 2 ** 32 - 1)) ?? 0,
  };
}

/** Which missing inputs the flags forgive. */
export function readAllowedGaps(command: ParsedLine["command"]): AllowedGaps {
  return { phaseC: command["allow-missing-phase-c"] === true, phaseD: command["allow-missing-phase-d"] === true };
}

function refuse(name: string, expected: string, got: string): OptionsError {
  return new OptionsError("CLI_VALUE", "not a valid value", { source: `--${name}`, expected, got }, 2);
}
