// One cell in a worker process that misbehaves: rows E1, E2, E4, E7, E9, E13, E19, E21 of the fault matrix, and what the log says.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { BusyError, OutputError } from "../../src/errors.ts";
import type { ReconstructionJob } from "../../src/jobs/build-jobs.ts";
import { openJobLog } from "../../src/node/study/job-log.ts";
import {
  type JobEnd,
  type JobListener,
  type JobSurroundings,
  refuseJob,
  runJob,
  tidyFinished,
} from "../../src/node/study/run-job.ts";
import { StudyWorker } from "../../src/node/study/worker-process.ts";
import { parseOptions } from "../../src/options.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-job-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const program = join(import.meta.dirname, "../support/fake-worker.mjs");
let count = 0;
let worker: StudyWorker | null = null;
afterEach(async () => {
  await worker?.kill();
  worker = null;
  vi.unstubAllEnvs();
});

interface Played {
  readonly end: JobEnd;
  readonly folder: string;
  readonly log: string;
  readonly attempts: number;
  readonly remarks: readonly string[];
}

/** Runs a job whose worker behaves as listed, attempt by attempt; the last behaviour goes on. */
async function play(
  attempts: readonly string[],
  {
    hangSeconds = 5,
    prepare = () => {},
    ...around
  }: Partial<JobSurroundings> & { hangSeconds?: number; prepare?: (folder: string) => void } = {},
): Promise<Played> {
  const folder = join(root, `cell ${count++}`);
  const state = join(root, `state ${count}`);
  mkdirSync(folder);
  prepare(folder);
  const remarks: string[] = [];
  let started = 0;
  const listener: JobListener = {
    worker: () => {
      started++;
    },
    adapter: () => {},
    start: () => {},
    epoch: () => {},
    remark: (text) => remarks.push(text),
  };
  const job: ReconstructionJob = {
    dose: 1000,
    view: "dense",
    split: "train",
    gridsize: 2,
    inputNpz: JSON.stringify({ attempts, state }),
    outputDir: folder,
    algorithm: "LSQML",
    numEpochs: 3,
    seed: 1,
    cliArgs: [],
  };
  const end = await runJob(job, parseOptions({}), {
    worker: () => {
      if (!worker?.alive) worker = new StudyWorker({ device: "software", adapter: null }, hangSeconds, program);
      return worker;
    },
    stopping: () => false,
    assertHeld: async () => {},
    checkpointSeconds: 0,
    patternBytes: null,
    command: "ptycho reconstruct",
    runId: "run-1",
    overwrite: false,
    listener,
    ...around,
  });
  const log = readFileSync(join(folder, "ptychi.log"), "utf8");
  return { end, folder, log, attempts: started, remarks };
}

const finished = ["ptychi.log", "ptychi_reconstruction.npz", "run.json"];
const whole: Partial<JobEnd> = { returnCode: 0, error: null, errorCode: null };

describe("a job that ends well", () => {
  it("its files in place, no checkpoint left, the log finished", async () => {
    const { end, folder, log, attempts } = await play(["complete"]);
    expect(end).toMatchObject(whole);
    expect(attempts).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(finished);
    expect(log).toContain("# Return code: 0\n");
    expect(log).toContain(
      "warning: checkpoint-000009.npz belongs to another run\nepoch 1/3  loss 1.00000  10 patterns/s\n",
    );
    expect(log).toContain("saved ptychi_reconstruction.npz, run.json\n");
    expect(end.stdoutPreview).toBe(log.slice(log.indexOf("warning:")).slice(0, 200));
  });
  it("scores of an earlier result go with it", async () => {
    const prepare = (folder: string) => writeFileSync(join(folder, "metrics.json"), "{}");
    expect(readdirSync((await play(["complete"], { prepare })).folder).sort()).toEqual(finished);
    expect(readdirSync((await play(["diverged"], { prepare })).folder)).toContain("metrics.json");
  });
  it("what a worker or a driver in it prints goes to the log, and is no message", async () => {
    const { end, log } = await play(["chatty"]);
    expect(end).toMatchObject(whole);
    expect(log).toContain('{"event": "end", "exitCode": 0}\n');
    expect(log).toContain("Warning: a driver has something to say\n");
  });
  it("temporary files of a killed run go, files of others stay", async () => {
    const left = [".run.json.partial-0a0b", ".ptychi_reconstruction.npz.previous-0c", ".ptycho-check-0d"];
    const others = [".hidden", "notes.partial-0a", "run.json.damaged"];
    const prepare = (folder: string) => {
      for (const name of [...left, ...others]) writeFileSync(join(folder, name), "");
    };
    const { folder } = await play(["complete"], { prepare });
    expect(readdirSync(folder).sort()).toEqual([...finished, ...others].sort());
  });
});

