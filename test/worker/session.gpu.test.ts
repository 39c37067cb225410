// A whole session as a page has it: device, card, run, pictures, result; stopping, pausing and starting again.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readDataset } from "../../src/data/contract.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { writeNpz } from "../../src/data/write-npz.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import type { ReconstructResult } from "../../src/engine/result.ts";
import { parseOptions, type ReconstructOptionsInput } from "../../src/options.ts";
import { resultMembers } from "../../src/results/result-members.ts";
import { serveReconstructions } from "../../src/worker/serve.ts";
import { testDevice } from "../support/gpu.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";
import { type Answer, asOpened, FakeCanvas, quickOptions, readMembers, scanBlob, TestPage } from "./page.ts";

let device: GPUDevice;
let direct: ReconstructResult;
let page: TestPage;
beforeAll(async () => {
  device = await testDevice();
  const options = parseOptions(quickOptions);
  direct = await reconstruct(device, await readDataset(bytesAccess(scanFile(), "scan.npz"), options.data), options);
});
beforeEach(() => {
  page = new TestPage(async () => asOpened(device));
});
afterEach(() => page.close());

const endless = { ...quickOptions, epochs: 100_000 };
const start = (id: number, options: ReconstructOptionsInput = quickOptions, previewEvery = 1) =>
  page.send({ type: "start", id, options, previewEvery });
const untilEpoch = (id: number, epoch: number) =>
  page.find((m) => m.type === "progress" && m.id === id && m.epoch >= epoch);

describe("a run", () => {
  test("tells what it does and gives the result of a direct call, bit by bit, and its files", async () => {
    page.send({ type: "open-device", id: "device" });
    const { line, facts } = await page.expect("device", "device");
    expect(line).toContain(facts.kind);
    await page.inspect();
    start(1);
    const started = await page.expect("started", 1);
    expect(started.canvasShape).toEqual(direct.object.shape.slice(1));
    expect(started.positionsPx).toEqual(Float32Array.from(direct.positionsPx));
    expect(started.canvasOriginPx).toEqual(direct.canvasOriginPx);
    expect(started.probeModes).toBe(1);
    const { status, result } = await page.expect("finished", 1);
    expect(status).toBe("finished");
    expect(Array.from(result.object.data)).toEqual(Array.from(direct.object.data));
    expect(result.object.shape).toEqual(direct.object.shape);
    expect(Array.from(result.probe.data)).toEqual(Array.from(direct.probe.data));
    expect(Array.from(result.loss)).toEqual(Array.from(direct.loss));
    const facts2 = { result: direct, seconds: { reconstruct: 1 }, finishedAt: new Date() };
    const [written, expected] = [await readMembers(result.npz), await readMembers(writeNpz(resultMembers(facts2)))];
    expect([...written.keys()]).toEqual([...expected.keys()]);
    for (const [name, { dtype, shape, data }] of expected) {
      expect(written.get(name), name).toMatchObject({ dtype, shape });
      if (name !== "reconstruction_time" && name !== "timestamp") expect(written.get(name)!.data, name).toEqual(data);
    }
    expect(result.run).toMatchObject({ format: "ptycho-webgpu run", status: "complete", epochsCompleted: 4 });
    expect(result.runText).toMatch(/"nonFinite": \[\]\n}\n$/);
    expect((result.run.files as Record<string, { sizeBytes: number }>)["reconstruction.npz"]!.sizeBytes).toBe(
      result.npz.length,
    );
    expect((result.run.input as { sha256: string }).sha256).toMatch(/^[0-9a-f]{64}$/);
  });
  test("reports loading, compiling, running in order, and every loss once", async () => {
    await page.inspect();
    start(1);
    await page.expect("finished", 1);
    const progress = page.all("progress", 1);
    expect([...new Set(progress.map(({ phase }) => phase))]).toEqual(["loading", "compiling", "running"]);
    expect(progress.flatMap(({ losses }) => losses)).toEqual(Array.from(direct.loss));
    expect(progress.at(-1)).toMatchObject({ epoch: 4, epochs: 4, loss: direct.loss[3], etaSeconds: 0 });
    expect(progress[0]!.loss).toBeNaN();
  });
  test("needs a scan first", async () => {
    start(1);
    expect(await page.failure(1)).toMatchObject({ code: "WORKER_NO_SCAN", recoverable: true });
  });
  test("wrong options are named, and the next run is none the worse", async () => {
    await page.inspect();
    start(1, { epochs: -1 });
    expect(await page.failure(1)).toMatchObject({
      code: "OPTIONS_VALUE",
      details: { field: "epochs" },
      recoverable: true,
    });
    start(2);
    expect((await page.expect("finished", 2)).status).toBe("finished");
  });
  test("numbers that leave float32 end as diverged, with the last good epoch", async () => {
    await page.inspect();
    start(1, { ...quickOptions, epochs: 20, object: { stepSize: 1e30 }, probe: { stepSize: 1e30 } });
    const { status, result } = await page.expect("finished", 1);
    expect(status).toBe("diverged");
    expect(result.diagnosis).toMatch(/in epoch \d+: the learning rate/);
    expect(result.object.data.every(Number.isFinite)).toBe(true);
  });
});

