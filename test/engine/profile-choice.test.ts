// Which profile a run takes, and that a checkpoint of another one is refused: no device needed.
import { describe, expect, test } from "vitest";
import { assertCheckpointFits, type Checkpoint } from "../../src/engine/checkpoint.ts";
import { chooseRunProfile, type ProfileWishes } from "../../src/engine/profile-choice.ts";
import { prepareProblem } from "../../src/engine/reconstruct.ts";
import { parseOptions } from "../../src/options.ts";
import type { ProfileName } from "../../src/profile-names.ts";
import { makeTinyScan } from "./tiny-scan.ts";

describe("the profile of a run", () => {
  const all: ProfileWishes = {
    option: "shared",
    checkpoint: { profile: "looped" },
    tuned: "unrolled",
    adapter: "serial",
    candidates: ["serial", "looped", "unrolled"],
  };
  const silent = { profile: null };
  const cases: [string, Partial<ProfileWishes>, ProfileName, string][] = [
    ["the option before all else", {}, "shared", "option"],
    ["that of the checkpoint before what was tuned", { option: null }, "looped", "checkpoint"],
    [
      "a checkpoint that does not say: the adapter's, as then",
      { option: null, checkpoint: silent },
      "serial",
      "adapter",
    ],
    [
      "not that of a checkpoint from another kind of adapter",
      { option: null, checkpoint: { profile: "shared" } },
      "serial",
      "adapter",
    ],
    ["what was tuned", { option: null, checkpoint: null }, "unrolled", "tuned"],
    ["the adapter's at last", { option: null, checkpoint: null, tuned: null }, "serial", "adapter"],
  ];
  test.each(cases)("%s", (_, wishes, profile, profileSource) => {
    expect(chooseRunProfile({ ...all, ...wishes })).toEqual({ profile, profileSource });
  });
});

describe("a checkpoint", () => {
  const { dataset } = makeTinyScan();
  const check = (option: ProfileName | null, profile: ProfileName | null) => {
    const { problem } = prepareProblem(dataset, parseOptions({ epochs: 2, profile: option }));
    const checkpoint: Checkpoint = {
      object: problem.object,
      probe: problem.probe,
      illumination: new Float32Array(problem.object.data.length / 2),
      farStep: new Float32Array(problem.patterns.count),
      epochsCompleted: 1,
      loss: Float64Array.of(1),
      unsolvedSteps: 0,
      profile,
    };
    assertCheckpointFits(checkpoint, problem);
  };
  test.each([
    [null, "looped"],
    ["looped", "looped"],
    ["looped", null],
  ] as const)("fits: option %s, checkpoint %s", (option, profile) => {
    expect(() => check(option, profile)).not.toThrow();
  });
  test("of another profile than the option's is refused with both", () => {
    const details = { field: "profile", expected: "serial", got: "looped" };
    expect(() => check("serial", "looped")).toThrow(
      expect.objectContaining({ code: "CHECKPOINT_MISMATCH", exitCode: 65, details: expect.objectContaining(details) }),
    );
  });
});
