// The data contract row by row: every row of study.md 7.3 and 7.4 about a scan file.
import { describe, expect, it } from "vitest";
import type { CheckedScan } from "../../src/data/contract.ts";
import { inspectDataset } from "../../src/data/inspect.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { OptionsError } from "../../src/errors.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { encodeNumbers, npyFile, npyNumbers, npyPickled, npyText } from "../support/npz-builder.ts";
import { refusedRows } from "../support/refused-files.ts";
import {
  dataOptions,
  type Members,
  notesOf,
  ones,
  orientedPatterns,
  plainScan,
  probeNumbers,
  readMembers as read,
  readScan,
  refuseScan,
  scanFile,
  scanMembers,
  scanNumbers,
  warningsOf as warnings,
} from "../support/scan-files.ts";

const { count, heightPx, widthPx, patterns, x, y, shape, pixels, members: plain } = plainScan;
const diffraction = (descr: string, values: ArrayLike<number> = patterns): Members => ({
  ...plain,
  diffraction: npyNumbers(descr, shape, Array.from(values)),
});
const counts = Array.from(patterns, (value) => Math.round(1000 * value));
const without = (...names: string[]): Members =>
  Object.fromEntries(Object.entries(plain).filter(([name]) => !names.includes(name)));

describe("7.3 and 7.4: the table of refusals, read without the command line", () => {
  it.each(refusedRows("7"))("%s", async (_, { file, code, names }) => {
    await expectRefusal(readScan(file()), code, ["scan.npz", ...names]);
  });
});

