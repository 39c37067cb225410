// Parts of the page that need no browser: stages, viewport, overlap, percentiles, lines, drops, remedies, typed values.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeCrossing, describePlace, describeShift } from "../../demo/src/compare-words.ts";
import { computeImage, planeOf, readerOf } from "../../demo/src/complex-plane.ts";
import { pickDropped } from "../../demo/src/drop-zone.ts";
import { formatBytes, formatNumber, formatSeconds } from "../../demo/src/format.ts";
import { askForMemory } from "../../demo/src/memory.ts";
import { listFields } from "../../demo/src/option-fields.ts";
import { countOverlap } from "../../demo/src/overlap-map.ts";
import type { DataCard } from "../../demo/src/protocol.ts";
import { rewordFlags } from "../../demo/src/remedies.ts";
import { rangeOf, sampleLine, thin, toLog } from "../../demo/src/scalar-image.ts";
import { controlsOf, nextStage } from "../../demo/src/state.ts";
import { readTyped } from "../../demo/src/typed-value.ts";
import { findLack } from "../../demo/src/unavailable.ts";
import { fromIndices, panBy, toImage, toStage, wholeImage, zoomAt } from "../../demo/src/viewport.ts";

test("a run goes through its stages, and steps that make no sense are ignored", () => {
  const walk = (steps: readonly Parameters<typeof nextStage>[1][]) =>
    steps.reduce<ReturnType<typeof nextStage>>((stage, step) => stage && nextStage(stage, step), "opening");
  expect(walk(["device-opened", "file-chosen", "file-read", "run", "pause", "resume", "ended"])).toBe("finished");
  expect(walk(["device-opened", "file-chosen", "file-read", "run", "stop", "ended", "run"])).toBe("running");
  expect(nextStage("ready", "pause")).toBeNull();
  expect(nextStage("running", "run")).toBeNull();
  expect(nextStage("running", "worker-gone")).toBe("opening");
  expect(nextStage("reading", "file-kept")).toBe("ready");
});

test("only one of run, pause and resume can be pressed", () => {
  for (const stage of ["ready", "running", "paused", "finished"] as const) {
    const { run, pause, resume } = controlsOf(stage);
    expect([run, pause, resume].filter(Boolean), stage).toHaveLength(1);
  }
  expect(controlsOf("stopping")).toEqual({ run: false, pause: false, resume: false, stop: false, options: false });
});

test("zooming keeps the point under the pointer, panning follows it, neither shows empty edges", () => {
  const shape = [100, 200] as const;
  const whole = wholeImage(shape);
  expect(toImage(whole, shape, [0.5, 0])).toEqual([50, 0]);
  const at = [0.5, 0.8] as const;
  const before = toImage(whole, shape, at);
  const near = zoomAt(whole, shape, 4, at);
  expect(toImage(near, shape, at)[1]).toBeCloseTo(before[1], 9);
  expect(toStage(near, shape, toImage(near, shape, [0.3, 0.6]))[0]).toBeCloseTo(0.3, 9);
  const moved = panBy(near, shape, [0, 0.1]);
  expect(moved.centrePx[1]).toBeCloseTo(near.centrePx[1] - 0.1 * 50, 9);
  expect(toImage(panBy(near, shape, [0, 9]), shape, [0.5, 0])[1]).toBeCloseTo(0, 9);
  expect(zoomAt(near, shape, 1e-9)).toEqual(whole);
});

test("overlap counts the windows over every pixel", () => {
  const { image, points, reduction } = countOverlap([10, 10, 10, 12, 13, 10], [4, 4]);
  expect(reduction).toBe(1);
  expect(image.shape).toEqual([7, 6]);
  expect(Array.from(image.values.subarray(0, 6))).toEqual([1, 1, 2, 2, 1, 1]);
  expect(image.values[3 * 6]).toBe(2);
  expect(Array.from(image.values).reduce((sum, value) => sum + value, 0)).toBe(3 * 16);
  expect(Array.from(points.subarray(0, 2))).toEqual([2, 2]);
  expect(Math.max(...countOverlap([0, 0, 9000, 9000], [64, 64]).image.shape)).toBeLessThanOrEqual(257);
});

