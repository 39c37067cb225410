// Runs that are killed, stopped and go on: rows E1 to E7, E17 and E18 of the fault matrix. However often a run is disturbed,
// its arrays are those of a run that was not.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { snapshotFolder } from "../support/faulty-file-system.ts";
import {
  arraysOf,
  cellOf,
  checkpointsIn,
  type Event,
  finishedFiles,
  hasEnded,
  namesOf,
  runStudy,
  writeLiveStudy,
} from "../support/live-study.ts";
import { comparableBytes } from "../support/result-files.ts";
import { type ProgramEnd, runProgram } from "../support/run-program.ts";
import { readIndex, readJson, readManifest } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-kills-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, "data");
const flags = ["--split", "train", "--epochs", "100", "--checkpoint-seconds", "0"];
const inRoot = (name: string) => join(folder, name);
const cell = (name: string) => cellOf(inRoot(name), "train");

let undisturbed: ReturnType<typeof arraysOf>;
beforeAll(async () => {
  await writeLiveStudy(data);
  const end = await runStudy(data, inRoot("undisturbed"), flags);
  expect(end.code, end.err).toBe(0);
  undisturbed = arraysOf(cell("undisturbed"));
});

type Interference = (worker: number, kill: (signal: NodeJS.Signals) => void) => void;

/** Runs, and interferes once when the epoch `at` has ended. */
async function runUntil(name: string, at: number, interfere: Interference, ...more: string[]) {
  let worker = 0;
  let done = false;
  const end = await runStudy(data, inRoot(name), [...flags, ...more], (event: Event, kill) => {
    if (event.event === "worker") worker = event.pid;
    if (done || event.event !== "epoch" || event.epoch < at) return;
    done = true;
    interfere(worker, kill);
  });
  return { ...end, worker };
}

/** The finished cell of `name`, whole and equal to the undisturbed one. */
function expectUndisturbed(name: string): void {
  expect(readdirSync(cell(name)).sort()).toEqual(finishedFiles);
  expect(arraysOf(cell(name))).toEqual(undisturbed);
  expect(readFileSync(join(cell(name), "ptychi.log"), "utf8")).toContain("# Return code: 0\n");
  expect(readManifest(inRoot(name)).execution_results[0]).toMatchObject({ returncode: 0 });
}

const startsOf = (events: readonly Event[]) =>
  events.filter(({ event }) => event === "start").map(({ epochsCompleted }) => epochsCompleted as number);

describe("kills", () => {
  test("E1 of the worker: started again from its checkpoint in the same call", async () => {
    const end = await runUntil("worker", 20, (worker) => process.kill(worker, "SIGKILL"));
    expect(end.code, end.err).toBe(0);
    const starts = startsOf(end.events);
    expect(starts).toHaveLength(2);
    expect(starts[1]).toBeGreaterThanOrEqual(20);
    expect(end.events.find(({ event }) => event === "remark").message).toContain("ended by SIGKILL; restart 1 of 3");
    expectUndisturbed("worker");
    // F10: it may have been killed for want of memory; patterns are streamed from then on
    expect(readJson(join(cell("worker"), "run.json"))).toMatchObject({
      options: { deviceMemoryBytes: (25 * 16 * 16 * 4) / 2 },
      memory: { patterns: "streamed" },
    });
    expect((await runStudy(data, inRoot("worker"), flags)).events.map(({ event }) => event)).toContain("reused");
  });

  test("E2 of the orchestrator: its worker ends at once and puts nothing in place any more; the next call goes on", async () => {
    const end = await runUntil("orchestrator", 20, (_, kill) => kill("SIGKILL"));
    expect(end.signal).toBe("SIGKILL");
    await vi.waitUntil(() => hasEnded(end.worker), { timeout: 5000, interval: 20 });
    const seen = snapshotFolder(cell("orchestrator"));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(snapshotFolder(cell("orchestrator"))).toEqual(seen);
    expect(readIndex(inRoot("orchestrator")).runs[0]!.status).toBe("running");
    const again = await runStudy(data, inRoot("orchestrator"), [...flags, "--resume"]);
    expect(again.code, again.err).toBe(0);
    expect(again.events.find(({ event }) => event === "remark").message).toMatch(
      /^the lock of process \d+ .*taken over/,
    );
    expect(startsOf(again.events)[0]).toBeGreaterThanOrEqual(20);
    expect(readIndex(inRoot("orchestrator")).runs.map(({ status }) => status)).toEqual(["killed", "finished"]);
    expectUndisturbed("orchestrator");
  });

  test("E2 of the orchestrator in the moment when its worker starts: the worker ends too", async () => {
    for (const delayMs of [0, 100, 200, 300, 500]) {
      let worker = 0;
      const end = await runStudy(data, inRoot("starting"), flags, ({ event, pid }: Event, kill) => {
        if (event !== "worker") return;
        worker = pid;
        setTimeout(() => kill("SIGKILL"), delayMs);
      });
      expect(end.signal, end.err).toBe("SIGKILL");
      await vi.waitUntil(() => hasEnded(worker), { timeout: 10_000, interval: 20 });
    }
  });

  test("a worker that stands still is noticed, ended and replaced", async () => {
    const stop: Interference = (worker) => process.kill(worker, "SIGSTOP");
    const end = await runUntil("still", 20, stop, "--watchdog-seconds", "3");
    expect(end.code, end.err).toBe(0);
    expect(end.events.find(({ event }) => event === "remark").message).toMatch(/^the worker hung: .*restart 1 of 3$/);
    expect(hasEnded(end.worker)).toBe(true);
    expectUndisturbed("still");
  });
});