describe("7.3: what the validator refuses", () => {
  it.each(["diffraction", "objectGuess", "probeGuess", "xcoords", "ycoords"])("7.3 key missing: %s alone", (key) =>
    refuseScan(without(key), "DATA_MISSING_KEY", [
      `Missing required NPZ keys (DATA-001): ['${key}']`,
      "Expected keys: ['diffraction', 'objectGuess', 'probeGuess', 'xcoords', 'ycoords']",
    ]),
  );
  it("7.3 key missing: another file altogether", async () => {
    const file = scanFile({ weights: npyNumbers("<f4", [2], [1, 2]) });
    await expectRefusal(readScan(file), "DATA_MISSING_KEY", [/'diffraction', .*'ycoords'/, "got ['weights']"]);
  });
  it.each(["|b1", "|u1", "|i1", "<u2", ">u2", "<i2", "<u4", "<i4", "<u8", ">i8"])(
    "7.3 diffraction of %s: only with --intensity",
    async (descr) => {
      const members = diffraction(
        descr,
        descr.endsWith("b1") ? counts.map((value) => value % 2) : counts.map((v) => v % 100),
      );
      await refuseScan(members, "DATA_QUANTITY", ["diffraction must be float (amplitude), got dtype=", "--intensity"]);
      expect((await read(members, { quantity: "intensity" })).patterns.quantity).toBe("intensity");
    },
  );
  it.each(["<c8", ">c16"])("7.3 diffraction of %s: not even with --intensity", async (descr) => {
    const members = diffraction(descr, new Float32Array(2 * patterns.length).fill(1));
    await refuseScan(members, "DATA_DTYPE", ["diffraction must be float (amplitude)"], { quantity: "intensity" });
  });
  it.each(["objectGuess", "probeGuess"])("7.3 %s real or integer", async (key) => {
    const size = key === "objectGuess" ? [64, 60] : [heightPx, widthPx];
    for (const descr of ["<f4", ">f8", "<i8", "|b1"]) {
      const real = npyFile(descr, size, new Uint8Array(size[0]! * size[1]! * Number(descr.slice(2))).fill(1));
      await refuseScan({ ...plain, [key]: real }, "DATA_DTYPE", [
        `${key} must be complex dtype (complex64/complex128)`,
      ]);
    }
  });
  it.each(["xcoords", "ycoords"])("7.3 %s integer", async (key) => {
    for (const descr of ["<i8", ">i4", "<u2", "|b1"]) {
      const members = { ...plain, [key]: npyNumbers(descr, [count], x.map(Math.round)) };
      await refuseScan(members, "DATA_DTYPE", [`${key} must be float dtype, got dtype=`]);
    }
  });
  it("7.3 length differs: the coordinate that disagrees is named with both lengths", async () => {
    const short = npyNumbers("<f8", [count - 1], y.slice(1));
    const long = npyNumbers("<f8", [count + 1], [...x, 30]);
    await refuseScan({ ...plain, ycoords: short }, "DATA_LENGTH_MISMATCH", [
      "ycoords length 11 != diffraction first axis 12",
    ]);
    await refuseScan({ ...plain, xcoords: long }, "DATA_LENGTH_MISMATCH", [
      "xcoords length 13 != diffraction first axis 12",
    ]);
    const scan_index = npyNumbers("<i8", [count - 1], new Array(count - 1).fill(0));
    await refuseScan({ ...plain, scan_index }, "DATA_LENGTH_MISMATCH", ["scan_index length 11"]);
  });
  it("7.3 NaN in object, probe or coordinates", async () => {
    const object = Float32Array.from(ones(64 * 60)).with(77, Number.NaN);
    await refuseScan({ ...plain, objectGuess: npyNumbers("<c8", [64, 60], object) }, "DATA_NONFINITE", [
      "objectGuess",
      "element 38",
    ]);
    const probe = probeNumbers(heightPx, widthPx).with(20, Number.POSITIVE_INFINITY);
    await refuseScan({ ...plain, probeGuess: npyNumbers("<c16", [heightPx, widthPx], probe) }, "DATA_PROBE", [
      "probeGuess",
      "element 10",
    ]);
    await refuseScan({ ...plain, ycoords: npyNumbers("<f4", [count], y.with(4, -Infinity)) }, "DATA_POSITIONS", [
      "ycoords",
      "indices 4",
    ]);
  });
  it("7.3 numbers that complex64 and float32 cannot hold count as infinite", async () => {
    const probe = probeNumbers(heightPx, widthPx).with(20, 1e300);
    await refuseScan({ ...plain, probeGuess: npyNumbers("<c16", [heightPx, widthPx], probe) }, "DATA_PROBE", [
      "probeGuess",
    ]);
    const values = Array.from(patterns).with(3, 1e39);
    await refuseScan(diffraction("<f8", values), "DATA_NONFINITE", ["diffraction", "1 values"]);
  });
  it("7.3 degenerate geometry comes before the patterns are read", async () => {
    const xcoords = npyNumbers("<f8", [count], new Array(count).fill(30));
    const members = { ...diffraction("<f4", patterns.with(0, Number.NaN)), xcoords, ycoords: xcoords };
    await refuseScan(members, "DATA_GEOMETRY", ["degenerate geometry", "0 px x 0 px"]);
  });
  it("7.3 an intensity beyond float32 sums", () =>
    refuseScan(
      diffraction(
        "<f4",
        patterns.map((value) => 1e30 * value),
      ),
      "DATA_RANGE",
      ["diffraction", "Rescale"],
    ));
});

