// The built-in scan on the page: run, pause, stop, result against Node's, nothing sent anywhere.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { comparePhase, createScanBox } from "../../src/compare/index.ts";
import { openNpz, parseOptions, readDataset, reconstruct, resultMembers } from "../../src/index.ts";
import { fileAccess, nodeReaderTools, openDevice } from "../../src/node/index.ts";
import {
  download,
  type OpenedPage,
  press,
  runFact,
  useDemo,
  waitForEpoch,
  waitForStage,
} from "../support/demo-page.ts";
import { readArrays, type SeenArray, valuesOf } from "../support/result-files.ts";

const EPOCHS = 20;
const scanPath = join(import.meta.dirname, "../../demo/src/built-in-scan.npz");
const folder = mkdtempSync(join(tmpdir(), "ptycho-run-"));
const demo = useDemo();
let opened: OpenedPage;

beforeAll(async () => {
  opened = await demo.open();
  await waitForStage(opened.page, "ready");
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Largest difference over the largest modulus. */
function relativeDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / scale;
}

test("the page says what it found before anything is run", async () => {
  const { page } = opened;
  const card = page.locator(".card");
  await expect.poll(() => card.textContent()).toMatch(/121 of 64 × 64 pixels/);
  const text = await card.textContent();
  for (const fact of ["amplitude", "centre of mass", "diffraction", "float32", "121 × 64 × 64"])
    expect(text).toContain(fact);
  expect(await page.locator("#adapter").textContent()).toMatch(/^software adapter .*swiftshader/i);
});

test("without a network: run, pause, resume; the result is Node's", { timeout: 400_000 }, async () => {
  const { page } = opened;
  const before = opened.requests.length;
  await page.context().setOffline(true);
  await page.fill("#option-epochs", String(EPOCHS));
  await press(page, "Run");
  await waitForEpoch(page, 2, 200_000);
  await press(page, "Pause");
  await waitForStage(page, "paused");
  await expect.poll(() => page.locator(".run .status").textContent()).toMatch(/Paus/);
  const settle = async () => {
    await page.waitForTimeout(3000);
    return await runFact(page, "Epoch");
  };
  const paused = await settle();
  expect(await settle(), "epochs go on while paused").toBe(paused);
  await press(page, "Resume");
  expect(await waitForStage(page, "finished", 300_000)).toBe("finished");
  expect(await runFact(page, "Epoch")).toBe(`${EPOCHS} of ${EPOCHS}`);

  const npz = await download(page, /reconstruction\.npz/);
  const record = JSON.parse(Buffer.from(await download(page, "run.json")).toString("utf8"));
  const picture = await download(page, "reconstruction.png");
  expect(Array.from(picture.subarray(1, 4))).toEqual([0x50, 0x4e, 0x47]);
  expect(record).toMatchObject({ status: "complete", epochsCompleted: EPOCHS });
  await page.context().setOffline(false);
  expect(opened.requests.slice(before)).toEqual([]);

  const found = join(folder, "browser.npz");
  writeFileSync(found, npz);
  await compareWithNode(found);
});

async function compareWithNode(path: string): Promise<void> {
  const options = parseOptions({ epochs: EPOCHS });
  const dataset = await readDataset(await fileAccess(scanPath), options.data, nodeReaderTools());
  const { device } = await openDevice({ device: "software", driver: "swiftshader" }); // as the browser
  const result = await reconstruct(device, dataset, options);
  const seen = readArrays(path);
  const expected = new Map(resultMembers({ result, seconds: { reconstruct: 1 }, finishedAt: new Date() }));
  expect([...seen.keys()]).toEqual([...expected.keys()]);
  const dtypes: Readonly<Record<string, RegExp>> = {
    complex64: /^<c8$/,
    float64: /^<f8$/,
    int64: /^<i8$/,
    str: /^<U\d+$/,
  };
  const differences: Record<string, number> = {};
  for (const [name, array] of expected) {
    const own = seen.get(name) as SeenArray;
    expect(own.descr, name).toMatch(dtypes[array.dtype]!);
    expect(own.shape, name).toEqual(array.shape);
    if (array.dtype === "str" || name === "reconstruction_time") continue;
    differences[name] = relativeDifference(valuesOf(own), Array.from(array.data as ArrayLike<number>, Number));
    expect(differences[name], name).toBeLessThan(1e-5);
  }
  const truth = await openNpz(await fileAccess(scanPath));
  const trueObject = await truth.readNumeric("truth_object");
  const truthArray = { shape: trueObject.shape, data: trueObject.data as Float32Array };
  const object = seen.get("reconstructed_object")!;
  const origin = valuesOf(seen.get("canvas_origin_px")!) as [number, number];
  const objectArray = { shape: object.shape, data: Float32Array.from(valuesOf(object)) };
  const box = createScanBox(dataset.positionsPx);
  const own = comparePhase(objectArray, origin, truthArray, box).phaseRmsRad;
  const node = comparePhase(result.object, result.canvasOriginPx, truthArray, box).phaseRmsRad;
  console.log(`browser ${own.toFixed(5)} rad, node ${node.toFixed(5)} rad, differences ${JSON.stringify(differences)}`);
  expect(own).toBeLessThanOrEqual(1.05 * node);
}

test("stop leaves the state of the last finished epoch", { timeout: 300_000 }, async () => {
  const { page } = opened;
  await page.fill("#option-epochs", "100000");
  await press(page, "Run again");
  await waitForEpoch(page, 2);
  await press(page, "Stop");
  await waitForStage(page, "finished");
  expect(await page.locator(".result").textContent()).toContain("Stopped");
  const record = JSON.parse(Buffer.from(await download(page, "run.json")).toString("utf8"));
  expect(record.status).toBe("cancelled");
  expect(record.epochsCompleted).toBeGreaterThanOrEqual(2);
});

test("an earlier result beside the current one", async () => {
  const { page } = opened;
  await page.locator("#result-file").setInputFiles({
    name: "earlier.npz",
    mimeType: "application/zip",
    buffer: readFileSync(join(folder, "browser.npz")),
  });
  await expect
    .poll(() => page.locator(".compare dl").textContent(), { timeout: 60_000 })
    .toMatch(/RMS difference[\d.e-]+ rad/);
  const plot = page.locator(".compare .uplot");
  await expect.poll(() => plot.count()).toBeGreaterThan(0);
});

test("only this address was asked, nothing was reported", async () => {
  const { requests, faults } = opened;
  expect(requests.filter((url) => !url.startsWith(demo.url))).toEqual([]);
  expect(faults).toEqual([]);
});
