// Files whose arrays or meaning have to be refused (reliability.md section 8, B and C; study.md 7.3 and 7.4), at least one
// for every row.

import { encodeNumbers, fields, npyFile, npyNumbers, npyPickled, npyText } from "./npz-builder.ts";
import { type RefusedFile, refusedArchives, row } from "./refused-archives.ts";
import { type Members, ones, probeNumbers, scanFile, scanMembers, scanNumbers } from "./scan-files.ts";

const numbers = scanNumbers();
const { count, heightPx, widthPx, patterns, x, y } = numbers;
const shape = [count, heightPx, widthPx];
const pixels = heightPx * widthPx;

/** The scan with some members exchanged. */
const changed = (members: Members) => () => scanFile({ ...scanMembers(), ...members });
const stack = (descr: string, values: ArrayLike<number>) =>
  changed({ diffraction: npyNumbers(descr, shape, Array.from(values)) });
const altered = (index: number, value: number) => stack("<f4", patterns.with(index, value));
/** x coordinates of any header over a body of the right length. */
const header = (text: string) => changed({ xcoords: npyFile("<f8", [], encodeNumbers("<f8", x), { header: text }) });
const shaped = (text: string) => header(`{'descr': '<f8', 'fortran_order': False, 'shape': ${text}, }`);
const typed = (descr: string, itemBytes: number) =>
  changed({ xcoords: npyFile(descr, [count], new Uint8Array(count * itemBytes)) });
const list = (descr: string) => header(`{'descr': ${descr}, 'fortran_order': False, 'shape': (${count},), }`);
const coordinates = (newX: readonly number[], newY: readonly number[] = y) =>
  changed({
    xcoords: npyNumbers("<f8", [newX.length], newX),
    ycoords: npyNumbers("<f8", [newY.length], newY),
  });
const scanOf =
  (...size: Parameters<typeof scanNumbers>) =>
  () =>
    scanFile(scanMembers(scanNumbers(...size)));

/** Patterns that overlap by a pixel along a diagonal of 45,000 px. */
function chain(): Uint8Array {
  const many = scanNumbers(3001);
  const diagonal = many.x.map((_, index) => 15 * index);
  const members = scanMembers(many);
  const coordinate = npyNumbers("<f8", [many.count], diagonal);
  return scanFile({ ...members, xcoords: coordinate, ycoords: coordinate });
}

