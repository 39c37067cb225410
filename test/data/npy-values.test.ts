// Rows B15 to B17 of the fault matrix (reliability.md section 8): every accepted type, byte order, memory order, alignment.
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { buildZip, encodeNumbers, fields, npyFile, npyNumbers } from "../support/npz-builder.ts";
import {
  builtMembers,
  notesOf,
  orientedPatterns,
  plainScan,
  probeNumbers,
  readScan,
  refuseScan,
  scanFile,
  scanNumbers,
} from "../support/scan-files.ts";

const { count, heightPx, widthPx, patterns, x, shape, members: plain } = plainScan;

/** Reads an array alone, stored and deflated; both have to agree. */
async function readAlone(content: Uint8Array) {
  const [stored, deflated] = await Promise.all(
    [0, 8].map(async (method) => {
      const npz = await openNpz(bytesAccess(buildZip([{ name: "a.npy", content, method }]), "scan.npz"));
      return npz.readNumeric("a");
    }),
  );
  expect(deflated).toEqual(stored);
  return stored!;
}

const integerRanges = {
  b1: [0, 1],
  u1: [0, 255],
  i1: [-128, 127],
  u2: [0, 65535],
  i2: [-32768, 32767],
  u4: [0, 4294967295],
  i4: [-2147483648, 2147483647],
  u8: [0, Number.MAX_SAFE_INTEGER],
  i8: [-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
} as const;
const types = [...Object.keys(integerRanges), "f2", "f4", "f8", "c8", "c16"];
const forms = types.flatMap((type) =>
  ["<", ">"].flatMap((order) => [false, true].map((fortran) => [`${order}${type}`, fortran] as const)),
);

describe("B15 byte order and memory order", () => {
  it.each(forms)("B15 %s, Fortran %s: the same values as the plain twin", async (descr, fortran) => {
    const dimensions = [2, 3, 4];
    const type = descr.slice(1);
    const range = integerRanges[type as "u1"];
    const parts = type.startsWith("c") ? 2 : 1;
    const values = Array.from({ length: 24 * parts }, (_, index) =>
      range ? (index < 2 ? range[index]! : index % 2) : (index - 7) / 4,
    );
    const array = await readAlone(npyNumbers(descr, dimensions, values, { fortran }));
    expect(array.shape).toEqual(dimensions);
    expect(Array.from(array.data, Number)).toEqual(values);
  });

  const stackForms = forms.filter(([descr]) => !descr.includes("c"));
  it.each(stackForms)("B15 patterns as %s, Fortran %s, are those of the plain twin", async (descr, fortran) => {
    const counts = descr.endsWith("b1")
      ? patterns.map((_, index) => (index % 3 === 0 ? 1 : 0))
      : patterns.map((value) => Math.round(300 * value));
    const content = npyNumbers(descr, shape, counts, { fortran });
    for (const method of [0, 8]) {
      const dataset = await readScan(buildZip(builtMembers({ diffraction: { content, method } })), {
        quantity: "intensity",
      });
      expect(await orientedPatterns(dataset)).toEqual(Array.from(counts));
      expect(dataset.totalIntensity[3]).toBe(counts.slice(3 * 256, 4 * 256).reduce((sum, value) => sum + value, 0));
    }
  });

  it.each([
    ["<", true],
    [">", false],
    [">", true],
  ] as const)("B15 probe, object and coordinates as %s, Fortran %s", async (order, fortran) => {
    const twin = await readScan(scanFile());
    const guess = Array.from({ length: 2 * 64 * 60 }, (_, index) => Math.sin(index));
    const object = (descr: string, parts = {}) => npyNumbers(descr, [64, 60], guess, parts);
    const dataset = await readScan(
      scanFile({
        ...plain,
        objectGuess: object(`${order}c8`, { fortran }),
        probeGuess: npyNumbers(`${order}c16`, [heightPx, widthPx], probeNumbers(heightPx, widthPx), { fortran }),
        xcoords: npyNumbers(`${order}f8`, [count], x, { fortran }),
        ycoords: npyNumbers(`${order}f4`, [count], scanNumbers().y, { fortran }),
      }),
    );
    expect(dataset.probe).toEqual(twin.probe);
    expect(dataset.positionsPx).toEqual(twin.positionsPx);
    expect(dataset.object!.data).toEqual(
      (await readScan(scanFile({ ...plain, objectGuess: object("<c8") }))).object!.data,
    );
  });

  it("B15 a NaN is found where the plain twin has it", async () => {
    const values = patterns.with(2 * 256 + 3 * 16 + 5, Number.NaN);
    for (const [descr, fortran] of [
      ["<f4", true],
      [">f8", true],
      [">f2", false],
    ] as const) {
      const members = { diffraction: npyNumbers(descr, shape, values, { fortran }) };
      await refuseScan({ ...plain, ...members }, "DATA_NONFINITE", ["frame 2, row 3, column 5"]);
    }
  });
});

describe("B16 conversions are made and recorded", () => {
  const stack = (descr: string, values: Float32Array = patterns) => ({
    ...plain,
    diffraction: npyNumbers(descr, shape, values),
  });
  it.each([
    ["<f8", "float64 cast to float32"],
    ["<f2", "float16 cast to float32"],
  ])("B16 %s", async (descr, message) =>
    expect(await notesOf(stack(descr))).toContain(`info DATA_CONVERTED diffraction: ${message}`),
  );
  it.each([
    ["|u1", "uint8 cast to uint16"],
    ["<i4", "int32 cast to float32"],
    [">i8", "int64 cast to float32"],
  ])("B16 counts as %s", async (descr, message) => {
    const notes = await notesOf(
      stack(
        descr,
        patterns.map((value) => Math.round(300 * value)),
      ),
      { quantity: "intensity" },
    );
    expect(notes).toContain(`info DATA_CONVERTED diffraction: ${message}`);
  });
  it("B16 uint16 needs none", async () => {
    const notes = await notesOf(
      stack(
        "<u2",
        patterns.map((value) => Math.round(300 * value)),
      ),
      { quantity: "intensity" },
    );
    expect(notes.filter((note) => note.includes("DATA_CONVERTED"))).toEqual([]);
  });
  it("B16 counts that float32 has to round are a warning with the largest", async () => {
    const notes = await notesOf(stack("<u4", patterns.with(0, 2 ** 25).map(Math.round)), { quantity: "intensity" });
    expect(notes.find((note) => note.includes("DATA_CONVERTED"))).toMatch(/^warning .*33554432/);
  });
  it("B16 complex128", async () => {
    const probeGuess = npyNumbers("<c16", [heightPx, widthPx], probeNumbers(heightPx, widthPx));
    expect(await notesOf({ ...plain, probeGuess })).toContain(
      "info DATA_NARROWED probeGuess: complex128 narrowed to complex64",
    );
  });
  it("B16 bool with byte 7 is true", async () => {
    expect([...(await readAlone(npyFile("|b1", [4], Uint8Array.of(0, 7, 1, 255)))).data]).toEqual([0, 1, 1, 1]);
    const mask = npyFile("|b1", [heightPx, widthPx], new Uint8Array(heightPx * widthPx).fill(7).with(5, 0));
    const dataset = await readScan(scanFile({ ...plain, mask }));
    expect(dataset.mask!.indexOf(0)).toBe(5);
  });
  it.each([
    ["<i8", 2n ** 53n],
    ["<i8", -(2n ** 53n)],
    ["<u8", 2n ** 64n - 1n],
  ])("B16 %s %s among the counts: refused, not rounded", async (descr, value) => {
    const values = fields(
      ...Array.from(patterns, (_, at) => [8, BigInt.asUintN(64, at === 700 ? value : 3n)] as [8, bigint]),
    );
    const members = { ...plain, diffraction: npyFile(descr, shape, values) };
    await refuseScan(members, "NPY_INT_RANGE", ["diffraction", String(value)], { quantity: "intensity" });
  });
});

it.each([1, 2, 3, 5, 7, 31])("B17 data at an odd offset (%i spaces)", async (padding) => {
  const xcoords = npyFile("<f8", [count], encodeNumbers("<f8", x), { padding });
  expect((await readScan(scanFile({ ...plain, xcoords }))).positionsPx).toEqual(
    (await readScan(scanFile())).positionsPx,
  );
  const odd = npyNumbers("<f4", shape, patterns, { padding });
  for (const method of [0, 8]) {
    const stored = method ? deflateRawSync(odd) : odd;
    const dataset = await readScan(buildZip(builtMembers({ diffraction: { content: odd, method, stored } })));
    expect(await orientedPatterns(dataset)).toEqual(Array.from(patterns));
  }
});
