// `ptycho study plan`: every cell of the grid and what `study run` would do with it, in milliseconds and without a GPU.

import { InputError } from "../../errors.ts";
import { buildPlanRecord } from "../../jobs/artifact-records.ts";
import { type AllowedGaps, assertInputsPresent, type JobPlan } from "../../jobs/build-jobs.ts";
import { formatJson } from "../../results/json-text.ts";
import type { Command } from "../command.ts";
import type { CommandFlag } from "../flags.ts";
import { formatPlan } from "./plan-format.ts";
import { planStudy } from "./plan-study.ts";
import {
  describeSelecting,
  parseSelecting,
  readAllowedGaps,
  readSelection,
  selectionFlags,
} from "./selection-flags.ts";

const commandFlags = {
  ...selectionFlags,
  json: { kind: "switch", help: "one JSON object on standard output" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

export const planCommand: Command = {
  name: "plan",
  summary: "show every cell of the study: selected, filtered or missing",
  help: () => describeSelecting("plan", commandFlags),
  async run(argv, io) {
    const command = parseSelecting("plan", argv, commandFlags);
    const plan = await planStudy(readSelection(command));
    if (command.json) {
      io.stdout(`${formatJson(buildPlanRecord(plan, plan.manifestPath)).text}\n`);
      return 0;
    }
    io.stdout(formatPlan(plan, plan.manifestPath));
    const refusal = refusalOf(plan, readAllowedGaps(command));
    if (refusal) io.stdout(`\n\`study run\` would refuse this: ${refusal.message}\n`);
    return 0;
  },
};

/** Why `run` with the same flags would not start; null when it would. */
function refusalOf(plan: JobPlan, allowed: AllowedGaps): InputError | null {
  try {
    assertInputsPresent(plan, allowed);
    return null;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
