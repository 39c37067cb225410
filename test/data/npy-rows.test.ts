import { describe, expect, it } from "vitest";
import { expectRefusal } from "../support/expect-refusal.ts";
import { buildZip, encodeNumbers, join, npyFile, npyNumbers, npyPickled, npyText } from "../support/npz-builder.ts";
import { refusedRows } from "../support/refused-files.ts";
import {
  builtMembers,
  type Members,
  readScan,
  refuseScan,
  scanFile,
  scanMembers,
  scanNumbers,
} from "../support/scan-files.ts";

const { count, heightPx, widthPx, x } = scanNumbers();
const plain = scanMembers();
const body = encodeNumbers("<f8", x);
const dictBytes = "{'descr': '<f8', 'fortran_order': False, 'shape': (12,), }".length;
const refuse = (members: Members, code: string, mentions: (string | RegExp)[] = []) =>
  refuseScan({ ...plain, ...members }, code, mentions);
const header = (text: string) => ({ xcoords: npyFile("<f8", [], body, { header: text }) });
const shaped = (text: string) => header(`{'descr': '<f8', 'fortran_order': False, 'shape': ${text}, }`);
const readX = async (xcoords: Uint8Array) => {
  const { positionsPx } = await readScan(scanFile({ ...plain, xcoords }));
  return Array.from({ length: count }, (_, index) => positionsPx[2 * index + 1]!);
};

describe("the table of refusals, read without the command line", () => {
  it.each(refusedRows("B"))("%s", async (_, { file, code, names }) => {
    await expectRefusal(readScan(file()), code, ["scan.npz", ...names]);
  });
});

describe("B1, B2 pickled objects", () => {
  it.each(["diffraction", "objectGuess", "probeGuess", "xcoords", "ycoords"])(
    "B1 in %s: refused, never opened",
    (key) => refuse({ [key]: npyPickled() }, "NPY_OBJECT_REFUSED", [key, "never loaded"]),
  );
  it("B2 not needed: accepted and listed, however broken its pickle is", async () => {
    const members = { ...plain, filenames: npyPickled(), _metadata: npyPickled() };
    const dataset = await readScan(scanFile(members));
    expect(dataset.provenance.ignoredMembers).toEqual(["filenames"]);
    expect(dataset.provenance.metadata).toMatchObject({
      status: "skipped",
      reason: expect.stringContaining("pickled"),
    });
  });
});

it("B3 the message names the type and the accepted ones", () =>
  refuse({ ycoords: npyFile("<M8[s]", [count], new Uint8Array(8 * count)) }, "NPY_DTYPE", [
    "ycoords",
    "got <M8",
    "bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, float32, float64, complex64, complex128",
  ]));

describe("B4 headers that are too large", () => {
  it.each([
    ["10,001 bytes", { padding: 10_001 - 1 - dictBytes }],
    ["65,535 bytes", { padding: 65_000 }],
  ])("B4 %s", (_, parts) =>
    refuse({ xcoords: npyFile("<f8", [count], body, parts) }, "NPY_HEADER_TOO_LARGE", ["xcoords"]),
  );
  it("B4 nesting is counted, whatever its brackets are", () =>
    refuse(shaped(`${"[(".repeat(2000)}${")]".repeat(2000)}`), "NPY_HEADER_TOO_LARGE"));
  it("B4 10,000 bytes are fine", async () =>
    expect(await readX(npyFile("<f8", [count], body, { padding: 10_000 - 1 - dictBytes }))).toEqual(x));
});

it.each([
  "{'descr': '<f8', 'fortran_order': False, 'shape': (len('aaaaaaaaaaaa'),)}",
  "{'descr': os.sep, 'fortran_order': False, 'shape': (12,)}",
  "{'descr': '<f8', 'fortran_order': not True, 'shape': (12,)}",
  "{k: v for k, v in [('descr', '<f8'), ('fortran_order', False), ('shape', (12,))]}",
  "dict(descr='<f8', fortran_order=False, shape=(12,))",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (12,)}; import os",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (12,)",
  "['<f8', False, (12,)]",
  "",
])("B5 a header that is no plain dict: %j", (text) => refuse(header(text), "NPY_HEADER_SYNTAX", ["xcoords"]));

it.each([
  "{'fortran_order': False, 'shape': (12,)}",
  "{'descr': '<f8', 'fortran_order': False}",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (12,), 'shape': (12,)}",
  "{'descr': '<f8', 'fortran_order': False, 'shape': (12,), 'version': 1}",
  "{'descr': '<f8', 'fortran_order': False, 'shapes': (12,)}",
  "{}",
])("B6 wrong keys: %s", (text) => refuse(header(text), "NPY_HEADER_KEYS", ["xcoords"]));

it.each([
  "(-1,)",
  "(-2, -6)",
  "(-2*-6,)",
  "(12.,)",
  "(1.2e1,)",
  "(False,)",
  "('12',)",
  `(1${"0".repeat(23)},)`,
  "(18446744073709551616,)",
  "(np.int64(12),)",
  "(numpy.int64(12),)",
  "[12]",
  "12",
  "(12)",
  "((12,),)",
])("B7 a shape that is no tuple of counts: %s", (text) => refuse(shaped(text), "NPY_SHAPE", ["xcoords"]));