test("components, percentiles, logarithms and lines", () => {
  const array = { shape: [1, 2], data: Float32Array.of(3, 4, -4, 3) };
  expect(Array.from(computeImage(planeOf(array, 0), "amplitude").values)).toEqual([5, 5]);
  const [first, second] = Array.from(computeImage(planeOf(array, 0), "phase").values) as [number, number];
  expect(second - first).toBeCloseTo(Math.PI / 2, 6); // the mean phase is gone, differences stay
  expect(first + second).toBeCloseTo(0, 6);
  const right = planeOf(array, 0, { start: [0, 1], shape: [1, 1] }); // the mean of a part
  expect([0, 1].map(readerOf(right, "hue"))).toEqual([expect.closeTo(-Math.PI / 2, 6), expect.closeTo(0, 6)]);
  expect(Array.from(computeImage(right, "hue").light!)).toEqual([5, 5]);
  const ramp = { shape: [10, 10] as const, values: Float32Array.from({ length: 100 }, (_, i) => i) };
  expect(rangeOf([ramp], [0, 100])).toEqual([0, 99]);
  expect(rangeOf([ramp], [10, 90])).toEqual([10, 89]);
  expect(rangeOf([ramp, { shape: [1, 1], values: Float32Array.of(400) }], [0, 100])).toEqual([0, 400]);
  expect(rangeOf([{ shape: [1, 2], values: Float32Array.of(2, 2) }], [0, 100])).toEqual([1.5, 2.5]);
  expect(Array.from(toLog({ shape: [1, 3], values: Float32Array.of(0, 1, 100) }).values)).toEqual([-2, 0, 2]);
  const valueAt = (index: number) => ramp.values[index]!;
  const along = (y: number, x0: number, x1: number) =>
    sampleLine([10, 10], valueAt, [
      [y, x0],
      [y, x1],
    ]);
  expect(along(2.5, 0.5, 3.5)).toEqual({ distancePx: [0, 1, 2, 3], values: [20, 21, 22, 23] });
  expect(along(0.5, 8.5, 10.5).values).toEqual([8, 9, null]);
  const thinned = thin(ramp, 4);
  expect(thinned).toMatchObject({ shape: [4, 4], stepPx: 3 });
  expect(Array.from(thinned.values.subarray(0, 5))).toEqual([0, 3, 6, 9, 30]);
  expect(thin(ramp, 10)).toBe(ramp);
  expect(toLog(thinned).stepPx, "lines are still measured in pixels of the image").toBe(3);
});

test("percentiles see all columns, whatever the width", () => {
  for (const width of [400, 500, 512]) {
    const values = Float32Array.from({ length: width * width }, (_, i) => i % width);
    const [low, high] = rangeOf([{ shape: [width, width], values }], [10, 90]);
    expect(low / width, `${width}`).toBeCloseTo(0.1, 1.7);
    expect(high / width, `${width}`).toBeCloseTo(0.9, 1.7);
  }
});

test("scan positions are middles of pixels", () => {
  expect(Array.from(fromIndices([0, 7.25]))).toEqual([0.5, 7.75]);
});

test("what was typed is a number, a list where one is wanted, or text for the core to refuse", () => {
  expect(readTyped("  ", false)).toBeUndefined();
  expect(["100", " 1e3 ", "-2.5"].map((text) => readTyped(text, false))).toEqual([100, 1000, -2.5]);
  expect(["100,000", "5 10", "auto", "1,"].map((text) => readTyped(text, false))).toEqual([
    "100,000",
    "5 10",
    "auto",
    "1,",
  ]);
  expect(["64, 128", "64 128", "64×128", "64;128"].map((text) => readTyped(text, true))).toEqual(
    Array.from({ length: 4 }, () => [64, 128]),
  );
  expect(["64,", "a, 2"].map((text) => readTyped(text, true))).toEqual(["64,", "a, 2"]);
});

test("memory is asked about for the patterns that are used", () => {
  const card = { patterns: 20_000, heightPx: 256, widthPx: 256 } as DataCard;
  expect(askForMemory(card, {})).toMatchObject({ code: "PAGE_MEMORY", details: { got: "about 5243 MB" } });
  expect(askForMemory(card, { data: { firstPatterns: 100 } })).toBeNull();
  expect(askForMemory(card, { data: { firstPatterns: 1e9 } })?.details.got).toBe("about 5243 MB");
});