const arrays: readonly RefusedFile[] = [
  row("B1", "object array", changed({ probeGuess: npyPickled() }), "NPY_OBJECT_REFUSED", ["probeGuess"]),
  row("B1", "structured with an object", list("[('a', '|O')]"), "NPY_OBJECT_REFUSED", ["xcoords"]),
  row("B3", "structured", list("[('a', '<f8')]"), "NPY_DTYPE", ["xcoords", "complex128"]),
  row("B3", "sub-array", list("('<f8', (2,))"), "NPY_DTYPE", ["xcoords"]),
  row("B3", "text", changed({ xcoords: npyText("3.5") }), "NPY_DTYPE", ["xcoords", "<U3"]),
  row("B3", "bytes", typed("|S8", 8), "NPY_DTYPE", ["xcoords", "|S8"]),
  row("B3", "datetime", typed("<M8[s]", 8), "NPY_DTYPE", ["xcoords", "<M8[s]"]),
  row("B3", "void", typed("|V8", 8), "NPY_DTYPE", ["xcoords", "|V8"]),
  row("B3", "float128", typed("<f16", 16), "NPY_DTYPE", ["xcoords", "<f16", "float64"]),
  row(
    "B4",
    "4 GiB header",
    changed({ xcoords: npyFile("<f8", [count], new Uint8Array(96), { version: [2, 0], headerLength: 2 ** 32 - 1 }) }),
    "NPY_HEADER_TOO_LARGE",
    ["xcoords"],
  ),
  row(
    "B4",
    "20 kB header",
    changed({ xcoords: npyFile("<f8", [count], new Uint8Array(96), { padding: 20_000 }) }),
    "NPY_HEADER_TOO_LARGE",
    ["xcoords"],
  ),
  row("B4", "4,000 parentheses", shaped("(".repeat(4000) + ")".repeat(4000)), "NPY_HEADER_TOO_LARGE", ["xcoords"]),
  row(
    "B5",
    "call expression",
    header("{'descr': __import__('os').system('touch /tmp/called'), 'fortran_order': False, 'shape': (12,)}"),
    "NPY_HEADER_SYNTAX",
    ["xcoords"],
  ),
  row("B5", "comprehension", shaped("tuple(i for i in (12,))"), "NPY_HEADER_SYNTAX", ["xcoords"]),
  row("B6", "missing key", header("{'descr': '<f8', 'shape': (12,), }"), "NPY_HEADER_KEYS", ["xcoords"]),
  row(
    "B6",
    "extra key",
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (12,), 'a': 1, }"),
    "NPY_HEADER_KEYS",
    ["xcoords"],
  ),
  row(
    "B6",
    "key twice",
    header("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (12,), }"),
    "NPY_HEADER_KEYS",
    ["xcoords", "descr"],
  ),
  ...["(-1,)", "(-3, -4)", "(12.5,)", "(True,)", "(10**23,)", `(1${"0".repeat(23)},)`, "(np.int64(12),)"].map((text) =>
    row("B7", `shape ${text}`, shaped(text), "NPY_SHAPE", ["xcoords"]),
  ),
  row("B8", "2^32 x 2^32", shaped("(4294967296, 4294967296)"), "NPY_SHAPE_OVERFLOW", ["xcoords"]),
  row("B8", "2^62 x 4", shaped("(4611686018427387904, 4)"), "NPY_SHAPE_OVERFLOW", ["xcoords"]),
  row(
    "B9",
    "no pattern",
    changed({ diffraction: npyFile("<f4", [0, heightPx, widthPx], new Uint8Array()) }),
    "DATA_EMPTY",
    ["diffraction"],
  ),
  row(
    "B10",
    "10^12 items of no size",
    header("{'descr': '|V0', 'fortran_order': False, 'shape': (1000000000000,), }"),
    "NPY_DTYPE",
    ["xcoords", "|V0"],
  ),
  row("B11", "65 dimensions", shaped(`(${"1, ".repeat(65)})`), "NPY_RANK", ["xcoords", "65"]),
  row("B11", "9 dimensions", shaped(`(${"1, ".repeat(8)}12)`), "NPY_RANK", ["xcoords", "9"]),
  row("B12", "one byte short", changed({ xcoords: npyFile("<f8", [count], new Uint8Array(95)) }), "NPY_LENGTH", [
    "xcoords",
  ]),
  row("B12", "one byte too many", changed({ xcoords: npyFile("<f8", [count], new Uint8Array(97)) }), "NPY_LENGTH", [
    "xcoords",
  ]),
  row(
    "B12",
    "shape beyond the data",
    changed({ diffraction: npyFile("<f4", [count, heightPx, 2 * widthPx], new Uint8Array(4 * count * pixels)) }),
    "NPY_LENGTH",
    ["diffraction"],
  ),
  row(
    "B14",
    "version 9.9",
    changed({ xcoords: npyFile("<f8", [count], new Uint8Array(96), { version: [9, 9] }) }),
    "NPY_VERSION",
    ["xcoords", "9.9"],
  ),
  row("B14", "wrong magic", changed({ xcoords: new Uint8Array(224).fill(65) }), "NPY_MAGIC", ["xcoords"]),
  row(
    "B16",
    "an int64 beyond 2^53",
    changed({
      scan_index: npyFile(
        "<i8",
        [count],
        fields(...x.map((_, at) => [8, at === 3 ? 2n ** 53n + 1n : 0n] as [8, bigint])),
      ),
    }),
    "NPY_INT_RANGE",
    ["scan_index", "9007199254740993"],
  ),
  row("B18", "a scalar", changed({ xcoords: npyNumbers("<f8", [], [3]) }), "DATA_RANK", ["xcoords"]),
];

