// Explicit schedules: every rule of batching.md section 6, the round trip, and the canonical text.
import { describe, expect, it } from "vitest";
import { OptionsError } from "../../src/errors.ts";
import {
  exportSchedule,
  noteScheduleGaps,
  parseSchedule,
  planFromSchedule,
  serializePlan,
  serializeSchedule,
} from "../../src/schedule/explicit.ts";
import { createMinibatchPlan } from "../../src/schedule/minibatches.ts";
import type { Schedule } from "../../src/schedule/schedule.ts";

const good = {
  version: 1,
  n: 5,
  mode: "random",
  epochs: [
    [
      [3, 0],
      [1, 4, 2],
    ],
    [[0, 1, 2, 3, 4]],
  ],
};

function refusal(json: unknown): OptionsError {
  try {
    parseSchedule(json, "plan.json");
  } catch (error) {
    if (error instanceof OptionsError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

const text = (schedule: Schedule) => [...serializeSchedule(schedule)].join("");
const lists = (pieces: readonly Uint32Array[]) => pieces.map((piece) => [...piece]);

describe("parseSchedule", () => {
  it("accepts the format and defaults repeat to error", () => {
    expect(parseSchedule(good)).toEqual({ ...good, repeat: "error" });
  });

  it.each([
    ["another version", { ...good, version: 2 }, "version"],
    ["no version", { n: 5, mode: "random", epochs: good.epochs }, "version"],
    ["unknown mode", { ...good, mode: "sparse" }, "mode"],
    ["unknown repeat", { ...good, repeat: "forever" }, "repeat"],
    ["n of 0", { ...good, n: 0 }, "n"],
    ["no epoch", { ...good, epochs: [] }, "epochs"],
    ["empty epoch", { ...good, epochs: [[]] }, "epochs[0]"],
    ["empty minibatch", { ...good, epochs: [[[0], []]] }, "epochs[0][1]"],
    ["minibatch that is no list", { ...good, epochs: [[0, 1]] }, "epochs[0][0]"],
    ["index n", { ...good, epochs: [[[0, 5]]] }, "epochs[0][0][1]"],
    ["negative index", { ...good, epochs: [[[-1]]] }, "epochs[0][0][0]"],
    ["fraction", { ...good, epochs: [[[0.5]]] }, "epochs[0][0][0]"],
    ["text for a number", { ...good, epochs: [[["1"]]] }, "epochs[0][0][0]"],
    ["null", { ...good, epochs: [[[null]]] }, "epochs[0][0][0]"],
    ["duplicate in a minibatch", { ...good, epochs: [[[1, 2, 1]]] }, "epochs[0][0][2]"],
  ])("refuses %s with its path and exit code 78", (_, json, field) => {
    const error = refusal(json);
    expect(error.exitCode).toBe(78);
    expect(error.details.source).toBe("plan.json");
    expect(error.details.field).toBe(field);
  });

  it("refuses an unknown key by name", () => {
    expect(refusal({ ...good, repeats: "last" }).message).toContain("repeats");
    expect(refusal(JSON.parse('{"version":1,"n":1,"mode":"random","epochs":[[[0]]],"__proto__":1}')).exitCode).toBe(78);
  });

  it("accepts the same pattern in two minibatches", () => {
    expect(parseSchedule({ ...good, epochs: [[[1], [1]]] }).epochs).toEqual([[[1], [1]]]);
  });
});

describe("planFromSchedule", () => {
  const schedule = parseSchedule(good);

  it("gives the listed minibatches and the largest size", () => {
    const plan = planFromSchedule(schedule, 5);
    expect(lists(plan.minibatches(0))).toEqual(good.epochs[0]);
    expect(plan.maxBatchSize).toBe(5);
    expect(plan.mode).toBe("random");
  });

  it("goes on as repeat says", () => {
    const at = (repeat: Schedule["repeat"], epoch: number) =>
      lists(planFromSchedule({ ...schedule, repeat }, 5).minibatches(epoch));
    expect(at("last", 7)).toEqual(good.epochs[1]);
    expect(at("cycle", 4)).toEqual(good.epochs[0]);
    expect(at("cycle", 5)).toEqual(good.epochs[1]);
    expect(() => at("error", 2)).toThrow("SCHEDULE_TOO_SHORT");
  });

  it("refuses a schedule that is too short before the run, another count, and compact", () => {
    expect(() => planFromSchedule(schedule, 5, 3)).toThrow("SCHEDULE_TOO_SHORT");
    expect(() => planFromSchedule(schedule, 5, 2)).not.toThrow();
    expect(() => planFromSchedule(schedule, 6)).toThrow("SCHEDULE_COUNT");
    expect(() => planFromSchedule({ ...schedule, mode: "compact" }, 5)).toThrow("SCHEDULE_COMPACT_NOT_YET");
  });

  it("checks schedules that never went through parseSchedule", () => {
    expect(() => planFromSchedule({ ...schedule, epochs: [[[0, 0]]] }, 5)).toThrow("SCHEDULE_DUPLICATE");
  });
});

describe("gaps", () => {
  it("are warned about with their number", () => {
    expect(noteScheduleGaps(parseSchedule(good))).toEqual([]);
    const notes = noteScheduleGaps(parseSchedule({ ...good, epochs: [[[0, 1], [1]], [[0, 1, 2, 3, 4]]] }));
    expect(notes).toHaveLength(1);
    expect(notes[0]!.level).toBe("warning");
    expect(notes[0]!.message).toContain("1 of 2");
    expect(notes[0]!.message).toContain("2 of 5");
  });
});

describe("export", () => {
  const plan = createMinibatchPlan({
    count: 23,
    batchSize: 6,
    batching: "random",
    evenBatches: false,
    seed: 9,
    positionsPx: new Float64Array(46),
  });

  it("round trips through its text", () => {
    const schedule = exportSchedule(plan, 23, 3);
    const again = parseSchedule(JSON.parse(text(schedule)));
    expect(again).toEqual(schedule);
    const followed = planFromSchedule(again, 23, 3);
    for (const epoch of [0, 1, 2]) expect(lists(followed.minibatches(epoch))).toEqual(lists(plan.minibatches(epoch)));
  });

  it("a plan's text is that of its schedule", () => {
    expect([...serializePlan(plan, 23, 3)].join("")).toBe(text(exportSchedule(plan, 23, 3)));
  });

  it("has one canonical text, whatever the order of keys", () => {
    const schedule = parseSchedule(good);
    const shuffled = parseSchedule({ epochs: good.epochs, mode: "random", n: 5, repeat: "error", version: 1 });
    expect(text(shuffled)).toBe(text(schedule));
    expect(text(schedule)).toBe(
      '{"version":1,"n":5,"mode":"random","repeat":"error","epochs":[\n[[3,0],[1,4,2]],\n[[0,1,2,3,4]]\n]}\n',
    );
  });
});
