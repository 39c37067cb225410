// Golden files as they are read: types that differ are converted or refused by name, later features are named.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type GoldenCase, type LaterCase, readGoldenCase } from "../../bench/golden-case.ts";
import { relativeDifference, relativeError } from "../../bench/golden-compare.ts";
import { firstUpdatingEpoch } from "../../bench/golden-step.ts";
import { parseOptions, type ReconstructOptionsInput } from "../../src/index.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type CraftedCase, craftCase } from "../support/golden-files.ts";
import { npyFile, npyText } from "../support/npz-builder.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-golden-case-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fixture = "lsqml-mask";
const original = await read(() => {});

async function read(change: (made: CraftedCase) => void): Promise<GoldenCase | LaterCase> {
  const made = await craftCase(fixture);
  change(made);
  const path = join(folder, "case.npz");
  writeFileSync(path, made.bytes());
  return await readGoldenCase(path);
}

/** What an engine gets and what it is compared with. */
async function contents(golden: GoldenCase | LaterCase) {
  if ("notYet" in golden) throw new Error(`not yet: ${golden.notYet.join(", ")}`);
  const { patterns, plan, ...problem } = golden.problem;
  const bytes = new Uint8Array(patterns.count * patterns.patternBytes);
  await patterns.read(
    Uint32Array.from({ length: patterns.count }, (_, index) => index),
    bytes,
  );
  const { checkpoints, loss, illumination } = golden;
  const schedule = Array.from({ length: golden.epochs }, (_, epoch) => plan.minibatches(epoch));
  return { bytes, schedule, problem, checkpoints, loss, illumination };
}

describe("other types of the same numbers", () => {
  const rows: [name: string, change: (made: CraftedCase) => void][] = [
    ["float64 amplitudes", (made) => made.set("diffraction", { descr: "<f8" })],
    ["big-endian amplitudes", (made) => made.set("diffraction", { descr: ">f4" })],
    ["int64 schedule", (made) => made.set("schedule", { descr: "<i8" })],
    ["int16 schedule", (made) => made.set("schedule", { descr: "<i2" })],
    ["int64 checkpoints", (made) => made.set("ckpt_epochs", { descr: "<i8" })],
    ["complex128 object", (made) => made.set("object_initial", { descr: "<c16" })],
    ["complex128 checkpoints", (made) => made.set("ckpt_probe", { descr: "<c16" })],
    ["uint8 mask", (made) => made.set("valid_pixel_mask", { descr: "|u1" })],
    [
      "int64 mask of 0 and 7",
      (made) =>
        made.set("valid_pixel_mask", ({ numbers }) => ({ descr: "<i8", numbers: numbers.map((value) => 7 * value) })),
    ],
    ["float64 illumination", (made) => made.set("illumination", { descr: "<f8" })],
    ["options as bytes", (made) => putOptions(made, (text) => `|S${text.length + 3}`)],
    ["options as an array of bytes", (made) => putOptions(made, () => "|u1")],
    ["minibatches of nothing but padding", (made) => made.set("schedule", padMinibatch)],
  ];
  test.each(rows)("%s", async (_, change) => {
    expect(await contents(await read(change))).toEqual(await contents(original));
  });
});

function putOptions(made: CraftedCase, descr: (text: string) => string): void {
  const text = JSON.stringify(made.settings);
  const type = descr(text);
  const body = new TextEncoder().encode(type === "|u1" ? text : `${text}\0\0\0`);
  made.fields.set("options_json", npyFile(type, type === "|u1" ? [text.length] : [], body));
}

/** One more minibatch in every epoch, all -1. */
function padMinibatch({ shape, numbers }: { shape: readonly number[]; numbers: Float64Array }) {
  const [epochs, minibatches, size] = shape as [number, number, number];
  const padded = new Float64Array(epochs * (minibatches + 1) * size).fill(-1);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const length = minibatches * size;
    padded.set(numbers.subarray(epoch * length, (epoch + 1) * length), epoch * (minibatches + 1) * size);
  }
  return { shape: [epochs, minibatches + 1, size], numbers: padded };
}

