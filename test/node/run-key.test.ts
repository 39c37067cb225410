// What the key of a run depends on.
import { expect, test } from "vitest";
import { runKey } from "../../src/node/run-key.ts";
import { parseOptions, type ReconstructOptions, type ReconstructOptionsInput } from "../../src/options.ts";

const files = { inputSha256: "00", maskSha256: null, scheduleSha256: null, engineVersion: "0.1.0" };
const keyOf = (input: ReconstructOptionsInput) => runKey({ ...files, options: parseOptions(input) });

test("options that change the arrays change it, the number of epochs and memory limits do not", () => {
  const plain = keyOf({});
  for (const input of [
    { seed: 1 },
    { batchSize: 95 },
    { profile: "serial" },
    { data: { clipNegative: true } },
  ] as const)
    expect(keyOf(input), JSON.stringify(input)).not.toBe(plain);
  for (const input of [{ epochs: 7 }, { deviceMemoryBytes: 1 }, { data: { memoryBudgetBytes: 1 } }])
    expect(keyOf(input), JSON.stringify(input)).toBe(plain);
  expect(keyOf({ profile: "serial" })).not.toBe(keyOf({ profile: "looped" }));
});

test("without a profile it is that of options from before there were profiles", () => {
  const { profile, ...before } = parseOptions({});
  expect(profile).toBeNull();
  expect(runKey({ ...files, options: before as ReconstructOptions })).toBe(keyOf({}));
});
