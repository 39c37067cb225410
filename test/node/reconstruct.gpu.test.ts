// `ptycho reconstruct` from the outside: what it writes, prints and returns, and that its arrays are repeatable.
// Runs the built program (npm run build) on a tiny simulated scan.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { main } from "../../src/node/cli.ts";
import { snapshotFolder } from "../support/faulty-file-system.ts";
import { comparableBytes, readArrays, textOf, valuesOf } from "../support/result-files.ts";
import { type ProgramEnd, runProgram } from "../support/run-program.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-reconstruct-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const inRoot = (name: string) => join(root, name);
const scan = inRoot("scan.npz");
const count = 25;
const resultFiles = ["reconstruction.npz", "reconstruction.png", "run.json"];
const settings = ["--epochs", "4", "--seed", "3", "--batch-size", "8", "--canvas-extra", "10"];

const reconstruct = (output: string, flags: readonly string[], onLine?: Parameters<typeof runProgram>[1]) =>
  runProgram(["reconstruct", scan, "--output", inRoot(output), "--device", "software", ...flags], onLine);
const npz = (output: string) => join(inRoot(output), "reconstruction.npz");
const arraysOf = (output: string) => comparableBytes(npz(output));
const recordOf = (output: string) => JSON.parse(readFileSync(join(inRoot(output), "run.json"), "utf8"));
const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

let first: ProgramEnd;
beforeAll(async () => {
  const shape = ["--pattern-shape-px", "16,16", "--scan-positions", String(count), "--scan-step-px", "3"];
  const silent = { stdout: () => {}, stderr: () => {}, interactive: false };
  expect(await main(["simulate", "--output", scan, "--seed", "5", ...shape], silent)).toBe(0);
  const exported = ["--export-schedule", inRoot("used.json")];
  first = await reconstruct("first", [...settings, ...exported, "--json"]);
  expect(first.code, first.err).toBe(0);
});

