import { expect, test } from "vitest";
import { listMissing, parsePins, planInstall } from "../../bench/setup-plan.ts";

const pins = parsePins("# comment\nptychi==2.2.0\n\ntorch==2.15.0 # note\nnumpy==2.4.6\n");

test("pins are read line by line, anything else is refused", () => {
  expect(pins).toEqual([
    { name: "ptychi", version: "2.2.0" },
    { name: "torch", version: "2.15.0" },
    { name: "numpy", version: "2.4.6" },
  ]);
  expect(() => parsePins("torch>=2")).toThrow("torch>=2");
});

test("what another build or nothing stands for is missing; a build tag is no other version", () => {
  expect(listMissing(pins, { ptychi: "2.2.0", torch: "2.15.0+cpu", numpy: "2.4.6" })).toEqual([]);
  expect(listMissing(pins, { ptychi: null, torch: "2.14.0", numpy: "2.4.6" }).map(({ name }) => name)).toEqual([
    "ptychi",
    "torch",
  ]);
});

test("PyTorch comes from the index without CUDA first, then the rest; wheels replace every index", () => {
  const from = (source: Partial<Parameters<typeof planInstall>[1]>) =>
    planInstall(pins, { wheels: null, processorIndex: null, ...source });
  expect(from({})).toEqual([["ptychi==2.2.0", "torch==2.15.0", "numpy==2.4.6"]]);
  expect(from({ processorIndex: "https://index" })).toEqual([
    ["--index-url", "https://index", "torch==2.15.0"],
    ["ptychi==2.2.0", "torch==2.15.0", "numpy==2.4.6"],
  ]);
  expect(from({ wheels: "/w", processorIndex: "https://index" })).toEqual([
    ["--no-index", "--find-links", "/w", "ptychi==2.2.0", "torch==2.15.0", "numpy==2.4.6"],
  ]);
});