describe("7.3: what is accepted with a note", () => {
  it("7.3 the plain contract gives the numbers back without a warning", async () => {
    const dataset = await read(plain);
    expect(await orientedPatterns(dataset)).toEqual(Array.from(patterns));
    expect([...dataset.positionsPx.slice(0, 2)]).toEqual([y[0], x[0]]);
    expect(await warnings(plain)).toEqual([]);
  });
  it("7.3 diffraction float64: cast, noted", async () => {
    expect(await orientedPatterns(await read(diffraction("<f8")))).toEqual(Array.from(patterns));
    expect(await notesOf(diffraction("<f8"))).toContain("info DATA_CONVERTED diffraction: float64 cast to float32");
  });
  it.each(["objectGuess", "probeGuess"])("7.3 %s complex128: cast, noted", async (key) => {
    const [size, values] =
      key === "objectGuess" ? [[64, 60], ones(64 * 60)] : [[heightPx, widthPx], probeNumbers(heightPx, widthPx)];
    const members = { ...plain, [key]: npyNumbers(">c16", size, values) };
    expect(await notesOf(members)).toContain(`info DATA_NARROWED ${key}: complex128 narrowed to complex64`);
  });
  it("7.3 uint16 counts with --intensity stay packed", async () => {
    const dataset = await read(diffraction("<u2", counts), { quantity: "intensity" });
    expect(dataset.patterns).toMatchObject({ sampleType: "uint16", quantity: "intensity" });
    expect(await orientedPatterns(dataset)).toEqual(counts);
  });
  it("7.3 rectangular patterns are fine when the probe matches", async () => {
    const dataset = await read(scanMembers(scanNumbers(12, 16, 24)));
    expect([dataset.patterns.heightPx, dataset.patterns.widthPx]).toEqual([16, 24]);
  });
  it("7.3 object smaller than scan range + probe: a warning with both sizes", async () => {
    const objectGuess = npyNumbers("<c8", [20, 20], ones(400));
    expect(await warnings({ ...plain, objectGuess })).toEqual([
      expect.stringMatching(/^warning DATA_OBJECT_SIZE objectGuess: 20 x 20 .* 22 x 25/),
    ]);
  });
  it("7.3 max >> 10: a warning", async () => {
    const notes = await warnings(
      diffraction(
        "<f4",
        patterns.map((value) => 1000 * value + 0.3),
      ),
    );
    expect(notes).toEqual([
      expect.stringMatching(/^warning DATA_QUANTITY diffraction: the largest value .*--intensity/),
    ]);
  });
  it("7.3 integer-valued float data: a warning", async () => {
    for (const descr of ["<f4", ">f8"]) {
      const notes = await warnings(diffraction(descr, counts));
      expect(notes).toEqual([
        expect.stringMatching(/^warning DATA_QUANTITY diffraction: all values are whole .*--intensity/),
      ]);
    }
  });
  it("7.3 max >> 10: square roots of counts are no reason to warn", async () => {
    const amplitudes = Float32Array.from(counts, (value) => Math.sqrt(value));
    expect(await warnings(diffraction("<f4", amplitudes))).toEqual([]);
  });
  it("7.3 all-zero patterns: a warning with their count", async () => {
    const some = patterns.slice().fill(0, pixels, 4 * pixels);
    expect(await warnings(diffraction("<f4", some))).toEqual([
      "warning DATA_EMPTY diffraction: 3 of 12 patterns are all zero",
    ]);
  });
  it("7.3 spacing view: not enforced, reported by inspect", async () => {
    // Steps of a hundredth of a probe, far closer than any view of the study.
    const xcoords = npyNumbers(
      "<f8",
      [count],
      x.map((_, index) => 30 + 0.2 * index),
    );
    const members = { ...plain, xcoords, ycoords: npyNumbers("<f8", [count], new Array(count).fill(30)) };
    const report = await inspectDataset(bytesAccess(scanFile(members), "scan.npz"), {
      data: dataOptions(),
      layOutCanvas: () => ({ shape: [77, 99], notes: [] }),
      quick: false,
    });
    expect(report.scan!.meanStepPx).toBeCloseTo(0.2, 6);
    expect(report.findings.filter(({ level }) => level === "error")).toEqual([]);
  });
  it("the first patterns only, when asked for; how many there were is kept", async () => {
    const dataset = await read(plain, { firstPatterns: 5 });
    expect([dataset.patterns.count, dataset.patternsPresent]).toEqual([5, count]);
    expect(dataset.positionsPx.length).toBe(10);
    expect(dataset.totalIntensity.length).toBe(5);
    expect(await orientedPatterns(dataset)).toEqual(Array.from(patterns.subarray(0, 5 * heightPx * widthPx)));
    const all = await read(plain, { firstPatterns: 5000 });
    expect([all.patterns.count, all.patternsPresent]).toEqual([count, count]);
    await expectRefusal(read(plain, { firstPatterns: 1 }), "DATA_GEOMETRY", ["degenerate geometry"]);
  });
});

