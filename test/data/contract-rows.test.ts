// The data contract row by row: what study.md 7.3 and 7.4 and reliability.md B and C say about a scan file.
import { describe, expect, it } from "vitest";
import type { ReconstructOptionsInput } from "../../src/options.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { npyFile, npyNumbers, npyPickled } from "../support/npz-builder.ts";
import {
  type Members,
  orientedPatterns,
  probeNumbers,
  readScan,
  scanFile,
  scanMembers,
  scanNumbers,
} from "../support/scan-files.ts";

const numbers = scanNumbers();
const { count, heightPx, widthPx, patterns, x, y } = numbers;
const plain = scanMembers(numbers);
const shape = [count, heightPx, widthPx];
type Data = ReconstructOptionsInput["data"];

const changed = (index: number, value: number): Float32Array => {
  const copy = patterns.slice();
  copy[index] = value;
  return copy;
};
const diffraction = (descr: string, values: ArrayLike<number> = patterns): Members => ({
  ...plain,
  diffraction: npyNumbers(descr, shape, Array.from(values)),
});
const counts = Array.from(patterns, (value) => Math.round(1000 * value));
const without = (...names: string[]): Members =>
  Object.fromEntries(Object.entries(plain).filter(([name]) => !names.includes(name)));
const refuse = (members: Members, code: string, mentions: (string | RegExp)[], data: Data = {}) =>
  expectRefusal(readScan(scanFile(members), data), code, ["scan.npz", ...mentions]);
const codesOf = async (members: Members, data: Data = {}) =>
  (await readScan(scanFile(members), data)).notes.map((note) => note.code);

describe("study 7.3: what the validator refuses", () => {
  it("key missing: missing and expected keys are listed", () =>
    refuse(without("probeGuess", "xcoords"), "DATA_MISSING_KEY", [
      "probeGuess",
      "xcoords",
      "diffraction",
      "objectGuess",
    ]));
  it("diffraction of integers without a word about intensity", () =>
    refuse(diffraction("<u2", counts), "DATA_QUANTITY", ["diffraction", "uint16", "--intensity"]));
  it("diffraction of int64 without a word about intensity", () =>
    refuse(diffraction("<i8", counts), "DATA_QUANTITY", ["diffraction", "int64", "--intensity"]));
  it("diffraction complex", () =>
    refuse(
      {
        ...plain,
        diffraction: npyNumbers(
          "<c8",
          shape,
          Array.from({ length: 2 * patterns.length }, () => 1),
        ),
      },
      "DATA_DTYPE",
      ["diffraction", "complex64"],
    ));
  it("object real", () =>
    refuse({ ...plain, objectGuess: npyNumbers("<f4", [64, 60], new Array(64 * 60).fill(1)) }, "DATA_DTYPE", [
      "objectGuess",
      "float32",
      "complex",
    ]));
  it("probe real", () =>
    refuse(
      { ...plain, probeGuess: npyNumbers("<f4", [heightPx, widthPx], new Array(heightPx * widthPx).fill(1)) },
      "DATA_DTYPE",
      ["probeGuess", "float32", "complex"],
    ));
  it("coordinates integer", () =>
    refuse({ ...plain, xcoords: npyNumbers("<i8", [count], x.map(Math.round)) }, "DATA_DTYPE", [
      "xcoords",
      "int64",
      "float",
    ]));
  it("C5 length differs: both lengths", () =>
    refuse({ ...plain, ycoords: npyNumbers("<f8", [count - 1], y.slice(1)) }, "DATA_LENGTH_MISMATCH", [
      "ycoords",
      String(count),
      String(count - 1),
    ]));
  it("C1 NaN: how many and where first", () =>
    refuse(diffraction("<f4", changed(heightPx * widthPx + 3, Number.NaN)), "DATA_NONFINITE", ["diffraction", "1"]));
  it("C1 Inf", () =>
    refuse(diffraction("<f4", changed(5, Number.POSITIVE_INFINITY)), "DATA_NONFINITE", ["diffraction"]));
  it("C2 negative amplitude", () =>
    refuse(diffraction("<f4", changed(7, -0.5)), "DATA_NEGATIVE", ["diffraction", "--clip-negative"]));
  it("C12 probe of another size than the patterns", () =>
    refuse({ ...plain, probeGuess: npyNumbers("<c8", [8, 8], probeNumbers(8, 8)) }, "DATA_PROBE", ["probeGuess"]));
  it("C12 probe all zero", () =>
    refuse(
      { ...plain, probeGuess: npyNumbers("<c8", [heightPx, widthPx], new Array(2 * heightPx * widthPx).fill(0)) },
      "DATA_PROBE",
      ["probeGuess", "zero"],
    ));
  it("degenerate geometry: range below a pixel", () =>
    refuse(
      {
        ...plain,
        xcoords: npyNumbers(
          "<f8",
          [count],
          x.map((_, j) => 30 + j / 100),
        ),
        ycoords: npyNumbers(
          "<f8",
          [count],
          y.map((_, j) => 30 + j / 50),
        ),
      },
      "DATA_GEOMETRY",
      ["degenerate geometry"],
    ));
  it("degenerate geometry: one pattern", () =>
    refuse(scanMembers(scanNumbers(1)), "DATA_GEOMETRY", ["degenerate geometry"]));
  it("degenerate geometry: two islands that do not overlap", () =>
    refuse(
      {
        ...plain,
        xcoords: npyNumbers(
          "<f8",
          [count],
          x.map((value, j) => (j < count / 2 ? value : value + 500)),
        ),
      },
      "DATA_GEOMETRY",
      ["degenerate geometry"],
    ));
  it("C10 positions in metres", () =>
    refuse(
      {
        ...plain,
        xcoords: npyNumbers(
          "<f8",
          [count],
          x.map((value) => value * 1e-8),
        ),
        ycoords: npyNumbers(
          "<f8",
          [count],
          y.map((value) => value * 1e-8),
        ),
      },
      "DATA_UNITS",
      ["coords"],
    ));
  it("C11 NaN position", () =>
    refuse(
      {
        ...plain,
        xcoords: npyNumbers(
          "<f8",
          [count],
          x.map((value, j) => (j === 2 ? Number.NaN : value)),
        ),
      },
      "DATA_POSITIONS",
      ["xcoords"],
    ));
  it("C3 every pattern zero", () =>
    refuse(diffraction("<f4", new Float32Array(patterns.length)), "DATA_EMPTY", ["diffraction"]));
  it("C14 a size with another prime factor: the next good one is named", () =>
    refuse(scanMembers(scanNumbers(12, 22)), "UNSUPPORTED_SIZE", ["22", "24"]));
  it("both keys with different patterns", () =>
    refuse({ ...plain, diff3d: npyNumbers("<f4", shape, changed(9, 3)) }, "DATA_KEY_CONFLICT", [
      "diff3d",
      "diffraction",
    ]));
});