it.each([
  "(9007199254740992,)",
  "(9007199254740991, 2)",
  "(1125899906842624,)", // 2^50 numbers are 2^53 bytes
  "(65536, 65536, 65536, 65536)",
  "(4294967296, 4294967296, 0)",
])("B8 a shape beyond 2^53 bytes or its product beyond 2^64: %s", async (text) => {
  // Zero elements are no overflow, but they are no data either.
  await refuse(shaped(text), text.endsWith("0)") ? "NPY_LENGTH" : "NPY_SHAPE_OVERFLOW", ["xcoords"]);
});

describe("B9 zero dimensions", () => {
  it.each([
    ["diffraction", "<f4", [0, heightPx, widthPx]],
    ["diffraction", "<f4", [count, 0, widthPx]],
    ["diffraction", "<f4", [0, 0, 0]],
    ["probeGuess", "<c8", [0, widthPx]],
    ["probeGuess", "<c8", [0, heightPx, widthPx]],
    ["objectGuess", "<c8", [0, 0]],
    ["xcoords", "<f8", [0]],
    ["ycoords", "<f8", [0]],
  ] as const)("B9 %s %s %j", (key, descr, dimensions) =>
    refuse({ [key]: npyFile(descr, dimensions, new Uint8Array()) }, "DATA_EMPTY", [key]),
  );
  it("B9 everything empty at once", async () => {
    const empty = npyFile("<f8", [0], new Uint8Array());
    const diffraction = npyFile("<f4", [0, heightPx, widthPx], new Uint8Array());
    await refuse({ diffraction, xcoords: empty, ycoords: empty }, "DATA_EMPTY", ["diffraction"]);
  });
});

it.each(["|V0", "<U0", "|S0"])("B10 a type without size: %s", (descr) =>
  refuse(header(`{'descr': '${descr}', 'fortran_order': False, 'shape': (1000000000000,)}`), "NPY_DTYPE", ["xcoords"]),
);

it("B11 nine dimensions are refused, eight are counted", async () => {
  await refuse(shaped(`(${"1, ".repeat(8)}12)`), "NPY_RANK", ["xcoords", "at most 8", "9"]);
  await refuse(shaped(`(${"1, ".repeat(7)}12)`), "DATA_RANK", ["xcoords"]);
});

describe("B12 payload and shape disagree", () => {
  const cases = ["diffraction", "objectGuess", "probeGuess", "ycoords"].flatMap((key) =>
    [0, 8].flatMap((method) => [-1, 1].map((extra) => [key, method, extra] as const)),
  );
  it.each(cases)("B12 %s, method %i, %i bytes", async (key, method, extra) => {
    const whole = plain[key]!;
    const content = extra < 0 ? whole.slice(0, -1) : join(whole, new Uint8Array(1));
    await expectRefusal(readScan(buildZip(builtMembers({ [key]: { content, method } }))), "NPY_LENGTH", [
      "scan.npz",
      key,
      `expected ${whole.length} bytes`,
      `got ${content.length} bytes`,
    ]);
  });
  it("B12 a member that ends inside its header", async () => {
    for (const length of [0, 5, 9, 11, 60]) {
      const content = plain.xcoords!.slice(0, length);
      await refuse({ xcoords: content }, length < 10 ? "NPY_MAGIC" : "NPY_LENGTH", ["xcoords"]);
    }
  });
});

it.each([
  ["version 2.0", { version: [2, 0] }],
  ["version 3.0", { version: [3, 0] }],
  ["Python 2's long integers", { header: "{'descr': '<f8', 'fortran_order': False, 'shape': (12L,), }" }],
  ["double quotes and line breaks", { header: '{"shape" :\n(12 ,) ,"fortran_order":False, "descr":"<f8"}' }],
] as const)("B13 accepted: %s", async (_, parts) =>
  expect(await readX(npyFile("<f8", [count], body, parts))).toEqual(x),
);

it.each([
  [0, 0],
  [1, 1],
  [4, 0],
  [9, 9],
] as const)("B14 version %i.%i", (major, minor) =>
  refuse({ xcoords: npyFile("<f8", [count], body, { version: [major, minor] }) }, "NPY_VERSION", [`${major}.${minor}`]),
);

it("B14 one wrong byte of the magic", () =>
  refuse({ xcoords: plain.xcoords!.with(5, 0x5a) }, "NPY_MAGIC", ["xcoords"]));

describe("B18 ranks", () => {
  it.each(["xcoords", "ycoords"])("B18 a scalar for %s", (key) =>
    refuse({ [key]: npyNumbers("<f8", [], [3]) }, "DATA_RANK", [key, "0 axes"]),
  );
  it("B18 a column of coordinates is no vector", () =>
    refuse({ xcoords: npyNumbers("<f8", [count, 1], x) }, "DATA_RANK", ["xcoords", "(12, 1)"]));
  it("B18 text where a stack is needed", () =>
    refuse({ diffraction: npyText("nothing") }, "NPY_DTYPE", ["diffraction"]));
});
