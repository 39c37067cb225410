// Rows C1 to C15 of the fault matrix (reliability.md section 8): meaning. Where study.md 7.3 and 7.4 say otherwise they win:
// C7 (H, W, n) is read, C13 is a warning.
import { describe, expect, it } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { npyNumbers, npyText } from "../support/npz-builder.ts";
import { refusedRows } from "../support/refused-files.ts";
import {
  type Members,
  notesOf,
  ones,
  orientedPatterns,
  plainScan,
  probeNumbers,
  readMembers as read,
  readScan,
  refuseScan,
  scanMembers,
  scanNumbers,
  warningsOf as warnings,
} from "../support/scan-files.ts";

const { count, heightPx, widthPx, patterns, x, y, shape, pixels, members: plain } = plainScan;
const stack = (descr: string, values: ArrayLike<number>, fortran = false): Members => ({
  ...plain,
  diffraction: npyNumbers(descr, shape, Array.from(values), { fortran }),
});
const placed = (newX: readonly number[], newY: readonly number[], object = [64, 60]): Members => ({
  ...plain,
  objectGuess: npyNumbers("<c8", object, ones(object[0]! * object[1]!)),
  xcoords: npyNumbers("<f8", [newX.length], newX),
  ycoords: npyNumbers("<f8", [newY.length], newY),
});

describe("the table of refusals, read without the command line", () => {
  it.each(refusedRows("C"))("%s", async (_, { file, code, names }) => {
    await expectRefusal(readScan(file()), code, ["scan.npz", ...names]);
  });
});

describe("C1 NaN and infinity", () => {
  const bad = patterns.slice();
  bad[5 * pixels + 7 * widthPx + 9] = Number.NaN;
  bad[5 * pixels + 7 * widthPx + 8] = Number.POSITIVE_INFINITY;
  bad[6 * pixels] = Number.NEGATIVE_INFINITY;
  it.each([
    ["<f4", false],
    [">f8", true],
    ["<f2", false],
  ] as const)("C1 in %s, Fortran %s: how many and the first place", (descr, fortran) =>
    refuseScan(stack(descr, bad, fortran), "DATA_NONFINITE", ["diffraction: 3 values", "frame 5, row 7, column 8"]),
  );
  it.each([false, true])("C1 masked on request and recorded, Fortran %s", async (fortran) => {
    const dataset = await read(stack("<f4", bad, fortran), { maskNonfinite: true });
    const masked = Array.from(dataset.mask!.keys()).filter((pixel) => dataset.mask![pixel] === 0);
    expect(masked).toEqual([0, 7 * widthPx + 8, 7 * widthPx + 9]);
    expect((await orientedPatterns(dataset))[6 * pixels]).toBe(0);
    expect(dataset.provenance.patterns).toMatchObject({ nonfiniteMasked: 3 });
    expect(dataset.notes.find(({ code }) => code === "DATA_NONFINITE")!.message).toContain("3 pixels masked");
  });
});

describe("C2 negative values", () => {
  const bad = patterns.with(2 * pixels + 3, -0.5).with(9 * pixels, -0.25);
  it("C2 refused with number, sum and place", () =>
    refuseScan(stack("<f4", bad), "DATA_NEGATIVE", [
      "diffraction: 2 negative values with sum -0.75",
      "frame 2, row 0, column 3",
    ]));
  it.each(["<i2", "<i4", ">i8", "<i1"])("C2 counts of %s", (descr) =>
    refuseScan(
      stack(
        descr,
        patterns.map((value, at) => (at === 40 ? -3 : Math.round(50 * value))),
      ),
      "DATA_NEGATIVE",
      ["sum -3"],
      {
        quantity: "intensity",
      },
    ),
  );
  it("C2 clipped on request and recorded", async () => {
    const dataset = await read(stack("<f4", bad), { clipNegative: true });
    expect((await orientedPatterns(dataset))[2 * pixels + 3]).toBe(0);
    expect(dataset.provenance.patterns).toMatchObject({ negativeClipped: 2, negativeClippedSum: -0.75 });
  });
  it("C2 a negative zero is none", async () => expect(await warnings(stack("<f4", patterns.with(3, -0)))).toEqual([]));
});