describe("a finished run", () => {
  test("three files and nothing else", () => {
    expect(readdirSync(inRoot("first")).sort()).toEqual(resultFiles);
    const png = readFileSync(join(inRoot("first"), "reconstruction.png"));
    expect(png.subarray(1, 4).toString()).toBe("PNG");
  });

  test("the arrays: members in order, dtypes, shapes, C order, no pickle", () => {
    const arrays = readArrays(npz("first"));
    const [rows, columns] = recordOf("first").canvas.shapePx;
    const expected: [string, string, number[]][] = [
      ["reconstructed_object", "<c8", [rows, columns]],
      ["reconstructed_probe", "<c8", [16, 16]],
      ["loss", "<f8", [4]],
      ["canvas_origin_px", "<i8", [2]],
      ["positions_px", "<f8", [count, 2]],
      ["scan_index_used", "<i8", [count]],
      ["reconstruction_time", "<f8", []],
      ["algorithm", "<U5", []],
      ["timestamp", "<U24", []],
    ];
    expect([...arrays].map(([name, { descr, shape }]) => [name, descr, shape])).toEqual(expected);
    for (const [name, { descr, fortranOrder, shape, body }] of arrays) {
      const itemBytes = descr.startsWith("<U") ? 4 * Number(descr.slice(2)) : 8;
      expect(fortranOrder, name).toBe(false);
      expect(body.length, name).toBe(shape.reduce((product, length) => product * length, itemBytes));
    }
  });

  test("the values: losses, coordinates, indices, time, algorithm", () => {
    const arrays = readArrays(npz("first"));
    const values = (name: string) => valuesOf(arrays.get(name)!);
    const record = recordOf("first");
    expect(values("loss")).toEqual(record.loss);
    expect(values("loss").every((loss) => loss > 0)).toBe(true);
    expect(values("loss")[3]).toBeLessThan(values("loss")[0]!);
    expect(values("canvas_origin_px")).toEqual(record.canvas.originPx);
    const given = readArrays(scan);
    const [y, x] = [valuesOf(given.get("ycoords")!), valuesOf(given.get("xcoords")!)];
    const [top, left] = values("canvas_origin_px");
    expect(values("positions_px")).toEqual(y.flatMap((value, j) => [value - top!, x[j]! - left!]));
    expect(values("scan_index_used")).toEqual(Array.from({ length: count }, (_, index) => index));
    expect(values("reconstruction_time")).toEqual([record.seconds.reconstruct]);
    expect(textOf(arrays.get("algorithm")!)).toBe("lsqml");
    expect(textOf(arrays.get("timestamp")!)).toBe(record.finishedAt);
    for (const name of ["reconstructed_object", "reconstructed_probe"]) {
      expect(values(name).every(Number.isFinite), name).toBe(true);
      expect(new Set(values(name)).size, name).toBeGreaterThan(100);
    }
  });

  test("run.json", () => {
    const record = recordOf("first");
    const { format, formatVersion, status, diagnosis, epochsCompleted, seed, pictureError, nonFinite } = record;
    expect({ format, formatVersion, status, diagnosis, epochsCompleted, seed, pictureError, nonFinite }).toEqual({
      format: "ptycho-webgpu run",
      formatVersion: 1,
      status: "complete",
      diagnosis: null,
      epochsCompleted: 4,
      seed: 3,
      pictureError: null,
      nonFinite: [],
    });
    // given ones, and defaults that nobody gave
    expect(record.options).toMatchObject({ epochs: 4, seed: 3, batchSize: 8, canvas: { extraPx: 10 } });
    expect(record.options).toMatchObject({ batching: "random", noiseModel: "gaussian", deviceMemoryBytes: null });
    const sizeBytes = readFileSync(scan).length;
    expect(record.input).toMatchObject({ name: "scan.npz", path: scan, sizeBytes, sha256: sha256(scan) });
    for (const name of ["startIndicesPx", "fractionsPx"]) {
      const rows: number[][] = record.canvas[name];
      expect(rows.length, name).toBe(count);
      expect(
        rows.every((row) => row.length === 2),
        name,
      ).toBe(true);
    }
    expect(record.patterns).toEqual({ present: count, used: count });
    expect(record.schedule).toMatchObject({ sha256: sha256(inRoot("used.json")), mode: "random", source: "seed" });
    expect(record.adapter).toMatchObject({ kind: "software", vendor: expect.any(String), driver: expect.any(String) });
    const packages = ["ptycho-webgpu", "webgpu", "npyjs", "fflate", "zod", "fast-png", "node", "platform"];
    for (const name of packages) expect(record.versions[name], name).toEqual(expect.any(String));
    for (const name of ["read", "open", "compile", "load", "compute", "reconstruct", "write"]) {
      expect(record.seconds[name], name).toBeGreaterThan(0);
    }
    expect(record.loss.length).toBe(4);
    expect(record.memory).toMatchObject({ patterns: "resident", patternBytes: count * 16 * 16 * 4 });
    for (const name of ["reconstruction.npz", "reconstruction.png"]) {
      const path = join(inRoot("first"), name);
      expect(record.files[name], name).toEqual({ sizeBytes: readFileSync(path).length, sha256: sha256(path) });
    }
  });

  test("--json: JSON Lines and nothing else on standard output", () => {
    expect(first.out.endsWith("\n")).toBe(true);
    const events = first.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const names = events.map(({ event }) => event).filter((name) => name !== "note");
    expect(names).toEqual(["adapter", "start", "epoch", "epoch", "epoch", "epoch", "result"]);
    const epochs = events.filter(({ event }) => event === "epoch");
    expect(epochs.map(({ loss }) => loss)).toEqual(recordOf("first").loss);
    for (const { epochCount, minibatchLoss, patternsPerSecond, secondsLeft } of epochs) {
      expect({ epochCount, minibatches: minibatchLoss.length }).toEqual({ epochCount: 4, minibatches: 4 });
      expect(patternsPerSecond).toBeGreaterThan(0);
      expect(secondsLeft).toBeGreaterThanOrEqual(0);
    }
    const files = resultFiles.map((name) => join(inRoot("first"), name));
    expect(events.at(-1)).toMatchObject({ status: "complete", epochsCompleted: 4, diagnosis: null, files });
  });
});

describe("the same arrays, byte for byte", () => {
  test("from the same options, some in a file that flags overrule", async () => {
    const config = { epochs: 9, seed: 3, batchSize: 8, canvas: { extraPx: 77 } };
    writeFileSync(inRoot("options.json"), JSON.stringify(config));
    const flags = ["--config", inRoot("options.json"), "--epochs", "4", "--canvas-extra", "10"];
    const again = await reconstruct("again", flags);
    expect(again.code, again.err).toBe(0);
    expect(recordOf("again").options).toEqual(recordOf("first").options);
    expect(arraysOf("again")).toEqual(arraysOf("first"));
    // without --json: the files on standard output, the progress of every epoch beside it
    expect(again.out).toBe(resultFiles.map((name) => `${join(inRoot("again"), name)}\n`).join(""));
    for (const epoch of [1, 2, 3, 4])
      expect(again.err).toMatch(new RegExp(`^epoch ${epoch}/4 {2}loss [\\d.e+-]+ .* patterns/s`, "m"));
    expect(again.err).not.toContain("\r");
  });

  test("when the patterns do not fit the device and are streamed", async () => {
    const streamed = await reconstruct("streamed", [...settings, "--device-memory", "10KB", "--quiet"]);
    expect(streamed, streamed.err).toMatchObject({ code: 0, out: "" });
    expect(streamed.err).not.toContain("epoch"); // drivers may have their say there
    expect(recordOf("streamed").memory.patterns).toBe("streamed");
    expect(arraysOf("streamed")).toEqual(arraysOf("first"));
  });

  test("not from another seed; from its exported schedule, in place of it with --overwrite", async () => {
    const other = await reconstruct("other", [...settings, "--seed", "4", "--quiet"]);
    expect(other.code, other.err).toBe(0);
    const [here, there] = [arraysOf("other"), arraysOf("first")];
    for (const name of ["reconstructed_object", "reconstructed_probe", "loss"]) {
      expect(here[name] === there[name], name).toBe(false);
    }
    const followed = await reconstruct("other", [
      ...settings,
      "--seed",
      "4",
      "--schedule",
      inRoot("used.json"),
      "--overwrite",
      "--quiet",
    ]);
    expect(followed.code, followed.err).toBe(0);
    expect(arraysOf("other")).toEqual(there);
    const { schedule } = recordOf("other");
    expect(schedule).toMatchObject({ sha256: sha256(inRoot("used.json")), source: inRoot("used.json") });
    expect(readdirSync(inRoot("other")).sort()).toEqual(resultFiles);
  });
});

