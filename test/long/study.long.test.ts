// The whole small study, and 30 kills at random moments: `npm run test:long`. Takes minutes with lavapipe.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { findDamaged, readReceipt } from "../../src/node/run-receipt.ts";
import { arraysOf, type Event, finishedFiles, hasEnded, runStudy } from "../support/live-study.ts";
import { runProgram } from "../support/run-program.ts";
import { readIndex, readJson, readManifest, readSkips } from "../support/study-run.ts";

const KILLS = 30;
const SEED = 20261125;
const HOUR = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), "ptycho-long-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const data = join(folder, "data");
const whole = join(folder, "whole");
const flags = ["--epochs", "20"];
const say = (text: string) => console.log(`study.long: ${text}`);

const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const begin = performance.now();
  const value = await work();
  say(`${what}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return value;
};

/** Folders of all 18 cells, by their place below the root. */
const places = [1000, 10000, 100000].flatMap((dose) =>
  ["train", "test"].flatMap((split) => ["baseline", "dense", "sparse"].map((view) => `dose_${dose}/${view}/${split}`)),
);

beforeAll(async () => {
  const argv = ["study", "generate", "--output-root", data, "--scale", "small"];
  const made = await timed("generate --scale small", () => runProgram(argv));
  expect(made.code, made.err).toBe(0);
  const end = await timed("18 cells of 20 epochs", () => runStudy(data, whole, flags));
  expect(end.code, end.err).toBe(0);
  say(end.events.find(({ event }) => event === "adapter").adapter);
}, HOUR);

describe("the whole small study", () => {
  test("every artifact of all 18 cells, and complete records", () => {
    for (const place of places) {
      const cell = join(whole, place);
      expect(readdirSync(cell).sort(), place).toEqual(finishedFiles);
      const record = readJson(join(cell, "run.json"));
      expect(record).toMatchObject({ status: "complete", epochsCompleted: 20 });
      expect(record.patterns.present).toBeGreaterThanOrEqual(200);
      expect(record.patterns.used).toBe(record.patterns.present);
      expect(readFileSync(join(cell, "ptychi.log"), "utf8")).toContain("# Return code: 0\n");
    }
    const { execution_results, total_jobs, missing_jobs } = readManifest(whole);
    expect({ total_jobs, missing_jobs }).toEqual({ total_jobs: 18, missing_jobs: [] });
    expect(execution_results.map(({ returncode }) => returncode)).toEqual(Array.from({ length: 18 }, () => 0));
    expect(readSkips(whole).skipped_count).toBe(0);
    expect(readIndex(whole).runs[0]).toMatchObject({ status: "finished", selected: 18, succeeded: 18 });
    const rows = readFileSync(join(whole, "summary.md"), "utf8").match(/^\| 1000+\.0 .*$/gm)!;
    expect(rows).toHaveLength(18);
    // every column of every row is filled in
    for (const row of rows)
      expect(
        row
          .split("|")
          .slice(1, -1)
          .every((column) => column.trim() !== ""),
        row,
      ).toBe(true);
  });

  test("the next call reuses all and does nothing", async () => {
    const end = await timed("the same call again", () => runStudy(data, whole, flags));
    expect(end.code, end.err).toBe(0);
    expect(end.events.filter(({ event }) => event === "reused")).toHaveLength(18);
    expect(end.events.some(({ event }) => event === "worker")).toBe(false);
  });

  test(
    "another root gets the same arrays",
    async () => {
      const again = join(folder, "again");
      const end = await runStudy(data, again, [...flags, "--dose", "1000", "--split", "test"]);
      expect(end.code, end.err).toBe(0);
      for (const place of places.filter((each) => /dose_1000\/.*test/.test(each))) {
        expect(arraysOf(join(again, place)), place).toEqual(arraysOf(join(whole, place)));
      }
    },
    HOUR,
  );
});

/** Whatever stands under a final name is whole: what was there when the process died. */
async function expectNothingHalfWritten(root: string): Promise<void> {
  for (const name of ["reconstruction_manifest.json", "skip_summary.json", "index.json"]) {
    if (existsSync(join(root, name))) JSON.parse(readFileSync(join(root, name), "utf8"));
  }
  if (existsSync(join(root, "index.json"))) readIndex(root);
  for (const place of places) {
    const cell = join(root, place);
    if (!existsSync(join(cell, "run.json"))) continue;
    const receipt = await readReceipt(join(cell, "run.json"));
    expect(receipt, place).toMatchObject({ status: "complete" });
    expect(await findDamaged(cell, receipt!, true), place).toEqual([]);
  }
}

function expectSameAsUndisturbed(root: string): void {
  for (const place of places) {
    expect(readdirSync(join(root, place)).sort(), place).toEqual(finishedFiles);
    expect(arraysOf(join(root, place)), place).toEqual(arraysOf(join(whole, place)));
    expect(readFileSync(join(root, place, "ptychi.log"), "utf8"), place).toContain("# Return code: 0\n");
  }
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  expect(names.filter((name) => /(partial|previous)-|checkpoint|damaged|\.lock/.test(name))).toEqual([]);
}

test(
  `${KILLS} kills of worker or orchestrator at random moments, then --resume: the arrays of an undisturbed study`,
  async () => {
    let state = SEED;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const killed = { worker: 0, orchestrator: 0 };
    const count = () => killed.worker + killed.orchestrator;
    let round = 0;
    const rootOf = () => join(folder, `killed ${round}`);
    const begin = performance.now();
    while (count() < KILLS) {
      let worker = 0;
      let timer: NodeJS.Timeout | undefined;
      const aim = (kill: (signal: NodeJS.Signals) => void) => {
        timer = setTimeout(
          () => {
            if (count() >= KILLS) return;
            if (random() < 0.5 && worker !== 0 && !hasEnded(worker)) {
              killed.worker++;
              process.kill(worker, "SIGKILL");
              aim(kill);
            } else {
              killed.orchestrator++;
              kill("SIGKILL");
            }
          },
          200 + 8000 * random(),
        );
      };
      let aimed = false;
      const end = await runStudy(
        data,
        rootOf(),
        [...flags, "--resume", "--checkpoint-seconds", "0"],
        (event: Event, kill) => {
          if (event.event === "worker") worker = event.pid;
          if (!aimed) aim(kill);
          aimed = true;
        },
      );
      clearTimeout(timer);
      // finished before the next kill, gave up after three restarts of one job, or killed
      expect([0, 75, "SIGKILL"], end.err).toContain(end.signal ?? end.code);
      if (worker !== 0) await vi.waitUntil(() => hasEnded(worker), { timeout: 10_000, interval: 20 });
      await expectNothingHalfWritten(rootOf());
      if (end.code !== 0) continue;
      expectSameAsUndisturbed(rootOf());
      round++;
    }
    say(
      `${killed.worker} kills of a worker, ${killed.orchestrator} of an orchestrator in ${round + 1} studies: ` +
        `${((performance.now() - begin) / 1000).toFixed(1)} s`,
    );
    const end = await timed("the last --resume", () => runStudy(data, rootOf(), [...flags, "--resume"]));
    expect(end.code, end.err).toBe(0);
    expectSameAsUndisturbed(rootOf());
  },
  2 * HOUR,
);