describe("C3 dark frames", () => {
  it.each(["<f4", "<u2", ">f8"])("C3 some frames of %s: a warning with their number", async (descr) => {
    const values = patterns.map((value) => Math.ceil(10 * value)).fill(0, 0, 2 * pixels);
    const notes = await warnings(stack(descr, values), { quantity: "intensity" });
    expect(notes).toEqual(["warning DATA_EMPTY diffraction: 2 of 12 patterns are all zero"]);
  });
  it.each(["<u2", "<f8", ">i4"])("C3 every frame of %s: refused", (descr) =>
    refuseScan(stack(descr, new Float32Array(patterns.length)), "DATA_EMPTY", ["every pattern is zero", "12"], {
      quantity: "intensity",
    }),
  );
});

it.each([
  ["<u2", 65535, false],
  [">u2", 65535, true],
  ["|u1", 255, false],
  ["<u4", 4294967295, true],
] as const)("C4 a plateau at the largest %s: a warning with its pixels", async (descr, largest, fortran) => {
  const values = patterns.map((value) => Math.round(100 * value)) as ArrayLike<number>;
  const saturated = Array.from(values, (value, at) => (at % pixels < 3 ? largest : value));
  const notes = await warnings(stack(descr, saturated, fortran), { quantity: "intensity" });
  expect(notes.find((note) => note.includes("DATA_SATURATED"))).toMatch(/diffraction: 36 pixels at/);
  const below = saturated.map((value) => Math.min(value, largest - 1000 * Number(largest > 1e6) - 1));
  const calm = await warnings(stack(descr, below, fortran), { quantity: "intensity" });
  expect(calm.filter((note) => note.includes("DATA_SATURATED"))).toEqual([]);
});

it.each([
  [count - 1, count, "xcoords"],
  [count + 1, count, "xcoords"],
  [count, count - 1, "ycoords"],
  [count, count + 1, "ycoords"],
  [count - 1, count - 1, "xcoords"],
  [count + 1, count + 1, "xcoords"],
])("C5 %i x and %i y coordinates: %s is named, nothing is cut", async (lengthX, lengthY, key) => {
  const wrong = key === "xcoords" ? lengthX : lengthY;
  const members = placed([...x, 30].slice(0, lengthX), [...y, 30].slice(0, lengthY));
  await refuseScan(members, "DATA_LENGTH_MISMATCH", [`${key} length ${wrong} != diffraction first axis ${count}`]);
});

describe("C6 x and y exchanged", () => {
  const long = Array.from({ length: count }, (_, index) => 12 + 6 * index);
  const narrow = Array.from({ length: count }, (_, index) => 10 + (index % 3));
  const swapped = expect.stringMatching(/^warning DATA_POSITIONS_SWAPPED .*nothing was exchanged.*--swap-positions/);
  it("C6 the scan fits the object only the other way round: a warning, nothing exchanged", async () => {
    const members = placed(long, narrow, [96, 32]);
    expect(await warnings(members)).toContainEqual(swapped);
    expect((await read(members)).positionsPx[1]).toBe(long[0]);
    expect(await warnings(members, { swapPositions: true })).toEqual([]);
  });
  it("C6 a large object in which only the exchanged scan lies inside", async () => {
    const members = placed(
      long.map((value) => value + 150),
      narrow,
      [260, 120],
    );
    expect(await warnings(members)).toContainEqual(swapped);
    expect(await warnings(members, { swapPositions: true })).toEqual([]);
  });
  it("C6 no evidence in a square object, none when neither fits", async () => {
    for (const object of [
      [96, 96],
      [20, 20],
    ])
      expect(await warnings(placed(long, narrow, object))).not.toContainEqual(swapped);
  });
});

describe("C7, C8 axis order", () => {
  const cube = scanNumbers(16);
  it("C7 (H, W, n) is read, which is said (study.md 7.4)", async () => {
    const turned = Array.from(
      { length: patterns.length },
      (_, at) => patterns[(at % count) * pixels + Math.floor(at / count)]!,
    );
    const members = { ...plain, diffraction: npyNumbers("<f4", [heightPx, widthPx, count], turned) };
    expect(await orientedPatterns(await read(members))).toEqual(Array.from(patterns));
    expect(await notesOf(members)).toContainEqual(
      expect.stringContaining("info DATA_AXIS_ORDER diffraction: read as (height"),
    );
  });
  it("C8 n = H = W: refused, and read in the order that is given", async () => {
    const members = scanMembers(cube);
    await refuseScan(members, "DATA_AXIS_ORDER", [
      "diffraction",
      "(16, 16, 16)",
      "--axis-order nhw",
      "--axis-order hwn",
    ]);
    const first = await orientedPatterns(await read(members, { axisOrder: "nhw" }));
    expect(first).toEqual(Array.from(cube.patterns));
    const last = await orientedPatterns(await read(members, { axisOrder: "hwn" }));
    expect(last[3 * 256 + 2 * 16 + 1]).toBe(cube.patterns[(2 * 16 + 1) * 16 + 3]);
  });
});