test("an existing result is refused without --overwrite and left as it is", async () => {
  const before = snapshotFolder(inRoot("first"));
  const refused = await reconstruct("first", settings);
  expect(refused).toMatchObject({ code: 74, out: "" });
  expect(refused.err).toMatch(/^ptycho: .*reconstruction\.npz.*--overwrite.*\[OUTPUT_EXISTS\]\n$/);
  expect(snapshotFolder(inRoot("first"))).toEqual(before);
});

test("numbers that leave float32: exit 80, the state of the epoch before, marked as such", async () => {
  const steps = ["--object-step-size", "1e30", "--probe-modes", "2", "--quiet"];
  const diverged = await reconstruct("diverged", [...settings, ...steps]);
  expect(diverged.code, diverged.err).toBe(80);
  expect(diverged.out).toBe("");
  expect(diverged.err).toMatch(/became NaN or infinite in epoch 2, minibatch \d+: .*learning rate.*\[DIVERGED\]/);
  expect(diverged.err).not.toMatch(/\n\s+at /);
  const record = recordOf("diverged");
  expect(record).toMatchObject({ status: "diverged", epochsCompleted: 1, diagnosis: { epoch: 1 } });
  expect(record.loss.length).toBe(1);
  expect(readdirSync(inRoot("diverged")).sort()).toEqual(resultFiles);
  const arrays = readArrays(npz("diverged"));
  expect(arrays.get("reconstructed_probe")!.shape).toEqual([2, 16, 16]);
  const sound = await reconstruct("sound", [...settings, ...steps, "--epochs", "1"]);
  expect(sound.code, sound.err).toBe(0);
  expect(arraysOf("diverged")).toEqual(arraysOf("sound"));
});

describe("a signal", () => {
  /** Runs for ever and sends the signal when an epoch has been done. */
  async function stopAfterEpoch(output: string, signal: NodeJS.Signals): Promise<ProgramEnd> {
    let sent = false;
    return await reconstruct(output, [...settings, "--epochs", "20000", "--json"], (line, kill) => {
      if (sent || JSON.parse(line).event !== "epoch" || JSON.parse(line).epoch < 1) return;
      sent = true;
      kill(signal);
    });
  }

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`${signal} ends the run with ${code} and what was reached`, async () => {
      const { out, err, ...end } = await stopAfterEpoch(signal, signal);
      expect(end, err).toEqual({ code, signal: null });
      expect(err).toContain(`${signal}: stopping`);
      const last = JSON.parse(out.trimEnd().split("\n").at(-1)!);
      expect(last).toMatchObject({ event: "result", status: "cancelled" });
      const record = recordOf(signal);
      expect(record).toMatchObject({ status: "cancelled", epochsCompleted: last.epochsCompleted });
      expect(record.epochsCompleted).toBeGreaterThanOrEqual(2);
      expect(record.epochsCompleted).toBeLessThan(20000);
      expect(record.loss.length).toBe(record.epochsCompleted);
      // besides the result only the checkpoint from which --resume goes on
      const others = readdirSync(inRoot(signal)).filter((name) => !/^checkpoint-\d+\.npz$/.test(name));
      expect(others.sort()).toEqual(resultFiles);
    });
  }

  test("while the scan is being read: nothing is written", async () => {
    const earlier = process.listeners("SIGTERM");
    let err = "";
    const io = { stdout: () => {}, stderr: (text: string) => void (err += text), interactive: false };
    const ending = main(["reconstruct", scan, "--output", inRoot("never"), "--device", "software"], io);
    let added: unknown;
    while (!added) {
      await new Promise((resolve) => setImmediate(resolve));
      added = process.listeners("SIGTERM").find((listener) => !earlier.includes(listener));
    }
    (added as (signal: string) => void)("SIGTERM");
    expect(await ending, err).toBe(143);
    expect(err).not.toContain("internal error");
    expect(existsSync(inRoot("never"))).toBe(false);
    expect(process.listeners("SIGTERM")).toEqual(earlier);
  });
});
