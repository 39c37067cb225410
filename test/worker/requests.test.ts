// What a session answers without a device: cards, refusals, results from files, messages that are none. Rows F1, H1 ... H3.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeNpz } from "../../src/data/write-npz.ts";
import { openBrowserDevice } from "../../src/gpu/open-browser-device.ts";
import { resultMembers } from "../../src/results/result-members.ts";
import { describeFailure } from "../../src/worker/failure.ts";
import { PauseGate } from "../../src/worker/pause-gate.ts";
import { makeFinishedRun } from "../support/finished-run.ts";
import { npyNumbers } from "../support/npz-builder.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";
import { scanBlob, TestPage } from "./page.ts";

let page: TestPage;
beforeEach(() => {
  page = new TestPage(() => openBrowserDevice(undefined));
});
afterEach(() => page.close());

describe("the card of a scan", () => {
  test("says what was detected", async () => {
    const { card } = await page.inspect();
    const numbers = scanNumbers();
    expect(card).toMatchObject({
      name: "scan.npz",
      patterns: 12,
      heightPx: 16,
      widthPx: 16,
      quantity: "amplitude",
      quantityStated: true,
      hasProbe: true,
      hasTrueObject: false,
    });
    expect(card.keys.map(({ name }) => name)).toEqual(Object.keys(scanMembers()));
    expect(card.keys[0]).toEqual({ name: "diffraction", dtype: "float32", shape: [12, 16, 16] });
    expect(card.centring).toMatch(/^centre of mass \(y, x\) = \(/);
    expect(Array.from(card.positionsPx.slice(0, 2))).toEqual([numbers.y[0], numbers.x[0]]);
    const mean = numbers.patterns.reduce((sum, value, at) => (at % 256 === 136 ? sum + value ** 2 : sum), 0) / 12;
    expect(card.meanPattern[136]).toBeCloseTo(mean, 6);
    expect(card.overlap).toBeGreaterThan(0);
    expect(card.overlap).toBeLessThan(1);
  });
  test("asks what counts are", async () => {
    const counts = npyNumbers(
      "<u2",
      [12, 16, 16],
      Array.from({ length: 12 * 256 }, (_, k) => k % 100),
    );
    const { card } = await page.inspect(1, scanBlob(scanFile({ ...scanMembers(), diffraction: counts })));
    expect(card).toMatchObject({ quantity: "intensity", quantityStated: false });
  });
  test("reads as the options ask", async () => {
    const data = { quantity: "intensity", swapPositions: true } as const;
    page.send({ type: "inspect", id: 1, file: scanBlob(), name: "scan.npz", options: { data } });
    const { card } = await page.expect("dataset", 1);
    const numbers = scanNumbers();
    expect(card).toMatchObject({ quantity: "intensity", quantityStated: true });
    expect(Array.from(card.positionsPx.slice(0, 2))).toEqual([numbers.x[0], numbers.y[0]]);
  });
  test("names an option it does not know", async () => {
    const options = { data: { quantitty: "intensity" } } as object;
    page.send({ type: "inspect", id: 1, file: scanBlob(), name: "scan.npz", options });
    expect((await page.failure(1)).message).toMatch(/quantitty/);
  });
  test("knows a true object", async () => {
    const truth = npyNumbers("<c8", [4, 4], new Array(32).fill(1));
    const { card } = await page.inspect(1, scanBlob(scanFile({ ...scanMembers(), truth_object: truth })));
    expect(card.hasTrueObject).toBe(true);
  });
  test("a later file supersedes the one being read", async () => {
    // straight to the session: by messages the first might be read before the second arrives
    void page.session.receive({ type: "inspect", id: 1, file: scanBlob(), name: "first.npz" });
    void page.session.receive({ type: "inspect", id: 2, file: scanBlob(), name: "second.npz" });
    expect((await page.expect("dataset", 2)).card.name).toBe("second.npz");
    expect(page.all("dataset", 1)).toEqual([]);
    expect(await page.failure(1)).toMatchObject({ code: "SUPERSEDED", recoverable: true });
  });
});

describe("H2 H3 files that are refused", () => {
  test.each([
    ["a picture", new Blob([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13)]), "ZIP_SIGNATURE"],
    ["nothing at all", new Blob([]), "ZIP_SIGNATURE"],
    ["a scan without its probe", scanBlob(scanFile(scanMembers(), { without: ["probeGuess"] })), "DATA_MISSING_KEY"],
  ])("%s", async (_, file, code) => {
    page.send({ type: "inspect", id: 1, file, name: "<b>x</b>.npz" });
    const failure = await page.failure(1);
    expect(failure.recoverable).toBe(true);
    expect(failure.message).toContain("<b>x</b>.npz");
    expect(failure.code).toMatch(new RegExp(`^(${code}|ZIP_)`));
    expect(failure.message).toContain(`[${failure.code}]`);
  });
});