it.each([
  ["NHW", 0],
  ["HWN", 1],
] as const)("C8 a file that says %s in its _metadata leaves no question", async (axes, last) => {
  const cube = scanNumbers(16);
  const members = { ...scanMembers(cube), _metadata: npyText(`{"axis_canonical": "${axes}"}`) };
  const value = (await orientedPatterns(await read(members)))[3 * 256 + 2 * 16 + 1];
  expect(value).toBe(cube.patterns[last ? (2 * 16 + 1) * 16 + 3 : 3 * 256 + 2 * 16 + 1]);
  // It settles a question and overrules no evidence.
  const clear = { ...plain, _metadata: npyText(`{"axis_canonical": "${axes}"}`) };
  expect(await orientedPatterns(await read(clear))).toEqual(Array.from(patterns));
  const other = { ...members, _metadata: npyText('{"axis_canonical": "HNW"}') };
  await refuseScan(other, "DATA_AXIS_ORDER", ["--axis-order"]);
});

describe("C9 amplitude or intensity", () => {
  it.each([
    ["float", plain, {}, "read as amplitude (DATA-001: floating-point patterns are amplitude"],
    ["float", plain, { quantity: "amplitude" }, "read as amplitude (as requested (--amplitude))"],
    ["float", plain, { quantity: "intensity" }, "read as intensity (as requested (--intensity))"],
    [
      "declared",
      { ...plain, measurement_domain: npyText("normalized_amplitude") },
      {},
      "read as amplitude (the file's measurement_domain says so)",
    ],
    [
      "declared",
      { ...plain, _metadata: npyText('{"measurement_domain": "photon counts"}') },
      {},
      "read as intensity (the file's measurement_domain",
    ],
  ] as const)("C9 the rule is told: %s patterns", async (_, members, data, expected) => {
    expect(await notesOf(members, data)).toContainEqual(
      expect.stringContaining(`info DATA_QUANTITY diffraction: ${expected}`),
    );
  });
  it("C9 the alias diff3d of floats is no statement about intensity", async () => {
    const { diffraction, ...rest } = plain;
    expect(await notesOf({ ...rest, diff3d: diffraction! })).toContainEqual(
      expect.stringContaining("info DATA_QUANTITY diff3d: read as amplitude"),
    );
  });
  it("C9 conflicts with what was asked for", async () => {
    const counts = { measurement_domain: npyText("counts") };
    await refuseScan({ ...plain, ...counts }, "DATA_QUANTITY", ["measurement_domain", "got amplitude"], {
      quantity: "amplitude",
    });
    await refuseScan(stack("<u2", patterns), "DATA_QUANTITY", ["uint16"], { quantity: "amplitude" });
    const integers = { ...stack("<u2", patterns), measurement_domain: npyText("amplitude") };
    await refuseScan(integers, "DATA_QUANTITY", ["measurement_domain"], { quantity: "intensity" });
    await refuseScan(integers, "DATA_QUANTITY", ["uint16"]);
  });
  it("C9 the file's own word is enough for integers", async () => {
    const members = {
      ...stack(
        "<u2",
        patterns.map((value) => 100 * value),
      ),
      measurement_domain: npyText("counts"),
    };
    expect((await read(members)).patterns.quantity).toBe("intensity");
  });
});

it.each([1e-6, 3e-8, 1e-9])("C10 metres with pixels of %s m", (pixelM) =>
  refuseScan(
    placed(
      x.map((value) => value * pixelM),
      y.map((value) => value * pixelM),
    ),
    "DATA_UNITS",
    ["xcoords, ycoords", "metres", "pixels"],
  ),
);