describe("pause, resume, stop", () => {
  test("H6 paused and resumed gives the same bytes", async () => {
    await page.inspect();
    start(1);
    page.send({ type: "pause", id: 1 });
    const paused = await page.find((m) => m.type === "progress" && m.phase === "paused");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(page.all("finished")).toEqual([]);
    expect(page.messages.at(-1)).toBe(paused);
    page.send({ type: "resume", id: 1 });
    const { result } = await page.expect("finished", 1);
    expect(Array.from(result.object.data)).toEqual(Array.from(direct.object.data));
  });
  test("H7 stop ends a run with its finished epochs", async () => {
    await page.inspect();
    start(1, endless);
    await untilEpoch(1, 3);
    page.send({ type: "stop", id: 1 });
    const { status, result } = await page.expect("finished", 1);
    expect(status).toBe("cancelled");
    expect(result.loss.length).toBeGreaterThanOrEqual(3);
    expect(result.loss.length).toBe(result.epochsCompleted);
  });
  test("H7 stop ends a paused run too", async () => {
    await page.inspect();
    start(1, endless);
    await untilEpoch(1, 1);
    page.send({ type: "pause", id: 1 });
    await page.find((m) => m.type === "progress" && m.phase === "paused");
    page.send({ type: "stop", id: 1 });
    expect((await page.expect("finished", 1)).status).toBe("cancelled");
  });
  test("stopped before its first epoch, a run says so", async () => {
    await page.inspect();
    start(1);
    page.send({ type: "stop", id: 1 });
    expect(await page.failure(1)).toMatchObject({ code: "STOPPED", recoverable: true });
  });
  test("H6 a pause that comes after the stop holds nothing up", async () => {
    await page.inspect();
    start(1, endless);
    await untilEpoch(1, 1);
    page.send({ type: "stop", id: 1 });
    page.send({ type: "pause", id: 1 });
    expect((await page.expect("finished", 1)).status).toBe("cancelled");
  });
  test("a start behind an inspection is about that scan", async () => {
    await page.inspect();
    const file = scanBlob(scanFile(scanMembers(scanNumbers(20))));
    // straight to the session: by messages the scan might be read before the start arrives
    void page.session.receive({ type: "inspect", id: "two", file, name: "two.npz" });
    void page.session.receive({ type: "start", id: 1, options: quickOptions });
    const { result } = await page.expect("finished", 1);
    expect(result.run.input).toMatchObject({ name: "two.npz" });
  });
  test("a start that means another scan is refused", async () => {
    await page.inspect("one");
    await page.inspect("two");
    page.send({ type: "start", id: 1, options: quickOptions, scan: "one" });
    expect(await page.failure(1)).toMatchObject({ code: "WORKER_SCAN", recoverable: true });
    page.send({ type: "start", id: 2, options: quickOptions, scan: "two" });
    await page.expect("finished", 2);
  });
  test("without pictures the result is the same, and nothing is painted", async () => {
    await page.inspect();
    start(1, quickOptions, 0);
    const { result } = await page.expect("finished", 1);
    expect(Array.from(result.object.data)).toEqual(Array.from(direct.object.data));
    expect(page.all("arrays")).toEqual([]);
  });
  test("F20 a second start ends the first run and begins when that is over", async () => {
    await page.inspect();
    start(1, endless);
    await untilEpoch(1, 1);
    start(2);
    await page.expect("finished", 2);
    const order = page.messages.filter(({ type }) => type === "finished" || type === "started");
    expect(order.map((m) => [m.type, (m as { id: number }).id])).toEqual([
      ["started", 1],
      ["finished", 1],
      ["started", 2],
      ["finished", 2],
    ]);
    expect(page.all("finished", 1)[0]!.status).toBe("cancelled");
  });
  test("H7 a second file ends the run once it is accepted, a refused one does not", async () => {
    await page.inspect();
    start(1, endless);
    await untilEpoch(1, 1);
    page.send({ type: "inspect", id: "bad", file: new Blob(["no archive"]), name: "bad.npz" });
    await page.failure("bad");
    await untilEpoch(1, page.all("progress", 1).at(-1)!.epoch + 2);
    expect(page.all("finished")).toEqual([]);
    await page.inspect("good");
    expect(page.all("finished", 1)[0]!.status).toBe("cancelled");
  });
  test("H7 twenty times stopped and started again: the buffers of a run are gone with it", async () => {
    const alive = countBuffers(device);
    await page.inspect();
    const counts: number[] = [];
    for (let id = 1; id <= 20; id++) {
      start(id, endless);
      await untilEpoch(id, 1);
      page.send({ type: "stop", id });
      await page.expect("finished", id);
      counts.push(alive.size);
    }
    alive.restore();
    // the picture of a pattern is there or not, as the stop came
    const most = (part: number[]) => Math.max(...part);
    expect(most(counts.slice(-5))).toBeLessThanOrEqual(most(counts.slice(0, 5)));
  });
});