describe("signals", () => {
  test("E4, E6 INT, TERM, HUP, USR2 one after the other on one run: 130, 143, 129, 75, then it finishes", async () => {
    const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGUSR2: 75 } as const;
    let reached = 0;
    for (const [signal, code] of Object.entries(codes) as [keyof typeof codes, number][]) {
      const end = await runUntil("signals", reached + 5, (_, kill) => kill(signal));
      expect({ signal, code: end.code, by: end.signal }, end.err).toEqual({ signal, code, by: null });
      expect(startsOf(end.events)[0]).toBe(reached);
      const newest = checkpointsIn(cell("signals")).sort().at(-1)!;
      expect(Number(/\d+/.exec(newest)![0])).toBeGreaterThan(reached);
      reached = Number(/\d+/.exec(newest)![0]);
      expect(reached).toBeLessThan(100);
      expect(readManifest(inRoot("signals")).execution_results[0]).toMatchObject({ returncode: null, error: null });
      expect(readIndex(inRoot("signals")).runs.at(-1)).toMatchObject({ status: "stopped", unfinished: 1 });
      expect(end.events.at(-1)).toMatchObject({ event: "end", exitCode: code, results: [null] });
      expect(readdirSync(inRoot("signals"))).not.toContain(".ptycho.lock");
    }
    const last = await runStudy(data, inRoot("signals"), flags);
    expect(last.code, last.err).toBe(0);
    expectUndisturbed("signals");
    const log = readFileSync(join(cell("signals"), "ptychi.log"), "utf8");
    expect(log.match(/^--- continued by run \S+ ---$/gm)).toHaveLength(4);
    expect(log.match(/^epoch 100\/100 /gm)).toHaveLength(1);
  });

  test("E5 INT twice: at once, the checkpoint of before is whole, the worker is gone", async () => {
    const end = await runUntil("twice", 20, (worker, kill) => {
      process.kill(worker, "SIGSTOP"); // it cannot stop in an orderly way
      kill("SIGINT");
      setTimeout(() => kill("SIGINT"), 300);
    });
    expect(end.code, end.err).toBe(130);
    await vi.waitUntil(() => hasEnded(end.worker), { timeout: 5000, interval: 20 });
    const again = await runStudy(data, inRoot("twice"), flags);
    expect(startsOf(again.events)[0]).toBeGreaterThanOrEqual(20);
    expectUndisturbed("twice");
  });

  test("E7 TERM while the worker cannot stop: it is ended by the deadline, 143, its last checkpoint kept", async () => {
    const end = await runUntil(
      "deadline",
      20,
      (worker, kill) => {
        process.kill(worker, "SIGSTOP");
        kill("SIGTERM");
      },
      ...["--stop-seconds", "1"],
    );
    expect(end.code, end.err).toBe(143);
    expect(hasEnded(end.worker)).toBe(true);
    expect(checkpointsIn(cell("deadline"))).toHaveLength(2);
    const again = await runStudy(data, inRoot("deadline"), flags);
    expect(startsOf(again.events)[0]).toBeGreaterThanOrEqual(20);
    expectUndisturbed("deadline");
  });

  test("between two jobs, and during the first of two: the second is left for later", async () => {
    let asked = false;
    const end = await runStudy(data, inRoot("two"), ["--epochs", "3000"], ({ event }, kill) => {
      if (event !== "start" || asked) return;
      asked = true;
      kill("SIGTERM");
    });
    expect(end.code, end.err).toBe(143);
    expect(readManifest(inRoot("two")).execution_results.map(({ returncode }) => returncode)).toEqual([null, null]);
    expect(namesOf(end.events).filter((name) => name === "job")).toHaveLength(1);
  });
});

describe("checkpoints that do not fit", () => {
  const stopped = async (name: string) => {
    const end = await runUntil(name, 20, (_, kill) => kill("SIGTERM"));
    expect(end.code, end.err).toBe(143);
    return checkpointsIn(cell(name)).sort();
  };

  test("E17 the newest one damaged: the one before is used, and the log says so", async () => {
    const [before, newest] = await stopped("damaged");
    truncateSync(join(cell("damaged"), newest!), 1000);
    const again = await runStudy(data, inRoot("damaged"), flags);
    expect(startsOf(again.events)).toEqual([Number(/\d+/.exec(before!)![0])]);
    expectUndisturbed("damaged");
    const log = readFileSync(join(cell("damaged"), "ptychi.log"), "utf8");
    expect(log).toMatch(new RegExp(`^warning: ${newest} cannot be used: .*\\[[A-Z_]+\\]$`, "m"));
  });

  test("E18 of another preset: said, not used, and not in the way", async () => {
    await stopped("preset");
    const study = [...flags.slice(0, 2), "--epochs", "3", "--checkpoint-seconds", "0", "--preset", "study"];
    const other = await runStudy(data, inRoot("preset"), study);
    expect(other.code, other.err).toBe(0);
    expect(startsOf(other.events)).toEqual([0]);
    expect(readFileSync(join(cell("preset"), "ptychi.log"), "utf8")).toContain("belongs to another run");
    expect(readdirSync(cell("preset")).sort()).toEqual(finishedFiles);
  });
});