describe("C11 positions", () => {
  it("C11 not finite: the first indices", async () => {
    const bad = x.map((value, at) => (at > 2 ? Number.NaN : value));
    await refuseScan(placed(bad, y), "DATA_POSITIONS", ["xcoords: 9 coordinates", "indices 3, 4, 5, 6, 7, ..."]);
    await refuseScan(placed(x, y.with(11, Number.POSITIVE_INFINITY)), "DATA_POSITIONS", ["ycoords", "indices 11"]);
  });
  it("C11 repeated: a warning with indices, because scans may dwell", async () => {
    const notes = await warnings(placed(x.with(5, x[4]!).with(9, x[4]!), y.with(5, y[4]!).with(9, y[4]!)));
    expect(notes).toEqual([expect.stringMatching(/^warning DATA_POSITIONS .*2 positions repeat .*indices 5, 9\)/)]);
  });
  it("C11 outside of the object guess: a warning with indices, because the canvas is computed (study.md 7.3)", async () => {
    const notes = await warnings(
      placed(
        x.map((value) => value + 40),
        y,
      ),
    );
    expect(notes).toEqual([
      expect.stringMatching(/^warning DATA_POSITIONS .*12 probe windows reach beyond .*indices 0, 1/),
    ]);
  });
});

it.each([[[8, 8]], [[32, 16]], [[2, 16, 32]], [[1, 2, 15, 16]]] as const)(
  "C12 a probe of %j for 16 x 16 patterns",
  (size) =>
    refuseScan(
      { ...plain, probeGuess: npyNumbers("<c8", size, ones((size as readonly number[]).reduce((a, b) => a * b, 1))) },
      "DATA_PROBE",
      ["probeGuess", "expected 16 x 16", `got ${size.at(-2)} x ${size.at(-1)}`],
    ),
);

it("C12 a zero probe, and one that only complex64 makes zero", async () => {
  const values = probeNumbers(heightPx, widthPx);
  for (const [descr, scale] of [
    ["<c8", 0],
    [">c16", 0],
    ["<c16", 1e-60],
  ] as const) {
    const probeGuess = npyNumbers(
      descr,
      [heightPx, widthPx],
      values.map((value) => scale * value),
    );
    await refuseScan({ ...plain, probeGuess }, "DATA_PROBE", ["probeGuess", "all zero"]);
  }
});

it.each([
  [[21, 25], false],
  [[22, 24], false],
  [[22, 25], true],
])(
  "C13 an object guess of %j for a scan that needs 22 x 25: a warning with the size at most",
  async (object, large) => {
    const near = placed(
      x.map((value) => value - 6),
      y.map((value) => value - 4.5),
      object,
    );
    const notes = (await warnings(near)).filter((note) => note.includes("DATA_OBJECT_SIZE"));
    expect(notes).toEqual(
      large ? [] : [expect.stringMatching(/objectGuess: .* smaller than scan range \+ probe, 22 x 25/)],
    );
  },
);

describe("C14 pattern sizes", () => {
  it.each([
    [8, 8],
    [15, 15],
    [24, 30],
    [45, 27],
    [100, 12],
  ])("C14 %i x %i is read as it is", async (height, width) => {
    const dataset = await read(scanMembers(scanNumbers(7, height, width)));
    expect([dataset.patterns.heightPx, dataset.patterns.widthPx]).toEqual([height, width]);
  });
  it.each([
    [7, 8, "Pad patterns and probe to 8 x 8"],
    [22, 16, "Pad patterns and probe to 24 x 16"],
    [16, 49, "Pad patterns and probe to 16 x 50"],
    [1025, 8, "at most 1024 x 1024"],
  ])("C14 %i x %i is refused with the next good size, never padded", (height, width, remedy) =>
    refuseScan(scanMembers(scanNumbers(5, height, width)), "UNSUPPORTED_SIZE", [
      "diffraction",
      `${height} x ${width}`,
      "2^a 3^b 5^c",
      remedy,
    ]),
  );
});

describe("C15 few and many frames", () => {
  it("C15 one frame does not determine object and probe (study.md 7.3)", () =>
    refuseScan(scanMembers(scanNumbers(1)), "DATA_GEOMETRY", ["degenerate geometry: too few patterns", "at least 2"]));
  it("C15 two frames do", async () => expect((await read(scanMembers(scanNumbers(2)))).patterns.count).toBe(2));
});