const meaning: readonly RefusedFile[] = [
  row("C1", "NaN", altered(3 * pixels + 2 * widthPx + 5, Number.NaN), "DATA_NONFINITE", [
    "diffraction",
    "frame 3, row 2, column 5",
    "--mask-nonfinite",
  ]),
  row("C1", "infinity", altered(0, Number.NEGATIVE_INFINITY), "DATA_NONFINITE", [
    "diffraction",
    "frame 0, row 0, column 0",
  ]),
  row(
    "C1",
    "nothing finite",
    stack(
      "<f4",
      patterns.map(() => Number.NaN),
    ),
    "DATA_NONFINITE",
    ["diffraction", "3072"],
  ),
  row("C2", "negative", altered(7, -0.5), "DATA_NEGATIVE", ["diffraction", "--clip-negative"]),
  row("C3", "no light at all", stack("<f4", new Float32Array(patterns.length)), "DATA_EMPTY", ["diffraction"]),
  row("C5", "positions one short", coordinates(x.slice(1), y.slice(1)), "DATA_LENGTH_MISMATCH", [
    "xcoords",
    "11",
    "12",
  ]),
  row("C5", "positions one too many", coordinates([...x, 9], [...y, 9]), "DATA_LENGTH_MISMATCH", [
    "xcoords",
    "13",
    "12",
  ]),
  row("C8", "n = H = W", scanOf(16), "DATA_AXIS_ORDER", ["diffraction", "--axis-order"]),
  row(
    "C9",
    "counts called amplitude",
    stack(
      "<u2",
      patterns.map(() => 1),
    ),
    "DATA_QUANTITY",
    ["diffraction", "uint16"],
    ["--amplitude"],
  ),
  row(
    "C9",
    "the file contradicts the request",
    changed({ measurement_domain: npyText("amplitude") }),
    "DATA_QUANTITY",
    ["diffraction", "measurement_domain"],
    ["--intensity"],
  ),
  row(
    "C10",
    "metres",
    coordinates(
      x.map((value) => value * 1e-8),
      y.map((value) => value * 1e-8),
    ),
    "DATA_UNITS",
    ["xcoords", "metres"],
  ),
  row("C11", "NaN position", coordinates(x.with(2, Number.NaN)), "DATA_POSITIONS", ["xcoords", "indices 2"]),
  row(
    "C12",
    "probe of another size",
    changed({ probeGuess: npyNumbers("<c8", [8, 8], probeNumbers(8, 8)) }),
    "DATA_PROBE",
    ["probeGuess", "16 x 16", "8 x 8"],
  ),
  row(
    "C12",
    "zero probe",
    changed({ probeGuess: npyFile("<c8", [heightPx, widthPx], new Uint8Array(8 * pixels)) }),
    "DATA_PROBE",
    ["probeGuess"],
  ),
  row("C14", "22 pixels", scanOf(12, 22), "UNSUPPORTED_SIZE", ["diffraction", "22 x 22", "24 x 24"]),
  row("C15", "one frame", scanOf(1), "DATA_GEOMETRY", ["xcoords", "degenerate geometry"]),
];