describe("study 7.3: what is accepted with a note", () => {
  it("the plain contract gives the patterns back", async () => {
    const dataset = await readScan(scanFile(plain));
    expect(await orientedPatterns(dataset)).toEqual(Array.from(patterns));
    expect(dataset.positionsPx[0]).toBe(y[0]);
    expect(dataset.positionsPx[1]).toBe(x[0]);
  });
  it("float64 patterns are narrowed, which is noted", async () => {
    const dataset = await readScan(scanFile(diffraction("<f8")));
    expect(await orientedPatterns(dataset)).toEqual(Array.from(patterns));
    expect(dataset.notes.some(({ message }) => message.includes("float64"))).toBe(true);
  });
  it("complex128 is narrowed, which is noted", async () => {
    const dataset = await readScan(
      scanFile({ ...plain, probeGuess: npyNumbers("<c16", [heightPx, widthPx], probeNumbers(heightPx, widthPx)) }),
    );
    expect(dataset.notes.some(({ message }) => message.includes("complex128"))).toBe(true);
  });
  it("uint16 counts with --intensity stay packed", async () => {
    const dataset = await readScan(scanFile(diffraction("<u2", counts)), { quantity: "intensity" });
    expect(dataset.patterns.sampleType).toBe("uint16");
    expect(dataset.patterns.quantity).toBe("intensity");
    expect(await orientedPatterns(dataset)).toEqual(counts);
  });
  it("C1 NaN pixels are masked on request", async () => {
    const dataset = await readScan(scanFile(diffraction("<f4", changed(3, Number.NaN))), { maskNonfinite: true });
    expect(Array.from(dataset.mask!).filter((valid) => valid === 0).length).toBe(1);
    expect((await orientedPatterns(dataset))[3]).toBe(0);
  });
  it("C2 negative values are clipped on request", async () => {
    const dataset = await readScan(scanFile(diffraction("<f4", changed(7, -0.5))), { clipNegative: true });
    expect((await orientedPatterns(dataset))[7]).toBe(0);
  });
  it("C3 a zero pattern warns with its count", async () => {
    const copy = patterns.slice();
    copy.fill(0, 0, heightPx * widthPx);
    expect(await codesOf(diffraction("<f4", copy))).toContain("DATA_EMPTY");
  });
  it("the first patterns only, when asked for; how many there were is kept", async () => {
    const dataset = await readScan(scanFile(plain), { firstPatterns: 5 });
    expect([dataset.patterns.count, dataset.patternsPresent]).toEqual([5, count]);
    expect(dataset.positionsPx.length).toBe(10);
    expect(dataset.totalIntensity.length).toBe(5);
    expect(await orientedPatterns(dataset)).toEqual(Array.from(patterns.subarray(0, 5 * heightPx * widthPx)));
    const all = await readScan(scanFile(plain), { firstPatterns: 5000 });
    expect([all.patterns.count, all.patternsPresent]).toEqual([count, count]);
    await refuse(plain, "DATA_GEOMETRY", ["degenerate geometry"], { firstPatterns: 1 });
  });
  it("values far above 10 warn", async () =>
    expect(
      await codesOf(
        diffraction(
          "<f4",
          patterns.map((value) => 1000 * value + 0.3),
        ),
      ),
    ).toContain("DATA_QUANTITY"));
});

