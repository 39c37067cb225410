// What reading a scan says beside the arrays: conversions, what was left aside, centring, probe modes; and what inspect
// makes of it.
import { describe, expect, it } from "vitest";
import { inspectDataset } from "../../src/data/inspect.ts";
import { formatInspection } from "../../src/data/inspect-format.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { npyFile, npyNumbers, npyPickled } from "../support/npz-builder.ts";
import {
  dataOptions,
  type Members,
  notesOf,
  probeNumbers,
  readScan,
  refuseScan,
  scanFile,
  scanMembers,
  scanNumbers,
} from "../support/scan-files.ts";

const numbers = scanNumbers();
const { count, heightPx, widthPx, patterns, x } = numbers;
const shape = [count, heightPx, widthPx];
const plain = scanMembers(numbers);
const read = plain.diffraction!;

/** np.fft.fftshift of every pattern. */
const cornered = Float32Array.from(patterns, (_, index) => {
  const [frame, pixel] = [Math.floor(index / (heightPx * widthPx)), index % (heightPx * widthPx)];
  const row = (Math.floor(pixel / widthPx) + heightPx / 2) % heightPx;
  const column = ((pixel % widthPx) + widthPx / 2) % widthPx;
  return patterns[(frame * heightPx + row) * widthPx + column]!;
});

const inspect = async (members: Members, data: Parameters<typeof dataOptions>[0] = {}, quick = false) => {
  const layOutCanvas = () => ({ shape: [64, 64] as const, notes: [] });
  const options = { data: dataOptions(data), layOutCanvas, quick };
  const report = await inspectDataset(bytesAccess(scanFile(members), "scan.npz"), options);
  return { report, text: formatInspection(report) };
};

describe("conversions are noted, whatever is converted", () => {
  const converted = (notes: readonly string[]) => notes.filter((note) => note.startsWith("info DATA_CONVERTED"));
  it("nothing is said about a file of the contract's types", async () =>
    expect(converted(await notesOf(plain))).toEqual([]));
  it.each([
    ["<f2", "diffraction: float16 cast to float32"],
    [">f4", "diffraction: big-endian converted"],
  ])("patterns %s", async (descr, message) => {
    const members = { ...plain, diffraction: npyNumbers(descr, shape, patterns) };
    expect(converted(await notesOf(members))).toEqual([`info DATA_CONVERTED ${message}`]);
  });
  it("Fortran order, also of the guesses", async () => {
    const diffraction = npyNumbers("<f4", shape, patterns, { fortran: true });
    const probeGuess = npyNumbers(">c8", [heightPx, widthPx], probeNumbers(heightPx, widthPx), { fortran: true });
    expect(converted(await notesOf({ ...plain, diffraction, probeGuess }))).toEqual([
      "info DATA_CONVERTED diffraction: Fortran order converted",
      "info DATA_CONVERTED probeGuess: big-endian and Fortran order converted",
    ]);
  });
  it("float32 coordinates", async () =>
    expect(converted(await notesOf({ ...plain, xcoords: npyNumbers("<f4", [count], x) }))).toEqual([
      "info DATA_CONVERTED xcoords: float32 cast to float64",
    ]));
  it("a mask of integers; one of bool needs no word", async () => {
    const mask = (descr: string) => npyFile(descr, [heightPx, widthPx], new Uint8Array(heightPx * widthPx).fill(1));
    expect(converted(await notesOf({ ...plain, mask: mask("|u1") }))).toEqual([
      "info DATA_CONVERTED mask: uint8 read as bool (1 = valid)",
    ]);
    expect(converted(await notesOf({ ...plain, mask: mask("|b1") }))).toEqual([]);
  });
  it("members that are not read, pickled ones too", async () => {
    expect(await notesOf({ ...plain, filenames: npyPickled(), extra: read })).toContain(
      "info MEMBERS_IGNORED 2 other members not read: filenames, extra",
    );
    expect((await notesOf(plain)).join()).not.toContain("MEMBERS_IGNORED");
  });
});

describe("patterns with the light in the corners", () => {
  const members = { ...plain, diffraction: npyNumbers("<f4", shape, cornered) };
  const warning = expect.stringMatching(/^warning PATTERN_CORNERS diffraction: .*\(8, 8\).*np\.fft\.fftshift/);
  it("are warned about whenever a scan is read", async () => {
    expect(await notesOf(members)).toContainEqual(warning);
    expect((await notesOf(plain)).join()).not.toContain("PATTERN_CORNERS");
  });
  it("also where they are counts, and where memory is not in row order", async () => {
    const counts = Array.from(cornered, (value) => Math.round(1000 * value * value));
    const packed = { ...plain, diffraction: npyNumbers("<u2", shape, counts, { fortran: true }) };
    expect(await notesOf(packed, { quantity: "intensity" })).toContainEqual(warning);
  });
  it("a mask over the corners leaves the rest to judge", async () => {
    const corner = (at: number, length: number) => at < length / 4 || at >= (3 * length) / 4;
    const valid = Uint8Array.from({ length: heightPx * widthPx }, (_, pixel) =>
      corner(Math.floor(pixel / widthPx), heightPx) && corner(pixel % widthPx, widthPx) ? 0 : 1,
    );
    const masked = { ...members, mask: npyFile("|b1", [heightPx, widthPx], valid) };
    expect((await notesOf(masked)).join()).not.toContain("PATTERN_CORNERS");
  });
  it("inspect says it once", async () => {
    const { report } = await inspect(members);
    expect(report.findings.filter(({ code }) => code === "PATTERN_CORNERS")).toHaveLength(1);
    expect(report.findings.filter(({ code }) => code === "PATTERN_CENTRE")).toHaveLength(0);
  });
});

