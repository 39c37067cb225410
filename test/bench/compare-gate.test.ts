import { expect, test } from "vitest";
import { alignedError, gateEarly, gateFinal, measureMovement, passesGate } from "../../bench/compare-gate.ts";

const object = [1, 0, 0, 2, -1, 1, 3, -2];
const weights = [1, 2, 1, 0];
const state = { object, probe: [1, 1, 0, -1], loss: [3, 2, 1] };
const turn = (values: readonly number[], angle: number) =>
  values.map((_, k) =>
    k % 2 === 0
      ? values[k]! * Math.cos(angle) - values[k + 1]! * Math.sin(angle)
      : values[k]! * Math.cos(angle) + values[k - 1]! * Math.sin(angle),
  );

test("the aligned error removes a global phase and nothing else", () => {
  expect(alignedError(turn(object, 0.7), object, weights)).toBeLessThan(1e-14);
  expect(alignedError(turn(object, -2.9), object, weights)).toBeLessThan(1e-14);
  const longer = object.map((value) => 1.01 * value);
  expect(alignedError(turn(longer, 0.7), object, weights)).toBeCloseTo(0.01, 10);
  expect(alignedError(object.slice(2), object, weights)).toBeNaN();
});

test("what has no weight may differ", () => {
  const changed = [...object.slice(0, 6), 90, 90];
  expect(alignedError(changed, object, weights)).toBeLessThan(1e-14);
  expect(alignedError(changed, object, [1, 2, 1, 1])).toBeGreaterThan(1);
});

test("the early gate takes no phase away and looks at object, probe and every loss", () => {
  expect(passesGate(gateEarly(state, state, weights))).toBe(true);
  const fails = (changed: Partial<typeof state>) =>
    gateEarly({ ...state, ...changed }, state, weights)
      .filter((value) => !passesGate([value]))
      .map(({ name }) => name);
  expect(fails({ object: turn(object, 1e-3) })).toEqual(["object"]);
  expect(fails({ probe: [1, 1, 0, -1.001] })).toEqual(["probe"]);
  expect(fails({ loss: [3, 2.001, 1] })).toEqual(["loss"]);
  expect(fails({ loss: [3, 2] })).toEqual(["loss"]);
});

test("the final gate allows a phase, 1e-3 of the object and 1 % of every loss", () => {
  const passes = (changed: Partial<typeof state>) => passesGate(gateFinal({ ...state, ...changed }, state, weights));
  expect(passes({ object: turn(object, 2) })).toBe(true);
  expect(passes({ object: object.map((value) => 1.0009 * value) })).toBe(true);
  expect(passes({ object: object.map((value) => 1.0011 * value) })).toBe(false);
  expect(passes({ loss: [3, 2.019, 1] })).toBe(true);
  expect(passes({ loss: [3, 2.021, 1] })).toBe(false);
  expect(passes({ object: [NaN, ...object.slice(1)] })).toBe(false);
});

test("nothing compared is nothing passed", () => {
  expect(passesGate([])).toBe(false);
  expect(measureMovement(object, object, weights)).toBe(0);
  expect(
    measureMovement(
      object.map((value) => 2 * value),
      object,
      weights,
    ),
  ).toBeCloseTo(0.5, 12);
});