describe("E1 a worker that dies", () => {
  it("E1 is started again, and what it left half-written is gone", async () => {
    const { end, folder, log, attempts, remarks } = await play(["crash", "exit", "complete"]);
    expect(end).toMatchObject(whole);
    expect(attempts).toBe(3);
    expect(readdirSync(folder).sort()).toEqual(finished);
    expect(remarks).toEqual([
      "the worker crashed: it was ended by SIGKILL; restart 1 of 3",
      "the worker crashed: it exited with 7; restart 2 of 3",
    ]);
    for (const remark of remarks) expect(log).toContain(`${remark}\n`);
  });
  it("E1 after its result was put in place", async () => {
    const { end, folder } = await play(["crashWhenDone", "complete"]);
    expect(end).toMatchObject(whole);
    expect(readdirSync(folder).sort()).toEqual(finished);
  });
  it("is heard to its last word", async () => {
    const { log } = await play(["lastWords", "complete"]);
    expect(log).toMatch(/the reason, told last\nthe worker crashed: it was ended by SIGKILL; restart 1 of 3/);
  });
  it("and leaves a process that holds its pipes is not waited for", async () => {
    expect(await play(["leaveChild", "complete"])).toMatchObject({ end: whole, attempts: 2 });
  });
  it("a lost device costs its process and one attempt", async () => {
    const { end, attempts, remarks } = await play(["lost", "complete"]);
    expect(end).toMatchObject(whole);
    expect(attempts).toBe(2);
    expect(remarks[0]).toMatch(/^the worker lost its device: the device was lost/);
  });
  it("for ever: 75 after three restarts, its checkpoint kept", async () => {
    const { end, folder, log, attempts } = await play(["crash"]);
    expect(end).toMatchObject({ returnCode: 75, errorCode: "RESTARTS_EXHAUSTED" });
    expect(attempts).toBe(4);
    expect(readdirSync(folder).sort()).toEqual(["checkpoint-000001.npz", "ptychi.log"]);
    expect(log).toMatch(
      /# Return code: 75\n[\s\S]*=== STDERR ===\ngave up after 3 restarts: it was ended by SIGKILL; /,
    );
  });
  it("numbers that went wrong are final: 80 at once", async () => {
    const { end, attempts, log } = await play(["diverged"]);
    expect(end).toMatchObject({ returnCode: 80, errorCode: "DIVERGED" });
    expect(attempts).toBe(1);
    expect(log).toContain("# Return code: 80\n");
  });
});

describe("F10 a worker that may have run out of memory", () => {
  it.each([
    [
      "crash",
      /^the worker crashed: it was ended by SIGKILL; restart 1 of 3, with --device-memory 500 in case memory ran out/,
    ],
    [
      "exit137",
      /^the worker crashed: it exited with 137; restart 1 of 3, with --device-memory 500 in case memory ran out \(it held 124 MB at least\)$/,
    ],
  ])("F10 %s: it streams what it kept on the device from then on, and the log says so", async (behaviour, remark) => {
    const { end, log, remarks } = await play([behaviour, "exit", behaviour, "tellMemory"], { patternBytes: 1001 });
    expect(end).toMatchObject(whole);
    expect(remarks).toHaveLength(3);
    expect(remarks[0]).toMatch(remark);
    expect(remarks[2]).toMatch(/; restart 3 of 3$/);
    expect(log).toContain(`${remarks[0]}\n`);
    expect(log).toContain("device memory: 500\n");
  });
  it.each([
    ["an end of its own", ["exit", "tellMemory"], 1001],
    ["patterns that nobody counted", ["crash", "tellMemory"], null],
  ])("%s leaves the plan as it is", async (_, attempts, patternBytes) => {
    expect((await play(attempts, { patternBytes })).log).toContain("device memory: null\n");
  });
});

describe("the process of a job", () => {
  it.each([
    ["diverged", false],
    ["complete", true],
    ["chatty", true],
  ])("%s: goes on to the next job: %j", async (behaviour, stays) => {
    await play([behaviour]);
    expect(worker!.alive).toBe(stays);
  });
});