const rules: readonly RefusedFile[] = [
  row("7.3", "keys missing", () => scanFile(undefined, { without: ["probeGuess", "ycoords"] }), "DATA_MISSING_KEY", [
    "['probeGuess', 'ycoords']",
    "Expected keys",
  ]),
  row("7.3", "diffraction complex", stack("<c8", new Float32Array(2 * patterns.length).fill(1)), "DATA_DTYPE", [
    "diffraction must be float (amplitude), got dtype=complex64",
  ]),
  row(
    "7.3",
    "diffraction uint16",
    stack(
      "<u2",
      patterns.map((value) => 1000 * value),
    ),
    "DATA_QUANTITY",
    ["diffraction must be float (amplitude), got dtype=uint16", "--intensity"],
  ),
  row(
    "7.3",
    "diffraction int64",
    stack(
      "<i8",
      patterns.map((value) => Math.round(1000 * value)),
    ),
    "DATA_QUANTITY",
    ["diffraction", "dtype=int64"],
  ),
  row(
    "7.3",
    "object real",
    changed({ objectGuess: npyFile("<f4", [64, 60], new Uint8Array(4 * 64 * 60)) }),
    "DATA_DTYPE",
    ["objectGuess must be complex dtype (complex64/complex128), got dtype=float32"],
  ),
  row(
    "7.3",
    "probe real",
    changed({ probeGuess: npyFile("<f8", [heightPx, widthPx], new Uint8Array(8 * pixels)) }),
    "DATA_DTYPE",
    ["probeGuess must be complex dtype (complex64/complex128), got dtype=float64"],
  ),
  row("7.3", "coordinates integer", changed({ ycoords: npyNumbers("<i4", [count], y.map(Math.round)) }), "DATA_DTYPE", [
    "ycoords must be float dtype, got dtype=int32",
  ]),
  row("7.3", "length differs", coordinates(x.slice(1)), "DATA_LENGTH_MISMATCH", [
    "xcoords length 11 != diffraction first axis 12",
  ]),
  row("7.3", "NaN amplitude", altered(5, Number.NaN), "DATA_NONFINITE", ["diffraction"]),
  row("7.3", "negative amplitude", altered(5, -1e-6), "DATA_NEGATIVE", ["diffraction"]),
  row(
    "7.3",
    "rectangular patterns, square probe",
    changed({ diffraction: npyNumbers("<f4", [count, 8, 32], patterns) }),
    "DATA_PROBE",
    ["probeGuess", "8 x 32", "16 x 16"],
  ),
  row(
    "7.3",
    "range below a pixel",
    coordinates(
      x.map((_, at) => 30 + at / 100),
      y.map((_, at) => 30 + at / 50),
    ),
    "DATA_GEOMETRY",
    ["degenerate geometry"],
  ),
  row("7.3", "one pattern", scanOf(1), "DATA_GEOMETRY", ["degenerate geometry"]),
  row("7.3", "no overlap", coordinates(x.map((value, at) => (at < count / 2 ? value : value + 500))), "DATA_GEOMETRY", [
    "degenerate geometry",
  ]),
  row("canvas", "a canvas beyond any device", chain, "DATA_CANVAS_SIZE", ["xcoords", "45066 x 45066"]),
  row("7.3", "all patterns zero", stack("<f4", new Float32Array(patterns.length)), "DATA_EMPTY", ["diffraction"]),
  row(
    "7.4",
    "diff3d and diffraction differ",
    changed({ diff3d: npyNumbers("<f4", shape, patterns.with(9, 3)) }),
    "DATA_KEY_CONFLICT",
    ["diffraction", "diff3d"],
  ),
  row(
    "7.4",
    "uint16 diff3d",
    () =>
      scanFile(
        {
          ...scanMembers(),
          diff3d: npyNumbers(
            "<u2",
            shape,
            patterns.map((value) => 1000 * value),
          ),
        },
        { without: ["diffraction"] },
      ),
    "DATA_QUANTITY",
    ["diff3d", "--intensity"],
  ),
  row("7.4", "one axis too few", changed({ diffraction: npyNumbers("<f4", [count, pixels], patterns) }), "DATA_RANK", [
    "diffraction",
  ]),
  row(
    "7.4",
    "object of four axes",
    changed({ objectGuess: npyNumbers("<c8", [1, 1, 64, 60], ones(64 * 60)) }),
    "DATA_RANK",
    ["objectGuess"],
  ),
];

/** Every refused file, A to C and then study.md's rules. */
export const refusedFiles: readonly RefusedFile[] = [...refusedArchives, ...arrays, ...meaning, ...rules];

/** Those of rows that begin with `letter` and need no flag, by title. */
export function refusedRows(letter: string): [title: string, file: RefusedFile][] {
  return refusedFiles
    .filter(({ row, flags }) => row.startsWith(letter) && !flags?.length)
    .map((file) => [titleOf(file), file]);
}

/** Row and what it is. */
export function titleOf({ row, what }: RefusedFile): string {
  return `${row} ${what}`;
}
