// Who is whose neighbour in a subgroup: what lines shared by lanes rest on.
import { expect, test } from "vitest";
import { profileLimits } from "../../src/engine/state.ts";
import { assertLaneOrder, findStranger } from "../../src/kernels/lane-order.ts";
import { lanesOf } from "../../src/kernels/profile.ts";
import { testDevice } from "../support/gpu.ts";

/** [invocation] of the neighbours at distance 1, 2, 4 and itself, where invocation k is number `order[k]` of its subgroup. */
function neighboursIn(order: readonly number[]): Uint32Array {
  const at = (lane: number) => order.indexOf(lane);
  return Uint32Array.from(order.flatMap((lane, own) => [at(lane ^ 1), at(lane ^ 2), at(lane ^ 4), own]));
}

test("the test device has its invocations in order", async () => {
  const device = await testDevice();
  const lanes = lanesOf(profileLimits(device));
  if (lanes > 0) await assertLaneOrder(device, lanes);
  else await expect(assertLaneOrder(device, 4)).rejects.toMatchObject({ code: "KERNEL_COMPILE" });
});

test("another order is told, as far as the lanes of a line reach", () => {
  expect(findStranger(neighboursIn([0, 1, 2, 3, 4, 5, 6, 7]), 8)).toBeNull();
  // a subgroup laid over two rows of four
  expect(findStranger(neighboursIn([0, 1, 4, 5, 2, 3, 6, 7]), 4)).toBe("invocation 0 reaches 4 at distance 2");
  expect(findStranger(neighboursIn([0, 1, 2, 3, 5, 4, 6, 7]), 8)).toBe("invocation 0 reaches 5 at distance 4");
  expect(findStranger(neighboursIn([0, 1, 2, 3, 6, 7, 4, 5]), 4)).toBeNull();
});