/** Buffers of a device that are neither destroyed nor forgotten, while it lasts. */
function countBuffers(watched: GPUDevice) {
  const alive = new Set<GPUBuffer>();
  const create = watched.createBuffer;
  watched.createBuffer = (descriptor) => {
    const buffer = create.call(watched, descriptor);
    const destroy = buffer.destroy;
    alive.add(buffer);
    buffer.destroy = () => {
      alive.delete(buffer);
      destroy.call(buffer);
    };
    return buffer;
  };
  return {
    get size() {
      return alive.size;
    },
    restore: () => void (watched.createBuffer = create),
  };
}

describe("pictures", () => {
  const settings = { quantity: "phase", range: null, percentile: [1, 99], zoom: 1, centrePx: null } as const;
  test("all four views are painted, at their new size when it changes, and again after the run", async () => {
    const canvases = new Map(
      (["object-phase", "object-amplitude", "probe", "pattern"] as const).map((view) => [view, new FakeCanvas(40, 50)]),
    );
    await page.inspect();
    // a canvas that is no real one cannot be cloned
    for (const [view, canvas] of canvases)
      await page.session.receive({ type: "attach-canvas", view, canvas: canvas.asOffscreen() });
    start(1);
    await page.expect("finished", 1);
    for (const [view, canvas] of canvases) {
      const found = await page.find((m) => m.type === "ranges" && m.view === view);
      const { low, high } = found as Answer<"ranges">;
      expect(high).toBeGreaterThan(low);
      expect(canvas.painted, view).toBeGreaterThan(0);
      const alphaAt = (y: number, x: number) => canvas.pixels[4 * (50 * y + x) + 3];
      expect(alphaAt(20, 25), view).toBe(255);
      if (view === "probe") expect([alphaAt(20, 0), alphaAt(20, 49)], view).toEqual([0, 0]); // square
      expect(new Set(canvas.pixels).size, view).toBeGreaterThan(8);
    }
    const before = canvases.get("probe")!.painted;
    const ranges = page.all("ranges").length;
    page.send({
      type: "view",
      view: "probe",
      settings: { ...settings, quantity: "amplitude", range: [0, 1], sizePx: [80, 70] },
    });
    await page.find((m) => m.type === "ranges" && m.view === "probe" && m.map === "grey");
    expect(page.all("ranges").length).toBeGreaterThan(ranges);
    expect(canvases.get("probe")!.painted).toBeGreaterThan(before);
    expect(canvases.get("probe")).toMatchObject({ height: 80, width: 70 });
  });
  test("the colour bar of the probe is at the result's scale, whatever the run's is", async () => {
    const canvas = new FakeCanvas(16, 16).asOffscreen();
    await page.inspect();
    await page.session.receive({ type: "attach-canvas", view: "probe", canvas });
    const whole = { ...settings, quantity: "amplitude", percentile: [0, 100] } as const;
    page.send({ type: "view", view: "probe", settings: whole });
    start(1, { ...quickOptions, intensityScale: 4 });
    const { result } = await page.expect("finished", 1);
    const { data } = result.probe;
    const largest = Math.max(
      ...Array.from({ length: data.length / 2 }, (_, k) => Math.hypot(data[2 * k]!, data[2 * k + 1]!)),
    );
    page.send({ type: "view", view: "probe", settings: { ...whole, zoom: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(page.all("ranges").at(-1)!.high / largest).toBeCloseTo(1, 1);
    page.send({ type: "view", view: "probe", settings: { ...whole, range: [0, largest / 2] } });
    await page.find((m) => m.type === "ranges" && Math.abs(m.high / largest - 0.5) < 1e-3);
  });
  test("one pattern, measured and modelled, of the last epoch too", async () => {
    await page.inspect();
    start(1);
    await page.expect("finished", 1);
    const { measured, modelled, shape, pattern } = page.all("arrays", 1).at(-1)!;
    expect(shape).toEqual([16, 16]);
    expect([5, 6]).toContain(pattern); // of 12 in three rows of four, the two nearest to the middle
    const total = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);
    expect(total(modelled) / total(measured)).toBeGreaterThan(0.8);
    expect(total(modelled) / total(measured)).toBeLessThan(1.2);
  });
  test("pictures change no bit, however often they are painted", async () => {
    await page.inspect();
    await page.session.receive({
      type: "attach-canvas",
      view: "object-phase",
      canvas: new FakeCanvas(9, 9).asOffscreen(),
    });
    start(1);
    const { result } = await page.expect("finished", 1);
    expect(Array.from(result.object.data)).toEqual(Array.from(direct.object.data));
  });
});

test("serveReconstructions answers what arrives at its scope", async () => {
  const { port1, port2 } = new MessageChannel();
  const adapter = { limits: device.limits, features: device.features, requestDevice: async () => device };
  const gpu = { requestAdapter: async () => adapter, getPreferredCanvasFormat: () => "rgba8unorm" } as unknown as GPU;
  serveReconstructions({
    navigator: { gpu },
    postMessage: (message, options) => port2.postMessage(message, options?.transfer ?? []),
    addEventListener: (_, listener) => void (port2.onmessage = listener as (event: MessageEvent) => void),
  });
  const answer = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
  });
  port1.postMessage({ type: "open-device", id: 7 });
  expect(await answer).toMatchObject({ type: "device", id: 7 });
  port1.close();
  port2.close();
});
