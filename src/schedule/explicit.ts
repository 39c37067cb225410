// Explicit schedules (spec: batching.md section 6): reading, checking, following, exporting, canonical text.

import { z } from "zod";
import type { DatasetNote } from "../data/dataset.ts";
import { OptionsError } from "../errors.ts";
import type { MinibatchPlan, Schedule } from "./schedule.ts";

const MODES = ["random", "uniform", "compact"] as const;
const REPEATS = ["last", "cycle", "error"] as const;

const envelopeSchema = z.object({
  version: z.literal(1),
  n: z.int().positive(),
  mode: z.enum(MODES),
  repeat: z.enum(REPEATS).default("error"),
  epochs: z.array(z.unknown()).min(1),
});

/** The engine cannot follow a COMPACT schedule yet. */
const COMPACT_NOT_YET = "compact minibatches change the mathematics and are not available yet";

/**
 * Checks a parsed schedule file. Throws OptionsError (exit 78) with the path of the first fault: wrong version or mode,
 * unknown key, empty minibatch, index outside [0, n), index twice in a minibatch.
 */
export function parseSchedule(json: unknown, source = "schedule"): Schedule {
  const parsed = envelopeSchema.strict().safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.path.join(".");
    throw new OptionsError("SCHEDULE_FORMAT", issue.message, { source, ...(field ? { field } : {}) });
  }
  const { n, mode, repeat } = parsed.data;
  const lastSeen = new Int32Array(n).fill(-1);
  let serial = 0;
  const epochs = parsed.data.epochs.map((epoch, e) => {
    const field = `epochs[${e}]`;
    const minibatches = expectList(epoch, "minibatches", source, field);
    return minibatches.map((minibatch, m) =>
      checkMinibatch(minibatch, n, lastSeen, serial++, source, `${field}[${m}]`),
    );
  });
  return { version: 1, n, mode, repeat, epochs };
}

function expectList(value: unknown, of: string, source: string, field: string): unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  const got = Array.isArray(value) ? "an empty list" : typeof value;
  throw new OptionsError("SCHEDULE_FORMAT", `not a list of ${of}`, {
    source,
    field,
    expected: `a list of at least one of them`,
    got,
  });
}

/** `lastSeen[i]`: serial number of the last minibatch that held pattern i. */
function checkMinibatch(
  value: unknown,
  n: number,
  lastSeen: Int32Array,
  serial: number,
  source: string,
  field: string,
): number[] {
  const indices = expectList(value, "pattern indices", source, field);
  for (const [position, index] of indices.entries()) {
    const where = `${field}[${position}]`;
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index >= n) {
      throw new OptionsError("SCHEDULE_INDEX", "not the index of a pattern", {
        source,
        field: where,
        expected: `an integer from 0 to ${n - 1}`,
        got: JSON.stringify(index),
      });
    }
    if (lastSeen[index] === serial) {
      throw new OptionsError("SCHEDULE_DUPLICATE", `pattern ${index} comes twice in one minibatch`, {
        source,
        field: where,
        remedy: "A minibatch holds each pattern at most once",
      });
    }
    lastSeen[index] = serial;
  }
  return indices as number[];
}

/**
 * Follows an explicit schedule for `count` patterns. Past its last epoch it goes on as `repeat` says. With `epochCount`
 * given, a schedule that ends too early is refused here instead of in the middle of the run. Throws OptionsError.
 */
export function planFromSchedule(schedule: Schedule, count: number, epochCount?: number): MinibatchPlan {
  parseSchedule(schedule);
  if (schedule.n !== count) {
    throw new OptionsError("SCHEDULE_COUNT", "the schedule is for another number of patterns", {
      source: "schedule",
      field: "n",
      expected: String(count),
      got: String(schedule.n),
    });
  }
  if (schedule.mode === "compact") {
    throw new OptionsError("SCHEDULE_COMPACT_NOT_YET", COMPACT_NOT_YET, {
      source: "schedule",
      field: "mode",
      expected: "random or uniform",
      got: "compact",
    });
  }
  if (epochCount !== undefined && epochCount > schedule.epochs.length) epochAt(schedule, epochCount - 1);
  let maxBatchSize = 0;
  for (const epoch of schedule.epochs)
    for (const indices of epoch) maxBatchSize = Math.max(maxBatchSize, indices.length);
  return {
    mode: schedule.mode,
    maxBatchSize,
    sameSizes: false,
    minibatches: (epoch) => epochAt(schedule, epoch).map((indices) => Uint32Array.from(indices)),
  };
}

