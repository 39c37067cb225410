// Row E8 of the fault matrix: checkpoints that cannot be written cost nothing but themselves.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DatasetNote } from "../../src/data/dataset.ts";
import { OutputError } from "../../src/errors.ts";
import { RESULT_NAMES } from "../../src/node/artifacts.ts";
import type { StagedFile } from "../../src/node/atomic-write.ts";
import { commitCheckpoint, listCheckpoints } from "../../src/node/checkpoint-files.ts";
import { commitStaged, discardStaged } from "../../src/node/commit-files.ts";
import { runScan } from "../../src/node/run-scan.ts";
import { parseOptions } from "../../src/options.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { openTestDevice } from "../support/gpu.ts";
import { comparableBytes } from "../support/result-files.ts";
import { scanFile } from "../support/scan-files.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-scan-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const input = join(root, "scan.npz");
const options = parseOptions({ epochs: 4, batchSize: 5, canvas: { extraPx: 6 } });
let count = 0;

/** Runs four epochs with a checkpoint after each, committed as `commit` likes. */
async function run(
  commit: (folder: string, staged: StagedFile) => Promise<void>,
  signal = new AbortController().signal,
) {
  const folder = join(root, `out ${count++}`);
  mkdirSync(folder);
  const notes: DatasetNote[] = [];
  const running = runScan(
    {
      ...{ input, options, mask: null, schedule: null, folder, names: RESULT_NAMES },
      ...{ overwrite: false, resume: "never", checkpointSeconds: 0, keepUnfinished: false },
    },
    {
      signal,
      openDevice: openTestDevice,
      prepareFolder: async () => {},
      commitCheckpoint: (staged) => commit(folder, staged),
      watcher: { notes: (more) => notes.push(...more), device: () => {}, start: () => {}, epoch: () => {} },
    },
  );
  return { folder, notes, running };
}

const failing = (code: string) => async (_: string, staged: StagedFile) => {
  await discardStaged([staged]);
  throw new OutputError(code, "the disk is full", { source: staged.path, got: "ENOSPC" });
};

let undisturbed: ReturnType<typeof comparableBytes>;
beforeAll(async () => {
  writeFileSync(input, scanFile());
  const { running, folder } = await run(commitCheckpoint);
  const { artifacts } = await running;
  await commitStaged(artifacts!.files, { overwrite: false });
  undisturbed = comparableBytes(join(folder, RESULT_NAMES.arrays));
});

describe("E8 a checkpoint that cannot be written", () => {
  test.each(["IO_NO_SPACE", "IO_WRITE", "IO_RENAME"])(
    "E8 %s: said, and the run goes on to the same arrays",
    async (code) => {
      const { running, folder, notes } = await run(failing(code));
      const { result, artifacts } = await running;
      expect(result.status).toBe("complete");
      await commitStaged(artifacts!.files, { overwrite: false });
      expect(comparableBytes(join(folder, RESULT_NAMES.arrays))).toEqual(undisturbed);
      expect(readdirSync(folder).sort()).toEqual(Object.values(RESULT_NAMES).sort());
      const warnings = notes.filter((note) => note.code === code);
      expect(warnings).toHaveLength(3);
      expect(warnings[0]).toEqual({
        level: "warning",
        code,
        message: expect.stringMatching(/^no checkpoint was written: .*the disk is full \(got ENOSPC\)$/),
      });
    },
  );
  test("E8 the earlier one is kept", async () => {
    let saved = 0;
    const { running, folder } = await run(async (place, staged) => {
      if (saved++ === 0) await commitCheckpoint(place, staged);
      else await failing("IO_NO_SPACE")(place, staged);
    });
    await running;
    expect(await listCheckpoints(folder)).toEqual(["checkpoint-000001.npz"]);
  });
  test.each(["IO_OUTPUT_GONE", "LOCK_LOST"])(
    "%s ends the run: there is no place for its result either",
    async (code) => {
      const { running, folder } = await run(failing(code));
      await expectRefusal(running, code, [], 74);
      expect(readdirSync(folder)).toEqual([]);
    },
  );
});
