// `ptycho tune` without a device: its command line, the fastest of several, the report.
import { expect, test } from "vitest";
import { findFastest, type ProfileMeasurement } from "../../src/engine/measure-profiles.ts";
import { formatTuneReport } from "../../src/node/commands/tune.ts";
import { runHere as run } from "../support/run-here.ts";

const measured = (profile: ProfileMeasurement["profile"], patternsPerSecond: number | null): ProfileMeasurement => ({
  ...{ profile, isDefault: profile === "serial", patternsPerSecond },
  readySeconds: patternsPerSecond === null ? null : 1.25,
  reason: patternsPerSecond === null ? "the device refused a pipeline" : null,
});

test("the fastest is the first of the fastest that could be measured", () => {
  const of = (...rates: (number | null)[]) =>
    findFastest(rates.map((rate, index) => measured((["serial", "looped", "unrolled"] as const)[index]!, rate)))
      ?.profile;
  expect(of(1, 3, 2)).toBe("looped");
  expect(of(null, 2, 2)).toBe("looped");
  expect(of(null, null)).toBeUndefined();
});

test("the report marks default and fastest and says what became of the choice", () => {
  const report = {
    ...{ size: 128, modes: 2, batchSize: 96, adapter: "adapter", turns: 5, fastest: "looped", savedIn: null },
    profiles: [measured("serial", 12.345), measured("looped", 23456.7), measured("unrolled", null)],
  };
  expect(formatTuneReport(report).split("\n")).toEqual([
    "128 x 128, 2 modes, minibatches of 96; median of 5 turns",
    "  serial         12.3 patterns/s  ready in 1.3 s  default",
    "  looped        23457 patterns/s  ready in 1.3 s  fastest",
    "  unrolled  the device refused a pipeline",
    "not saved: --save makes later runs on this adapter take it, --profile looped a single one",
    "",
  ]);
  const saved = formatTuneReport({ ...report, savedIn: "/a/file.json" });
  expect(saved).toContain("saved in /a/file.json: later runs on this adapter take looped\n");
});

test.each([
  [["--size", "7"], "--size"],
  [["--size", "14"], "prime factors above 5"],
  [["--modes", "0"], "--modes"],
  [["--batch-size", "x"], "--batch-size"],
  [["--device", "fast"], "--device"],
  [["--profile", "serial"], "It belongs to ptycho reconstruct"],
  [["scan.npz"], "scan.npz"],
])("%j is refused before any device is opened, 2", async (flags, mention) => {
  const { code, err, out } = await run("tune", ...flags);
  expect(code, err).toBe(2);
  expect(err).toContain(mention);
  expect(out).toBe("");
});

test("no other command's help text passes for its flags", async () => {
  expect((await run("inspect", "a.npz", "--profile", "serial")).err).toContain("It belongs to ptycho reconstruct [");
  expect((await run("inspect", "a.npz", "--save")).err).toContain("It belongs to ptycho tune [");
});