function epochAt(schedule: Schedule, epoch: number): readonly (readonly number[])[] {
  const listed = schedule.epochs.length;
  if (epoch < listed) return schedule.epochs[epoch]!;
  if (schedule.repeat === "last") return schedule.epochs[listed - 1]!;
  if (schedule.repeat === "cycle") return schedule.epochs[epoch % listed]!;
  throw new OptionsError("SCHEDULE_TOO_SHORT", "the schedule ends before the run does", {
    source: "schedule",
    field: "epochs",
    expected: `at least ${epoch + 1} epochs`,
    got: String(listed),
    remedy: 'Set "repeat" to "last" or "cycle", or ask for fewer epochs',
  });
}

/** Warnings about an explicit schedule: patterns that some epoch leaves out. */
export function noteScheduleGaps(schedule: Schedule): DatasetNote[] {
  const seenIn = new Int32Array(schedule.n).fill(-1);
  let incompleteEpochs = 0;
  let fewest = schedule.n;
  for (const [e, epoch] of schedule.epochs.entries()) {
    let different = 0;
    for (const indices of epoch) {
      for (const index of indices) {
        if (seenIn[index] !== e) different += 1;
        seenIn[index] = e;
      }
    }
    if (different < schedule.n) incompleteEpochs += 1;
    fewest = Math.min(fewest, different);
  }
  if (incompleteEpochs === 0) return [];
  const message =
    `${incompleteEpochs} of ${schedule.epochs.length} scheduled epochs leave patterns out ` +
    `(at least ${fewest} of ${schedule.n} are used); the others still count in the illumination map`;
  return [{ level: "warning", code: "SCHEDULE_INCOMPLETE", message }];
}

/** The first `epochCount` epochs of a plan as an explicit schedule for `count` patterns; beyond them, `repeat` is "error". */
export function exportSchedule(plan: MinibatchPlan, count: number, epochCount: number): Schedule {
  const epochs = Array.from({ length: epochCount }, (_, epoch) => listEpoch(plan, epoch));
  return { version: 1, n: count, mode: plan.mode, repeat: "error", epochs };
}

function listEpoch(plan: MinibatchPlan, epoch: number): number[][] {
  return plan.minibatches(epoch).map((indices) => Array.from(indices));
}

/**
 * Canonical JSON text of a schedule in pieces, one epoch a line: the content of an exported file, and what its SHA-256
 * is taken of. Equal schedules give equal text.
 */
export function serializeSchedule(schedule: Schedule): Generator<string, void, undefined> {
  const { epochs } = schedule;
  return serializeEpochs(schedule, epochs.length, (epoch) => epochs[epoch]!);
}

/** The text of `exportSchedule(plan, count, epochCount)` without holding more than an epoch of it. */
export function serializePlan(
  plan: MinibatchPlan,
  count: number,
  epochCount: number,
): Generator<string, void, undefined> {
  const head = { version: 1, n: count, mode: plan.mode, repeat: "error" } as const;
  return serializeEpochs(head, epochCount, (epoch) => listEpoch(plan, epoch));
}

function* serializeEpochs(
  head: Omit<Schedule, "epochs">,
  epochCount: number,
  epochAt: (epoch: number) => Schedule["epochs"][number],
): Generator<string, void, undefined> {
  const { version, n, mode, repeat } = head;
  yield `{"version":${version},"n":${n},"mode":"${mode}","repeat":"${repeat}","epochs":[\n`;
  for (let epoch = 0; epoch < epochCount; epoch++) {
    yield `${JSON.stringify(epochAt(epoch))}${epoch + 1 < epochCount ? "," : ""}\n`;
  }
  yield "]}\n";
}