describe("a worker that hangs", () => {
  it.each([
    ["silent", /^the worker hung: the worker was silent for \d+ s; restart 1 of 3$/],
    ["still", /^the worker hung: no minibatch ended for \d+ s; restart 1 of 3$/],
  ])("%s: it is ended and started again", async (behaviour, remark) => {
    const { end, attempts, remarks } = await play([behaviour, "complete"], { hangSeconds: 1.5 });
    expect(end).toMatchObject(whole);
    expect(attempts).toBe(2);
    expect(remarks).toEqual([expect.stringMatching(remark)]);
  });
  it("one that takes long to start does not hang", async () => {
    vi.stubEnv("FAKE_START_MS", "1500");
    expect(await play(["complete"], { hangSeconds: 0.8 })).toMatchObject({ end: whole, attempts: 1 });
  });
  it("nor does one that waits for a slow disk of ours", async () => {
    const assertHeld = () => new Promise<void>((resolve) => setTimeout(resolve, 1200));
    expect(await play(["complete"], { hangSeconds: 0.8, assertHeld })).toMatchObject({ end: whole, attempts: 1 });
  });
  it("E21 nor does one whose orchestrator was asleep", async () => {
    const played = play(["untilStopped", "complete"], { hangSeconds: 0.8, stopping: () => false });
    await vi.waitUntil(() => worker?.alive, 5000);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    process.kill(worker!.pid!, "SIGSTOP");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4500); // this process and its timers
    process.kill(worker!.pid!, "SIGCONT");
    await new Promise((resolve) => setTimeout(resolve, 600));
    worker!.requestStop();
    expect(await played).toMatchObject({ attempts: 1, end: { returnCode: null } });
  });
});

/** Stops `ms` after the worker began; `deaf` workers are ended by the caller. */
function stopAfter(ms: number, kill = false) {
  let stopped = false;
  setTimeout(() => {
    stopped = true;
    worker?.requestStop();
    if (kill) void worker?.kill();
  }, ms);
  return () => stopped;
}

describe("a stop", () => {
  it("E4 leaves a checkpoint and an unfinished log, which the next run goes on with", async () => {
    const { end, folder, log } = await play(["untilStopped"], { stopping: stopAfter(1500) });
    expect(end).toMatchObject({ returnCode: null, error: null });
    expect(readdirSync(folder).sort()).toEqual(["checkpoint-000001.npz", "ptychi.log"]);
    expect(log).toContain("# Return code: running\n");
    expect(log).toMatch(/stopped; a later call goes on from here\n$/);
  });
  it("E7 a worker that does not stop is ended: no restart, the last checkpoint kept", async () => {
    const { end, attempts } = await play(["deaf"], { stopping: stopAfter(1000, true) });
    expect(end).toMatchObject({ returnCode: null, error: null });
    expect(attempts).toBe(1);
  });
  it("that came before the worker was asked for anything starts none", async () => {
    const { end, attempts } = await play(["complete"], { stopping: () => true });
    expect(end).toMatchObject({ returnCode: null, error: null });
    expect(attempts).toBe(0);
  });
  it("that comes between two attempts starts no other", async () => {
    const { end, attempts } = await play(["exit"], { stopping: stopAfter(900) });
    expect(end.returnCode).toBeNull();
    expect(attempts).toBeLessThan(4);
  });
});

describe("nothing is put in place", () => {
  it("E13 once another run has taken over", async () => {
    const assertHeld = async () => {
      throw new BusyError("LOCK_LOST", "another run has taken over the folder");
    };
    const { end, folder } = await play(["complete"], { assertHeld });
    expect(end).toMatchObject({ errorCode: "LOCK_LOST", error: "another run has taken over the folder [LOCK_LOST]" });
    expect(readdirSync(folder).filter((name) => !name.startsWith("."))).toEqual(["ptychi.log"]);
  });
  it("E9 when the disk is full at the commit: 74, and the words of the failure once", async () => {
    const assertHeld = async () => {
      throw new OutputError("IO_NO_SPACE", "the disk is full", { source: "x", got: "ENOSPC" });
    };
    const { end, log } = await play(["complete"], { assertHeld });
    expect(end).toMatchObject({ returnCode: 74, error: "x: the disk is full (got ENOSPC) [IO_NO_SPACE]" });
    expect(log).toContain("# Return code: 74\n");
  });
});