describe("study 7.4: legacy variants", () => {
  it("diff3d is an alias", async () => {
    const { diffraction: stack, ...rest } = plain;
    expect(await orientedPatterns(await readScan(scanFile({ ...rest, diff3d: stack! })))).toEqual(Array.from(patterns));
  });
  it("C7 (H, W, n) stacks are turned", async () => {
    const turned = new Float32Array(patterns.length);
    for (let frame = 0; frame < count; frame++)
      for (let pixel = 0; pixel < heightPx * widthPx; pixel++)
        turned[pixel * count + frame] = patterns[frame * heightPx * widthPx + pixel]!;
    const members = { ...plain, diffraction: npyNumbers("<f4", [heightPx, widthPx, count], turned) };
    expect(await orientedPatterns(await readScan(scanFile(members)))).toEqual(Array.from(patterns));
  });
  it("C8 n = H = W needs an explicit order", async () => {
    const cube = scanMembers(scanNumbers(16));
    await refuse(cube, "DATA_AXIS_ORDER", ["diffraction", "--axis-order"]);
    expect((await readScan(scanFile(cube), { axisOrder: "nhw" })).patterns.count).toBe(16);
  });
  it("a rectangular pattern with its probe", async () => {
    const dataset = await readScan(scanFile(scanMembers(scanNumbers(12, 16, 24))));
    expect([dataset.patterns.heightPx, dataset.patterns.widthPx]).toEqual([16, 24]);
  });
  it("a 3-D probe keeps its modes, a 3-D object its one slice", async () => {
    const probe = [...probeNumbers(heightPx, widthPx), ...probeNumbers(heightPx, widthPx)];
    const members = {
      ...plain,
      probeGuess: npyNumbers("<c8", [2, heightPx, widthPx], probe),
      objectGuess: npyNumbers("<c8", [1, 64, 60], new Array(2 * 64 * 60).fill(1)),
    };
    const dataset = await readScan(scanFile(members));
    expect(dataset.probe.shape).toEqual([2, heightPx, widthPx]);
    expect(dataset.object!.shape).toEqual([1, 64, 60]);
  });
  it("float32 coordinates", async () =>
    expect((await readScan(scanFile({ ...plain, xcoords: npyNumbers("<f4", [count], x) }))).positionsPx.length).toBe(
      2 * count,
    ));
  it("B2 pickled _metadata is skipped, not executed", async () =>
    expect((await readScan(scanFile({ ...plain, _metadata: npyPickled() }))).patterns.count).toBe(count));
  it("extra members are never inflated", async () => {
    const extra = {
      name: "ground_truth_patches.npy",
      content: npyNumbers("<f4", [4], [1, 2, 3, 4]),
      method: 8,
      stored: new Uint8Array([255, 255, 255]),
    };
    expect((await readScan(scanFile(plain, { extra: [extra] }))).patterns.count).toBe(count);
  });
});

describe("arrays", () => {
  it("B1 an object array that is needed is refused, nothing is unpickled", () =>
    refuse({ ...plain, probeGuess: npyPickled() }, "NPY_OBJECT_REFUSED", ["probeGuess"]));
  it("B3 a type that is no number", () =>
    refuse({ ...plain, xcoords: npyFile("<M8[s]", [count], new Uint8Array(8 * count)) }, "NPY_DTYPE", [
      "xcoords",
      "M8",
    ]));
  it("B7 a negative dimension", () =>
    refuse({ ...plain, xcoords: npyFile("<f8", [-1], new Uint8Array(8)) }, "NPY_SHAPE", ["xcoords"]));
  it("B8 a shape that overflows", () =>
    refuse({ ...plain, xcoords: npyFile("<f8", [2 ** 32, 2 ** 32], new Uint8Array(8)) }, "NPY_SHAPE_OVERFLOW", [
      "xcoords",
    ]));
  it("B12 a shape larger than the data", () =>
    refuse(
      { ...plain, diffraction: npyFile("<f4", [count, heightPx, 2 * widthPx], new Uint8Array(4 * patterns.length)) },
      "NPY_LENGTH",
      ["diffraction"],
    ));
  it("B12 one byte too many", () =>
    refuse({ ...plain, diffraction: npyFile("<f4", shape, new Uint8Array(4 * patterns.length + 1)) }, "NPY_LENGTH", [
      "diffraction",
    ]));
  it("B15 big-endian gives the same values", async () =>
    expect(await orientedPatterns(await readScan(scanFile(diffraction(">f4"))))).toEqual(Array.from(patterns)));
  it("B9 no pattern at all", () =>
    refuse({ ...plain, diffraction: npyFile("<f4", [0, heightPx, widthPx], new Uint8Array(0)) }, "DATA_EMPTY", [
      "diffraction",
    ]));
});