describe("refused by name", () => {
  const rows: [field: string, mention: RegExp, change: (made: CraftedCase) => void][] = [
    [
      "diffraction",
      /complex64/,
      (made) =>
        made.set("diffraction", ({ numbers }) => ({ descr: "<c8", numbers: new Float64Array(2 * numbers.length) })),
    ],
    [
      "object_initial",
      /float32/,
      (made) =>
        made.set("object_initial", ({ numbers }) => ({ descr: "<f4", numbers: numbers.filter((_, k) => k % 2 === 0) })),
    ],
    [
      "schedule",
      /\.5/,
      (made) => made.set("schedule", ({ numbers }) => ({ descr: "<f8", numbers: numbers.map((value) => value + 0.5) })),
    ],
    ["schedule", /\[any, any, any\].*\[30, 9\]/, (made) => made.set("schedule", { shape: [30, 9] })],
    ["diffraction", /16, 64/, (made) => made.set("diffraction", { shape: [42, 16, 64] })],
    ["valid_pixel_mask", /\[32, 32\].*\[1024\]/, (made) => made.set("valid_pixel_mask", { shape: [1024] })],
    ["positions_yx_px", /\[42, 2\].*\[41, 2\]/, (made) => made.keepFirst("positions_yx_px", 41)],
    ["loss", /\[6\].*\[5\]/, (made) => made.keepFirst("loss", 5)],
    ["ckpt_object", /\[3, 1, .*\[2, 1, /, (made) => made.keepFirst("ckpt_object", 2)],
    ["ckpt_epochs", /at least one/, (made) => made.keepFirst("ckpt_epochs", 0)],
    ["illumination", /shape/, (made) => made.keepFirst("illumination", 7)],
    ["probe_initial", /4 axes/, (made) => made.set("probe_initial", { shape: [1, 32, 32] })],
    ["options_json", /num_epochs/, (made) => Object.assign(made.settings, { num_epochs: 6.5 })],
    ["options_json", /JSON/, (made) => made.fields.set("options_json", npyText("{'options': NaN}"))],
    ["options_json", /a JSON object/, (made) => made.fields.set("options_json", npyText("[1]"))],
    ["options_json", /text/, (made) => made.fields.set("options_json", npyFile("<f4", [1], new Uint8Array(4)))],
  ];
  test.each(rows)("%s %s", async (field, mention, change) => {
    await expectRefusal(read(change), "GOLDEN_FIELD", ["case.npz", field, mention]);
  });

  test.each(["illumination", "ckpt_positions_yx_px", "ckpt_opr_weights", "loss", "position_origin_yx"])(
    "%s is not there",
    async (field) => {
      await expectRefusal(
        read((made) => made.fields.delete(field)),
        "DATA_MISSING_KEY",
        ["case.npz", field],
      );
    },
  );

  test("a schedule that ends before the run", async () => {
    await expectRefusal(
      read((made) => made.keepFirst("schedule", 5)),
      "SCHEDULE_TOO_SHORT",
      [],
      78,
    );
  });
});

describe("features that come later", () => {
  const scalar = (value: number) => ({ descr: "<f8", shape: [], numbers: Float64Array.of(value) });
  const twice = ({ shape, numbers }: { shape: readonly number[]; numbers: Float64Array }) => ({
    shape: [2, ...shape.slice(1)],
    numbers: Float64Array.from([...numbers, ...numbers]),
  });
  const rows: [name: string, change: (made: CraftedCase) => void][] = [
    ["probe_initial with 2 OPR modes", (made) => made.set("probe_initial", twice)],
    ["object_initial with 2 slices", (made) => made.set("object_initial", twice)],
    ["free_space_propagation_distance_m", (made) => made.set("free_space_propagation_distance_m", scalar(1e-3))],
    ["probe_pixel_size_m", (made) => made.set("probe_pixel_size_m", scalar(1.25e-8))],
    ["probe_pixel_size_aspect_ratio", (made) => made.set("probe_pixel_size_aspect_ratio", scalar(1.25))],
    [
      "opr_weights_initial",
      (made) =>
        made.set("opr_weights_initial", { descr: "<f4", shape: [42, 1], numbers: new Float64Array(42).fill(0.9) }),
    ],
    ["DMOptions", (made) => Object.assign(made.settings, { options_class: "DMOptions" })],
    [
      "diffraction smaller than the probe",
      (made) =>
        made.set("diffraction", ({ numbers }) => ({
          shape: [42, 16, 32],
          numbers: numbers.slice(0, numbers.length / 2),
        })),
    ],
  ];
  test.each(rows)("%s", async (name, change) => {
    expect(await read(change)).toEqual({ file: "case.npz", notYet: [name] });
  });

  test("the same fields with values that change nothing", async () => {
    const neutral = await read((made) => {
      made.set("free_space_propagation_distance_m", scalar(Infinity));
      made.set("pixel_size_m", scalar(1e-8));
      made.set("probe_pixel_size_m", scalar(1e-8));
      made.set("probe_pixel_size_aspect_ratio", scalar(1));
      made.set("slice_spacings_m", { descr: "<f8", shape: [1], numbers: Float64Array.of(1e-5) });
      made.set("opr_weights_initial", { descr: "<f4", shape: [42, 1], numbers: new Float64Array(42).fill(1) });
    });
    expect(await contents(neutral)).toEqual(await contents(original));
  });
});

describe("first epoch that updates anything", () => {
  const rows: [options: ReconstructOptionsInput, epoch: number | null][] = [
    [{}, 1],
    [{ rescaleProbeInFirstEpoch: false }, 0],
    [{ object: { plan: { start: 3 } }, probe: { plan: { start: 4 } } }, 3],
    [{ rescaleProbeInFirstEpoch: false, object: { plan: { start: 3 } }, probe: { plan: { start: 2 } } }, 2],
    [{ object: { optimize: false }, probe: { plan: { start: 4 } } }, 4],
    [{ object: { plan: { stride: 4 } }, probe: { plan: { start: 5 } } }, 4],
    [{ object: { plan: { stop: 1 } }, probe: { optimize: false } }, null],
  ];
  test.each(rows)("%j: %s", (options, epoch) => {
    const problem = { options: parseOptions(options) } as GoldenCase["problem"];
    expect(firstUpdatingEpoch({ problem, epochs: 6 })).toBe(epoch);
  });
});

describe("measures", () => {
  test("relative to what is expected, absolute where that is zero", () => {
    expect(relativeDifference(1.1, 1)).toBeCloseTo(0.1);
    expect(relativeDifference(1.1, -1)).toBeCloseTo(2.1);
    expect(relativeDifference(0.25, 0)).toBe(0.25);
    expect(relativeDifference(0, 0)).toBe(0);
    expect(relativeError([3, 4], [0, 0])).toBe(5);
    expect(relativeError([0, 0], [0, 0])).toBe(0);
    expect(relativeError([1, 1], [1, 0])).toBe(1);
  });
  test("what cannot be compared is NaN", () => {
    expect(relativeError([1, 2, 3], [1, 2])).toBeNaN();
    expect(relativeError([1], [1, 2])).toBeNaN();
    expect(relativeError([], [])).toBeNaN();
    expect(relativeError([NaN], [1])).toBeNaN();
    expect(relativeDifference(NaN, 1)).toBeNaN();
  });
  test("pixels without weight may hold anything, weights repeat for further slices", () => {
    expect(relativeError([1, 0, 9, 9], [1, 0, NaN, 0], [1, 0])).toBe(0);
    expect(relativeError([1, 0, 5, 5, 2, 0, 7, 7], [1, 0, 0, 0, 1, 0, 0, 0], [1, 0])).toBeCloseTo(Math.SQRT1_2);
  });
});