describe("a cell that holds a finished result", () => {
  const log = "# PtyChi LSQML Reconstruction Log\n# Return code: 0\n";
  const record = {
    ...{ format: "ptycho-webgpu run", formatVersion: 1, key: "0", status: "complete", epochsCompleted: 3, seed: 1 },
    ...{ options: { epochs: 3 }, input: { sha256: null }, patterns: { present: 1, used: 1 }, adapter: {}, loss: [] },
    ...{ seconds: { reconstruct: 1 }, files: {} },
  };
  const prepare = (folder: string) => {
    writeFileSync(join(folder, "ptychi.log"), log);
    writeFileSync(join(folder, "run.json"), JSON.stringify(record));
  };
  const jobIn = (folder: string) =>
    ({ dose: 1000, view: "dense", split: "train", outputDir: folder }) as ReconstructionJob;
  const kept = (folder: string) => readFileSync(join(folder, "ptychi.log.previous"), "utf8");
  it("keeps its log when its input is refused", async () => {
    const folder = mkdtempSync(join(root, "refused-"));
    prepare(folder);
    const refusal = { code: "DATA_GEOMETRY", exitCode: 65, message: "no" };
    const said = { stdoutPreview: "The input was checked before the run.\n", error: "no", returnCode: 65 };
    expect(await refuseJob(jobIn(folder), "ptycho", refusal)).toMatchObject({ ...said, logPath: null });
    expect(readFileSync(join(folder, "ptychi.log"), "utf8")).toBe(log);
    rmSync(join(folder, "run.json"));
    expect(await refuseJob(jobIn(folder), "ptycho", refusal)).toMatchObject({
      ...said,
      logPath: join(folder, "ptychi.log"),
    });
    expect(readFileSync(join(folder, "ptychi.log"), "utf8")).toContain("# Return code: 65\n");
  });
  it("an unfinished one keeps what its log says when its input is refused", async () => {
    const { folder } = await play(["untilStopped"], { stopping: stopAfter(800) });
    await refuseJob(jobIn(folder), "ptycho reconstruct", { code: "DATA_GEOMETRY", exitCode: 65, message: "no" });
    expect(readFileSync(join(folder, "ptychi.log"), "utf8")).toMatch(
      /# Return code: 65\n[\s\S]*epoch 1\/3 [\s\S]*--- input refused ---[\s\S]*=== STDERR ===\nno\n$/,
    );
  });
  it("keeps its log beside that of a run that fails, again and again, and gets it back when it is reused", async () => {
    const { folder, log: failed } = await play(["diverged"], { prepare });
    expect(failed).toContain("# Return code: 80\n");
    expect(kept(folder)).toBe(log);
    const again = (prepared: string) => {
      prepare(prepared);
      writeFileSync(join(prepared, "ptychi.log"), failed);
      writeFileSync(join(prepared, "ptychi.log.previous"), log);
    };
    expect(kept((await play(["diverged"], { prepare: again })).folder)).toBe(log);
    await tidyFinished(jobIn(folder), "ptycho");
    expect(readFileSync(join(folder, "ptychi.log"), "utf8")).toBe(log);
    expect(readdirSync(folder).sort()).toEqual(["ptychi.log", "run.json"]);
  });
  it("has the new log alone once a new result is in place", async () => {
    const { folder, log: now } = await play(["complete"], { prepare });
    expect(readdirSync(folder).sort()).toEqual(finished);
    expect(now).toContain("epoch 1/3");
    // killed before it could say so
    writeFileSync(join(folder, "ptychi.log"), now.replace("# Return code: 0", "# Return code: running"));
    writeFileSync(join(folder, "ptychi.log.previous"), log);
    await tidyFinished(jobIn(folder), "ptycho reconstruct");
    expect(readdirSync(folder).sort()).toEqual(finished);
    expect(readFileSync(join(folder, "ptychi.log"), "utf8")).toContain(now);
  });
});

describe("E19, E12 a folder that cannot be written", () => {
  const refuse = (prepare: (folder: string) => void) => play(["complete"], { prepare });
  it("E19 a log that is a folder", async () => {
    await expect(refuse((folder) => mkdirSync(join(folder, "ptychi.log")))).rejects.toMatchObject({ exitCode: 74 });
  });
  it("a file in the place of the result's folder", async () => {
    const prepare = (folder: string) => {
      rmSync(folder, { recursive: true });
      writeFileSync(folder, "");
    };
    await expect(refuse(prepare)).rejects.toMatchObject({ code: "OUTPUT_KIND", exitCode: 74 });
  });
});

it("E2 a finished cell whose run was killed before it could tidy up is put in order", async () => {
  const cell = join(root, `cell ${count++}`);
  mkdirSync(cell);
  const header = { job: "dose=1000.0, view=dense, split=train", command: "ptycho reconstruct" };
  const log = await openJobLog(join(cell, "ptychi.log"), header, { continueWith: null });
  await log.write("epoch 3/3");
  await log.finish(null);
  const left = ["checkpoint-000002.npz", ".run.json.partial-00", ".ptychi_reconstruction.npz.previous-01"];
  for (const name of ["run.json", ...left]) writeFileSync(join(cell, name), "{}");
  const job = { dose: 1000, view: "dense", split: "train", outputDir: cell } as ReconstructionJob;
  for (let call = 0; call < 2; call++) {
    await tidyFinished(job, header.command);
    expect(readdirSync(cell).sort()).toEqual(["ptychi.log", "run.json"]);
    const text = readFileSync(join(cell, "ptychi.log"), "utf8");
    expect(text).toMatch(/# Return code: 0\n[\s\S]*epoch 3\/3\n--- finished; that call could not say so ---\n$/);
  }
});