test("one file can be dropped; folders and several are refused with what to do", () => {
  const file = new File([], "scan.npz");
  const transfer = (files: File[], isDirectory: boolean) =>
    ({ files, items: [{ webkitGetAsEntry: () => ({ isDirectory }) }] }) as unknown as DataTransfer;
  expect(pickDropped(transfer([file], false))).toBe(file);
  expect(pickDropped(transfer([], false))).toBeNull();
  expect(() => pickDropped(transfer([file], true))).toThrow(/folder/);
  expect(() => pickDropped(transfer([file, file], false))).toThrow(/several/);
});

test("every option of the core has a row, and the ones with names of their own are found", () => {
  const fields = listFields();
  const groups = (group: string) => fields.filter((field) => field.group === group);
  expect([groups("main").length, groups("reading").length]).toEqual([6, 11]);
  expect(groups("more").length).toBeGreaterThan(20);
  const epochs = fields.find(({ fact }) => fact.path.join(".") === "epochs")!;
  expect(epochs).toMatchObject({ label: "Epochs", unit: "passes", fact: { defaultValue: 100 } });
  expect(fields.find(({ fact }) => fact.path.join(".") === "object.plan.stride")!.unit).toBe("epochs");
  expect(new Set(fields.map(({ label }) => label)).size).toBe(fields.length);
});

test("advice names the page's fields instead of flags", () => {
  const said = {
    "Say --intensity or --amplitude": "Say “Values are: intensity” or “Values are: amplitude”",
    "give --intensity-scale counts": "give “Intensity scale: counts”",
    "use --noise-model gaussian": "use “Noise model: gaussian”",
    "or pass --no-rescale-probe-in-first-epoch": "or pass “Rescale probe in first epoch: off”",
    "Raise the limit with --memory-budget 2GB, or": "Raise the limit with “Data: memory budget bytes”, or",
    "or move --canvas-origin": "or move “Canvas: origin px”",
    "--first-patterns N": "“Only the first”",
    "Pass --clip-negative to set them to zero": "Pass “Clip negative values” to set them to zero",
    "a -- b --unknown-flag": "a -- b --unknown-flag",
  };
  for (const [text, expected] of Object.entries(said)) expect(rewordFlags(text)).toBe(expected);
});

test("no flag of the core's texts reaches the page", () => {
  const root = join(import.meta.dirname, "../../src");
  let found = 0;
  for (const folder of ["data", "engine"]) {
    for (const name of readdirSync(join(root, folder)).filter((file) => file.endsWith(".ts"))) {
      const lines = readFileSync(join(root, folder, name), "utf8").split("\n");
      for (const line of lines.filter((text) => !/^\s*(\*|\/\/|\/\*)/.test(text) && /--[a-z]/.test(text))) {
        found++;
        expect(rewordFlags(line), `${folder}/${name}`).not.toMatch(/--[a-z]/);
      }
    }
  }
  expect(found).toBeGreaterThan(10);
});

test("what a browser lacks", () => {
  expect(findLack({ isSecureContext: false, navigator: { gpu: {} } })).toBe("insecure");
  expect(findLack({ isSecureContext: true, navigator: {} })).toBe("no-webgpu");
  expect(findLack({ isSecureContext: true, navigator: { gpu: {} } })).toBeNull();
});

test("numbers as people read them", () => {
  expect([0, 1234567, 0.00012345, 12.3456].map(formatNumber)).toEqual(["0", "1.23e+6", "1.23e-4", "12.35"]);
  expect([4, 200, 7500, Number.NaN].map(formatSeconds)).toEqual(["4 s", "3 min 20 s", "2 h 5 min", "–"]);
  expect([400, 5e5, 2.5e6, 3e9].map(formatBytes)).toEqual(["1 kB", "500 kB", "2.5 MB", "3000 MB"]);
});

test("a comparison says what its figures hide", () => {
  const crossing = (state: "crosses" | "never" | "from the start" | "undefined") =>
    describeCrossing({ state, cyclesPerPx: 0.25, resolutionPx: state === "crosses" ? 4 : null });
  expect(crossing("crosses")).toBe("4 px");
  expect(crossing("never")).toContain("alike");
  expect(crossing("from the start")).toContain("nothing in common");
  expect(crossing("undefined")).toContain("not defined");
  expect(describeShift([1, -2.5], false)).toBe("1, -2.5 px (y, x)");
  expect(describeShift([5, 0], true)).toContain("may not belong together");
  expect(new Set((["recorded", "rule", "centred"] as const).map(describePlace)).size).toBe(3);
});