describe("probe modes", () => {
  const mode = probeNumbers(heightPx, widthPx);
  const probe = (...modes: number[][]): Members => ({
    ...plain,
    probeGuess: npyNumbers("<c8", [modes.length, heightPx, widthPx], modes.flat()),
  });
  const other = mode.map((value, at) => value * (at % 7));
  /** i * mode */
  const turned = mode.map((_, at) => (at % 2 === 0 ? -mode[at + 1]! : mode[at - 1]!));
  it("copies, mixtures and empty modes are named", async () => {
    expect(await notesOf(probe(mode, turned))).toContainEqual(
      expect.stringMatching(/^warning PROBE_MODES_DEPENDENT probeGuess: mode 2 of 2 is zero or a mixture/),
    );
    const mixture = mode.map((value, at) => value - 3 * other[at]!);
    const empty = mode.map(() => 0);
    expect(await notesOf(probe(mode, other, mixture, empty))).toContainEqual(
      expect.stringMatching(/^warning PROBE_MODES_DEPENDENT probeGuess: modes 3, 4 of 4 are/),
    );
  });
  it("modes that differ are fine", async () =>
    expect((await notesOf(probe(mode, other))).join()).not.toContain("PROBE_MODES_DEPENDENT"));
  it("real and imaginary part along a last axis: how to join them", () =>
    refuseScan({ ...plain, probeGuess: npyNumbers("<f4", [heightPx, widthPx, 2], mode) }, "DATA_DTYPE", [
      "probeGuess must be complex dtype (complex64/complex128), got dtype=float32",
      "save a[..., 0] + 1j * a[..., 1] as probeGuess",
    ]));
});

describe("a mask of its own", () => {
  const given = (maskNpy: Uint8Array) => readScan(scanFile(plain), {}, { maskNpy, maskName: "mask.npz" });
  it("an archive instead of an array: the mask is blamed, not the scan", async () => {
    const error = await expectRefusal(given(scanFile(plain)), "DATA_MASK", ["numpy.save("]);
    expect(error.message).toMatch(/^mask\.npz: given mask: .*got an NPZ file/);
  });
  it("a mask that does not fit is blamed by its name", async () => {
    const error = await expectRefusal(given(npyFile("|b1", [3, 3], new Uint8Array(9))), "DATA_MASK", ["(3, 3)"]);
    expect(error.message).toMatch(/^mask\.npz: /);
  });
});

describe("inspect", () => {
  it("from headers only it does not call the values sound", async () => {
    const { report, text } = await inspect(plain, {}, true);
    expect(report.valuesRead).toBe(false);
    expect(text).toContain("nothing odd in the headers; the values were not looked at");
    expect(text).not.toContain("nothing odd was found");
    expect((await inspect(plain)).report.valuesRead).toBe(true);
  });
  it("counts without a word: what a run would refuse, not a quantity that nobody stated", async () => {
    const counts = Array.from(patterns, (value) => Math.round(1000 * value));
    const { report, text } = await inspect({ ...plain, diffraction: npyNumbers("<u2", shape, counts) });
    expect(report.patterns!.quantity).toBeNull();
    expect(report.findings.filter(({ code }) => code === "DATA_QUANTITY")).toHaveLength(1);
    expect(text).toMatch(/values +uint16, not stated: a run needs --intensity; intensity is assumed below/);
  });
  it("what a run refuses is told in the run's words", async () => {
    const values = patterns.slice();
    values[3] = Number.NaN;
    values[7] = -0.5;
    const bad = { ...plain, diffraction: npyNumbers("<f4", shape, values) };
    const errors = (await inspect(bad)).report.findings.filter(({ level }) => level === "error");
    expect(errors.map(({ code }) => code)).toEqual(["DATA_NONFINITE", "DATA_NEGATIVE"]);
    expect(errors.map(({ message }) => message).join()).not.toMatch(/masked|set to zero,/);
    const refused = await expectRefusal(readScan(scanFile(bad)), "DATA_NONFINITE");
    expect(errors[0]!.message).toBe(refused.message);
    const negative = await expectRefusal(readScan(scanFile(bad), { maskNonfinite: true }), "DATA_NEGATIVE");
    expect(errors[1]!.message).toBe(negative.message);
  });
  it("after a refusal the contract's members are not called ignored", async () => {
    const broken = { ...plain, xcoords: npyNumbers("<i8", [count], x.map(Math.round)), spare: read };
    const { members } = (await inspect(broken)).report;
    expect(members.filter(({ used }) => !used).map(({ name }) => name)).toEqual(["spare"]);
  });
});

it.each([
  ["an HDF5 file", Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)],
  ["a single .npy array", read],
])("%s instead of an archive: how to make one", async (name, bytes) => {
  await expectRefusal(readScan(bytes), "ZIP_NOT_ARCHIVE", [`got ${name}`, "numpy.savez("]);
});
