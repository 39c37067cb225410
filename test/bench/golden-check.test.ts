import { expect, test } from "vitest";
import { type CheckReply, judgeCheck, makeTolerance } from "../../bench/golden-check.ts";

const none = { object: [0, 0], probe: [0, 0], loss: [0, 0] };

test("limits are those of the format, a tenth to aim at", () => {
  expect(makeTolerance([3, 12], none)).toEqual({
    required: { object: [1e-4, 1e-3], probe: [1e-4, 1e-3], loss: [1e-4, 1e-4], positions_px: 1e-3, opr_weights: 1e-3 },
    aim: { object: [1e-5, 1e-4], probe: [1e-5, 1e-4], loss: [1e-5, 1e-5] },
  });
});

test("where rounding moves more than a tenth of a limit, ten times that is the limit", () => {
  const { required, aim } = makeTolerance([3, 12], { ...none, object: [2.1e-6, 1.9e-4] });
  expect(aim.object).toEqual([3e-5, 2e-3]);
  expect(required.object).toEqual([1e-4, 2e-3]);
});

test("every number counts, and what could not be compared is beyond every limit", () => {
  const aim = makeTolerance([3, 12], none).aim;
  const reply: CheckReply = { file: "a.npz", ...none, largest: { position_origin_yx: 0 }, step: { step_chi: 0 } };
  expect(judgeCheck(reply, aim)).toEqual({ largest: 0, beyond: [] });
  const beyond = (changed: Partial<CheckReply>) => judgeCheck({ ...reply, ...changed }, aim).beyond;
  expect(beyond({ object: [9e-6, 9e-5] })).toEqual([]);
  expect(beyond({ object: [2e-5, 9e-5] })).toEqual(["object at checkpoint 1"]);
  expect(beyond({ loss: [0, 2e-5] })).toEqual(["loss at checkpoint 2"]);
  expect(beyond({ step: { step_chi: NaN } })).toEqual(["step_chi"]);
  expect(beyond({ largest: { position_origin_yx: 0.5 } })).toEqual(["position_origin_yx"]);
});