describe("a result from a file", () => {
  test("gives its members as they were written", async () => {
    const run = makeFinishedRun({}, 2);
    const file = new Blob([writeNpz(resultMembers(run)) as Uint8Array<ArrayBuffer>]);
    page.send({ type: "load-result", id: 3, file, name: "reconstruction.npz" });
    const { members, name } = await page.expect("loaded-result", 3);
    expect(name).toBe("reconstruction.npz");
    expect(members.map((member) => member.name)).toEqual(resultMembers(run).map(([member]) => member));
    const object = members.find((member) => member.name === "reconstructed_object")!;
    expect(object).toMatchObject({ dtype: "complex64", shape: run.result.object.shape.slice(1) });
    expect(object.data).toEqual(run.result.object.data);
  });
  test("a scan is no result", async () => {
    page.send({ type: "load-result", id: 3, file: scanBlob(), name: "scan.npz" });
    expect(await page.failure(3)).toMatchObject({
      code: "RESULT_MISSING_KEY",
      details: { source: "scan.npz", field: "reconstructed_object" },
      recoverable: true,
    });
  });
});

describe("F1 H1 no device", () => {
  test("no WebGPU in this browser", async () => {
    page.send({ type: "open-device", id: 1 });
    const failure = await page.failure(1);
    expect(failure).toMatchObject({ code: "GPU_NONE", recoverable: false });
    expect(failure.details.remedy).toMatch(/https/);
  });
  test("WebGPU without an adapter", async () => {
    const gpu = { requestAdapter: async () => null } as unknown as GPU;
    await expect(openBrowserDevice(gpu)).rejects.toMatchObject({ code: "GPU_NONE", details: { remedy: /driver/ } });
  });
  test("a run tells the same, after reading the file", async () => {
    await page.inspect();
    page.send({ type: "start", id: 1, options: {} });
    expect(await page.failure(1)).toMatchObject({ code: "GPU_NONE", recoverable: false });
  });
});

describe("messages that are none", () => {
  test.each([
    [{ type: "begin", id: 1 }, "type", 1],
    [{ type: "inspect", id: "a", file: "scan.npz", name: "scan.npz" }, "file", "a"],
    [{ type: "start", id: 1, options: {}, previewEvery: -1 }, "previewEvery", 1],
    [{ type: "start", id: {}, options: {} }, "id", null],
    [{ type: "view", view: "object", settings: {} }, "view", null],
    [null, "type", null],
  ])("%j", async (message, field, id) => {
    page.send(message as never);
    const failure = await page.find((m) => m.type === "failed");
    expect(failure).toMatchObject({ code: "WORKER_MESSAGE", id, details: { field } });
  });
  test("pausing what does not run is no error", async () => {
    page.send({ type: "pause", id: 1 });
    await page.inspect();
    expect(page.all("failed")).toEqual([]);
  });
});

test("errors that are not ours are bugs, but for those of memory", () => {
  expect(describeFailure(1, new TypeError("x is undefined"))).toEqual({
    type: "failed",
    id: 1,
    code: "INTERNAL",
    message: "x is undefined [INTERNAL]",
    details: {},
    recoverable: false,
  });
  const memory = new RangeError("Array buffer allocation failed");
  expect(describeFailure(1, memory)).toMatchObject({ code: "OUT_OF_MEMORY", recoverable: true });
});

test("a gate that is paused twice opens with one resume, and lets everybody through", async () => {
  const gate = new PauseGate();
  await gate.pass();
  gate.pause();
  gate.pause();
  const passed: number[] = [];
  const all = [1, 2].map((number) => gate.pass().then(() => passed.push(number)));
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(passed).toEqual([]);
  expect(gate.paused).toBe(true);
  gate.resume();
  await Promise.all(all);
  expect(passed).toEqual([1, 2]);
  expect(gate.paused).toBe(false);
});