describe("ptycho reconstruct", () => {
  const scan = join(data, "phase_c/dose_1000/patched_train.npz");
  const options = ["--epochs", "80", "--seed", "3", "--batch-size", "8", "--checkpoint-seconds", "0"];
  const reconstruct = (output: string, more: readonly string[], onLine?: Parameters<typeof runProgram>[1]) =>
    runProgram(
      ["reconstruct", scan, "--output", inRoot(output), "--device", "software", "--json", ...options, ...more],
      onLine,
    );
  const result = (output: string) => comparableBytes(join(inRoot(output), "reconstruction.npz"));
  const resultFiles = ["reconstruction.npz", "reconstruction.png", "run.json"];
  const stopAt = (epoch: number, signal: NodeJS.Signals) => {
    let sent = false;
    return (line: string, kill: (signal: NodeJS.Signals) => void) => {
      const event = JSON.parse(line);
      if (sent || event.event !== "epoch" || event.epoch < epoch) return;
      sent = true;
      kill(signal);
    };
  };
  const startOf = ({ out }: ProgramEnd) =>
    out
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .find(({ event }) => event === "start").epochsCompleted;

  test("E4, E6 INT and USR2, then --resume: the arrays of an undisturbed run, and nothing left beside them", async () => {
    const whole = await reconstruct("plain", []);
    expect(whole.code, whole.err).toBe(0);
    expect(readdirSync(inRoot("plain")).sort()).toEqual(resultFiles);
    const interrupted = await reconstruct("resumed", [], stopAt(10, "SIGINT"));
    expect(interrupted.code, interrupted.err).toBe(130);
    expect(checkpointsIn(inRoot("resumed")).length).toBeGreaterThan(0);
    expect(await reconstruct("resumed", [])).toMatchObject({ code: 74, err: expect.stringContaining("--resume") });
    const again = await reconstruct("resumed", ["--resume"], stopAt(30, "SIGUSR2"));
    expect(again.code, again.err).toBe(75);
    expect(startOf(again)).toBeGreaterThanOrEqual(10);
    const last = await reconstruct("resumed", ["--resume"]);
    expect(last.code, last.err).toBe(0);
    expect(startOf(last)).toBeGreaterThanOrEqual(30);
    expect(result("resumed")).toEqual(result("plain"));
    expect(readdirSync(inRoot("resumed")).sort()).toEqual(resultFiles);
    expect(readJson(join(inRoot("resumed"), "run.json"))).toMatchObject({ status: "complete", epochsCompleted: 80 });
    const idle = await reconstruct("resumed", ["--resume"]);
    expect(idle.code).toBe(0);
    expect(JSON.parse(idle.out)).toMatchObject({ event: "result", reused: true });
  });

  test("E16 a finished result that was changed is kept aside and made again", async () => {
    const path = join(inRoot("resumed"), "reconstruction.npz");
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
    const again = await reconstruct("resumed", ["--resume"]);
    expect(again.code, again.err).toBe(0);
    expect(again.out.includes('"RESULT_DAMAGED"')).toBe(true);
    expect(result("resumed")).toEqual(result("plain"));
    expect(readFileSync(`${path}.damaged`).equals(bytes)).toBe(true);
  });

  test("E18 a checkpoint of other options is refused: 65, nothing touched; --overwrite starts anew", async () => {
    const stopped = await reconstruct("other", [], stopAt(5, "SIGTERM"));
    expect(stopped.code, stopped.err).toBe(143);
    cpSync(inRoot("other"), inRoot("other before"), { recursive: true });
    const refused = await reconstruct("other", ["--resume", "--noise-model", "poisson"]);
    expect(refused.code).toBe(65);
    expect(refused.err).toMatch(/another|other data, options or version.*--overwrite.*\[CHECKPOINT_MISMATCH\]/);
    expect(snapshotFolder(inRoot("other"))).toEqual(snapshotFolder(inRoot("other before")));
    for (const name of [
      ".reconstruction.npz.partial-0a",
      ".run.json.previous-0a",
      ".checkpoint-000009.npz.partial-0a",
    ]) {
      writeFileSync(join(inRoot("other"), name), "of a killed process");
    }
    const anew = await reconstruct("other", ["--overwrite"]);
    expect(anew.code, anew.err).toBe(0);
    expect(readdirSync(inRoot("other")).sort()).toEqual(resultFiles);
    expect(startOf(anew)).toBe(0);
    expect(result("other")).toEqual(result("plain"));
  });
});