describe("7.4: legacy variants", () => {
  it("7.4 diff3d is an alias", async () => {
    const { diffraction: stack, ...rest } = plain;
    expect(await orientedPatterns(await read({ ...rest, diff3d: stack! }))).toEqual(Array.from(patterns));
  });
  it("7.4 diff3d beside an equal diffraction is fine", async () =>
    expect(await orientedPatterns(await read({ ...plain, diff3d: plain.diffraction! }))).toEqual(Array.from(patterns)));
  it("7.4 diff3d of another type than diffraction differs", () =>
    refuseScan({ ...plain, diff3d: npyNumbers("<u2", shape, counts) }, "DATA_KEY_CONFLICT", ["diffraction", "diff3d"]));
  it("7.4 uint16 intensity is asked for, then read", async () => {
    const { diffraction: _, ...rest } = plain;
    const members = { ...rest, diff3d: npyNumbers("<u2", shape, counts) };
    await refuseScan(members, "DATA_QUANTITY", ["diff3d", "uint16", "--intensity"]);
    expect(await orientedPatterns(await read(members, { quantity: "intensity" }))).toEqual(counts);
  });
  it.each([
    ["<f4", false],
    [">f8", false],
    ["<f4", true],
  ] as const)("7.4 axis order (H, W, n) of %s, Fortran %s", async (descr, fortran) => {
    const turned = new Float32Array(patterns.length);
    for (let frame = 0; frame < count; frame++)
      for (let pixel = 0; pixel < pixels; pixel++) turned[pixel * count + frame] = patterns[frame * pixels + pixel]!;
    const members = { ...plain, diffraction: npyNumbers(descr, [heightPx, widthPx, count], turned, { fortran }) };
    expect(await orientedPatterns(await read(members))).toEqual(Array.from(patterns));
    expect(await notesOf(members)).toContainEqual(
      expect.stringMatching(/^info DATA_AXIS_ORDER .*height, width, position/),
    );
  });
  it("7.4 axis order: a length that fits neither reading is told for the likely one", async () => {
    const members = scanMembers(scanNumbers(12, 16, 24));
    const short = { xcoords: plain.xcoords!, ycoords: plain.ycoords! };
    const shorter = npyNumbers("<f8", [11], x.slice(1));
    await refuseScan({ ...members, xcoords: shorter, ycoords: shorter }, "DATA_LENGTH_MISMATCH", [
      "xcoords length 11 != diffraction first axis 12",
    ]);
    const turned = {
      ...members,
      ...short,
      diffraction: npyNumbers("<f4", [16, 24, 13], new Float32Array(16 * 24 * 13)),
    };
    await refuseScan(turned, "DATA_LENGTH_MISMATCH", ["xcoords length 12 != diffraction last axis 13"]);
  });
  it.each([
    ["absent", {}],
    ["3-D", { Y: npyFile("<c8", [count, heightPx, widthPx], new Uint8Array(8 * count * pixels)) }],
    ["4-D", { Y: npyFile("<c8", [count, heightPx, widthPx, 1], new Uint8Array(8 * count * pixels)) }],
    ["with one patch", { Y: npyFile("<c8", [1, heightPx, widthPx], new Uint8Array(8 * pixels)) }],
    ["pickled", { Y: npyPickled() }],
  ])("7.4 Y %s is ignored", async (_, members) => {
    const dataset = await read({ ...plain, ...members });
    expect(dataset.patterns.count).toBe(count);
    expect(dataset.provenance.ignoredMembers).toEqual(Object.keys(members));
  });
  /** Modes that differ: powers of x times the probe. */
  const modes = (number: number) =>
    Array.from({ length: number }, (_, mode) =>
      probeNumbers(heightPx, widthPx).map((value, at) => value * ((Math.floor(at / 2) % widthPx) / 8 - 1) ** mode),
    ).flat();
  it.each([
    [[heightPx, widthPx], 1],
    [[1, heightPx, widthPx], 1],
    [[3, heightPx, widthPx], 3],
    [[heightPx, widthPx, 1], 1],
    [[1, 3, heightPx, widthPx], 3],
  ] as const)("7.4 probe %j keeps its modes", async (size, expected) => {
    const members = { ...plain, probeGuess: npyNumbers("<c8", size, modes(expected)) };
    expect((await read(members)).probe.shape).toEqual([expected, heightPx, widthPx]);
    expect(await warnings(members)).toEqual([]);
  });
  it("7.4 probe with OPR modes: the first is used, which is said", async () => {
    const values = Float32Array.from(modes(6), (value, index) => (index < 4 * pixels ? value : 9));
    const members = { ...plain, probeGuess: npyNumbers("<c8", [3, 2, heightPx, widthPx], values) };
    const { probe } = await read(members);
    expect(probe.shape).toEqual([2, heightPx, widthPx]);
    expect(Array.from(probe.data)).toEqual(Array.from(values.slice(0, 4 * pixels)));
    expect(await warnings(members)).toEqual([
      expect.stringContaining("PROBE_OPR_MODES probeGuess: only the first of 3"),
    ]);
  });
  it("7.4 object (1, h, w) is squeezed", async () => {
    const objectGuess = npyNumbers("<c8", [1, 64, 60], ones(64 * 60));
    expect((await read({ ...plain, objectGuess })).object).toEqual((await read(plain)).object);
  });
  it.each(["<f4", ">f4", "<f2"])("7.4 coordinates %s", async (descr) => {
    const members = { ...plain, xcoords: npyNumbers(descr, [count], x), ycoords: npyNumbers(descr, [count], y) };
    expect((await read(members)).positionsPx).toEqual((await read(plain)).positionsPx);
  });
  it.each([
    ["an object array", npyPickled(), "skipped"],
    ["JSON text", npyText('{"axis": "NHW"}'), "read"],
    ["big-endian text", npyFile(">U2", [], encodeNumbers(">u4", [0x7b, 0x7d])), "read"],
    ["text that is no JSON", npyText("taken on Monday"), "text"],
    ["bytes", npyFile("|S3", [], new Uint8Array(3)), "skipped"],
    ["several texts", npyFile("<U1", [2], encodeNumbers("<u4", [65, 66])), "skipped"],
    ["a number that is no character", npyFile("<U1", [], encodeNumbers("<u4", [0x110000])), "skipped"],
    ["no array at all", new Uint8Array(9), "skipped"],
    ["cut", npyFile("<U8", [], new Uint8Array(31)), "skipped"],
  ])("7.4 _metadata that is %s stops nothing", async (_, _metadata, status) => {
    const dataset = await read({ ...plain, _metadata });
    expect(dataset.provenance.metadata).toMatchObject({ status });
  });
  it("7.4 extra arrays are ignored and not inflated, also those of length n", async () => {
    const content = npyNumbers("<f4", [count], x);
    const broken = { content, method: 8, stored: new Uint8Array([255, 255, 255]) };
    const extra = ["ground_truth_patches", "filenames", "xcoords_start", "per_scan"].map((name) => ({
      ...broken,
      name: `${name}.npy`,
    }));
    const dataset = await readScan(scanFile(plain, { extra }));
    expect(dataset.patterns.count).toBe(count);
    expect(dataset.provenance.ignoredMembers).toEqual(extra.map(({ name }) => name.slice(0, -4)));
  });
});

describe("what the caller checks before the patterns are read", () => {
  const dark = scanFile(diffraction("<f4", new Float32Array(count * pixels).fill(Number.NaN)));
  const impossible = new OptionsError("CANVAS_ORIGIN", "with this origin patches would start between pixels");

  it("a refusal of the caller's own comes first", async () => {
    await expectRefusal(readScan(dark), "DATA_NONFINITE");
    const onChecked = () => {
      throw impossible;
    };
    await expectRefusal(readScan(dark, {}, { onChecked }), "CANVAS_ORIGIN", [], 78);
  });

  it("sizes and positions are those of the dataset", async () => {
    const seen: CheckedScan[] = [];
    const dataset = await readScan(scanFile(plain), { firstPatterns: 7 }, { onChecked: (scan) => seen.push(scan) });
    expect(seen.length).toBe(1);
    expect(seen[0]!.positionsPx).toEqual(dataset.positionsPx);
    expect(seen[0]!.plan.oriented).toMatchObject({ heightPx, widthPx });
  });
});
