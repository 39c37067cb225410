import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addModes, centrePositions, type PreparedScan, writeScan, writeSchedule } from "../../bench/compare-scan.ts";
import { openNpz, parseOptions, parseSchedule, readDataset } from "../../src/index.ts";
import { fileAccess, nodeReaderTools } from "../../src/node/index.ts";

let folder = "";
let scan: PreparedScan;
const work = { size: 16, modes: 2, patterns: 380 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ptycho-test-"));
  scan = await writeScan(folder, work);
});
afterAll(() => rm(folder, { recursive: true }));

test("the file is a contract scan whose positions both engines can take as they are", async () => {
  const access = await fileAccess(scan.path);
  const dataset = await readDataset(access, parseOptions({}).data, nodeReaderTools());
  expect(dataset.patterns).toMatchObject({ count: 380, heightPx: 16, widthPx: 16, quantity: "amplitude" });
  expect(Array.from(dataset.positionsPx)).toEqual(Array.from(scan.positionsPx));
  expect(scan.positionsPx.every((value) => Math.fround(value) === value)).toBe(true);
  expect(scan.positionsPx.every((value) => value % 1 !== 0)).toBe(true);
  await dataset.patterns.close();
  const arrays = await openNpz(await fileAccess(scan.path));
  expect((await arrays.header("objectGuess")).shape).toEqual(scan.canvasShape);
  expect((await arrays.header("probeGuess")).shape).toEqual([2, 16, 16]);
});

test("the object repeats: positions a tile apart have the same pattern, others have not", async () => {
  const arrays = await openNpz(await fileAccess(scan.path));
  const values = (await arrays.readNumeric("diffraction")).data as Float32Array;
  const pattern = (k: number) => Array.from(values.subarray(256 * k, 256 * (k + 1)));
  // 20 positions a row, tiles of 16, 2 px a step
  expect(pattern(16)).toEqual(pattern(0));
  expect(pattern(16 * 20 + 3)).toEqual(pattern(3));
  expect(pattern(1)).not.toEqual(pattern(0));
  expect(pattern(20)).not.toEqual(pattern(0));
  const [y, x] = [0, 1].map((axis) => scan.positionsPx[32 + axis]! - scan.positionsPx[axis]!);
  expect(y).toBeCloseTo(0, 4);
  expect(x).toBeCloseTo(32, 4);
});

test("all light of the start probe is on the canvas", async () => {
  const arrays = await openNpz(await fileAccess(scan.path));
  const probe = (await arrays.readNumeric("probeGuess")).data as Float32Array;
  const energy = probe.reduce((sum, value) => sum + value * value, 0);
  const light = scan.illumination.reduce((sum, value) => sum + value, 0);
  expect(light / (380 * energy)).toBeCloseTo(1, 5);
});

test("the probe is as wide a share of its window at every size, and does not reach the edge", async () => {
  for (const size of [32, 96]) {
    const { path } = await writeScan(folder, { size, modes: 1, patterns: 1 });
    const arrays = await openNpz(await fileAccess(path));
    const probe = (await arrays.readNumeric("probeGuess")).data as Float32Array;
    const [width, atEdge] = describeProbe(probe, size);
    // rms radius over the size; a disc 0.37 wide has 0.13
    expect(width).toBeGreaterThan(0.1);
    expect(width).toBeLessThan(0.16);
    expect(atEdge).toBeLessThan(1e-3);
  }
});

test("amplitudes have a small mean square, and the start probe's light is theirs at that scale", async () => {
  const arrays = await openNpz(await fileAccess(scan.path));
  const values = (await arrays.readNumeric("diffraction")).data as Float32Array;
  const meanSquare = sumSquares(values) / values.length;
  expect(meanSquare / 1e-3).toBeCloseTo(1, 1);
  // of transforms without a factor: the object, whose amplitude is 0.72 ... 1, takes some
  const probe = (await arrays.readNumeric("probeGuess")).data as Float32Array;
  const share = meanSquare / sumSquares(probe.subarray(0, 2 * 16 * 16));
  expect(share).toBeGreaterThan(0.5);
  expect(share).toBeLessThan(1.1);
});

test("schedules are explicit, one list per epoch", async () => {
  const schedule = parseSchedule(JSON.parse(await readFile(await writeSchedule(folder, scan, 96, 3), "utf8")));
  expect(schedule.epochs).toHaveLength(3);
  expect(schedule.epochs[0]!.map(({ length }) => length)).toEqual([96, 96, 96, 92]);
  expect(schedule.epochs[0]).not.toEqual(schedule.epochs[1]);
});

test("positions move by whole pixels to float32 numbers around 0", () => {
  const centred = centrePositions([10.25, 100.5, 20.75, 140.5]);
  expect(Array.from(centred)).toEqual([-5.75, -20.5, 4.75, 19.5]);
});

test("further modes are weaker, different, and leave the first as it is", () => {
  const first = Float32Array.from({ length: 128 }, (_, k) => 1 + (k % 5));
  const modes = addModes(first, [8, 8], 4);
  const energy = (mode: number) => modes.subarray(128 * mode, 128 * (mode + 1)).reduce((sum, v) => sum + v * v, 0);
  expect(Array.from(modes.subarray(0, 128))).toEqual(Array.from(first));
  expect(energy(1) / energy(0)).toBeCloseTo(0.1, 5);
  expect(energy(3) / energy(0)).toBeCloseTo(0.1 / 3, 5);
});

/** Rms radius as a share of the size, and the share of energy in the outer sixteenth on each side. */
function describeProbe(probe: Float32Array, size: number): [number, number] {
  let [energy, spread, atEdge] = [0, 0, 0];
  for (let index = 0; index < size * size; index++) {
    const [y, x] = [Math.floor(index / size), index % size];
    const light = probe[2 * index]! ** 2 + probe[2 * index + 1]! ** 2;
    energy += light;
    spread += light * ((y - size / 2) ** 2 + (x - size / 2) ** 2);
    if (Math.min(y, x) < size / 16 || Math.max(y, x) >= size - size / 16) atEdge += light;
  }
  return [Math.sqrt(spread / energy) / size, atEdge / energy];
}

function sumSquares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
