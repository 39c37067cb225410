// Checkpoints on disk: which one a run goes on from (rows E17 and E18), which ones are kept, what survives a kill.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { textScalar } from "../../src/data/npy-encode.ts";
import { writeNpz } from "../../src/data/write-npz.ts";
import type { Checkpoint } from "../../src/engine/checkpoint.ts";
import {
  commitCheckpoint,
  findCheckpoint,
  listCheckpoints,
  readCheckpoint,
  removeCheckpoints,
  stageCheckpoint,
} from "../../src/node/checkpoint-files.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { makeFaultyFileSystem, snapshotFolder } from "../support/faulty-file-system.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-checkpoints-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

const name = (epochs: number) => `checkpoint-${String(epochs).padStart(6, "0")}.npz`;
function state(epochs: number): Checkpoint {
  const numbers = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index + epochs));
  return {
    epochsCompleted: epochs,
    unsolvedSteps: 3,
    object: { shape: [1, 4, 5], data: numbers(40) },
    probe: { shape: [1, 2, 3, 3], data: numbers(36) },
    illumination: numbers(20),
    farStep: numbers(7),
    loss: Float64Array.from({ length: epochs }, (_, index) => 1 / (index + 1)),
    profile: "looped",
  };
}
const facts = (key = "ours") => ({ key, adapter: "an adapter", computeSeconds: 1.5 });
const save = async (epochs: number, key?: string) =>
  await commitCheckpoint(folder, await stageCheckpoint(folder, state(epochs), facts(key)));
const names = () => readdirSync(folder).sort();

describe("a checkpoint", () => {
  it("comes back as it was", async () => {
    await save(4);
    const { checkpoint, facts: read } = await readCheckpoint(join(folder, name(4)));
    expect(checkpoint).toEqual(state(4));
    expect(read).toEqual(facts());
  });
  it("of an unknown profile, or from before there were any, comes back without one", async () => {
    for (const profile of [null, undefined]) {
      const older = { ...state(4), profile } as Checkpoint;
      await commitCheckpoint(folder, await stageCheckpoint(folder, older, facts()));
      const { found } = await findCheckpoint(folder, "ours", true);
      expect(found?.checkpoint).toEqual({ ...state(4), profile: null });
    }
  });
  it("the newest two are kept, and all go at the end", async () => {
    for (const epochs of [1, 2, 5, 9]) await save(epochs);
    expect(await listCheckpoints(folder)).toEqual([name(9), name(5)]);
    writeFileSync(join(folder, "checkpoint-list.txt"), "");
    await removeCheckpoints(folder);
    expect(names()).toEqual(["checkpoint-list.txt"]);
  });
  it("a run that began anew is not driven out by the checkpoints of another that came further", async () => {
    for (const epochs of [40, 50]) await save(epochs, "other");
    await save(1);
    expect(await listCheckpoints(folder)).toEqual([name(1)]);
    const { found } = await findCheckpoint(folder, "ours", true);
    expect(found?.checkpoint.epochsCompleted).toBe(1);
  });
  it("a folder that is not there has none", async () => {
    expect(await listCheckpoints(join(folder, "none"))).toEqual([]);
    expect(await findCheckpoint(join(folder, "none"), "ours", true)).toEqual({ found: null, remarks: [] });
  });
});

describe("E17 the newest checkpoint is damaged", () => {
  const damages: [string, (path: string) => void][] = [
    ["cut in half", (path) => truncateSync(path, readFileSync(path).length / 2)],
    ["empty", (path) => truncateSync(path, 0)],
    ["one bit of its arrays", (path) => flip(path, 0.3)],
    ["no archive", (path) => writeFileSync(path, "checkpoint")],
  ];
  function flip(path: string, part: number): void {
    const bytes = readFileSync(path);
    bytes[Math.floor(part * bytes.length)]! ^= 4;
    writeFileSync(path, bytes);
  }
  it.each(damages)("E17 (%s): the previous one is used, and that is said", async (_, damage) => {
    for (const epochs of [6, 7]) await save(epochs);
    damage(join(folder, name(7)));
    const { found, remarks } = await findCheckpoint(folder, "ours", true);
    expect(found?.checkpoint).toEqual(state(6));
    expect(remarks).toEqual([expect.stringMatching(/^checkpoint-000007\.npz cannot be used: .*\[[A-Z_]+\]$/)]);
  });
  it("E17 one bit anywhere: the previous one, or exactly what was saved, never anything else", async () => {
    for (const epochs of [6, 7]) await save(epochs);
    const whole = readFileSync(join(folder, name(7)));
    let passedOver = 0;
    for (let part = 0; part < 1; part += 1 / 60) {
      writeFileSync(join(folder, name(7)), whole);
      flip(join(folder, name(7)), part);
      const { found, remarks } = await findCheckpoint(folder, "ours", true);
      passedOver += remarks.length;
      expect(found?.checkpoint, `at ${part}`).toEqual(state(remarks.length > 0 ? 6 : 7));
    }
    expect(passedOver).toBeGreaterThan(30);
  });
  it("E17 the damaged one does not stay in the place of a good one", async () => {
    for (const epochs of [6, 8]) await save(epochs);
    truncateSync(join(folder, name(8)), 100);
    await save(7);
    expect(await listCheckpoints(folder)).toEqual([name(7), name(6)]);
  });
  it("E17 both damaged: the run starts over, and that is said", async () => {
    for (const epochs of [6, 7]) await save(epochs);
    for (const epochs of [6, 7]) truncateSync(join(folder, name(epochs)), 100);
    const { found, remarks } = await findCheckpoint(folder, "ours", true);
    expect(found).toBeNull();
    expect(remarks).toHaveLength(2);
  });
});

describe("E18 a checkpoint of another run or format", () => {
  it("E18 another run's is refused with the way out, 65", async () => {
    await save(3, "other");
    await expectRefusal(findCheckpoint(folder, "ours", true), "CHECKPOINT_MISMATCH", [name(3), "--overwrite"], 65);
  });
  it("E18 one with more epochs than are asked for is passed over for an earlier one, or refused", async () => {
    for (const epochs of [4, 9]) await save(epochs);
    const { found, remarks } = await findCheckpoint(folder, "ours", true, 6);
    expect(found?.checkpoint.epochsCompleted).toBe(4);
    expect(remarks).toEqual([`${name(9)} has 9 epochs, 6 were asked for`]);
    expect((await findCheckpoint(folder, "ours", false, 3)).found).toBeNull();
    await expectRefusal(findCheckpoint(folder, "ours", true, 3), "CHECKPOINT_MISMATCH", [
      "9 epochs",
      "3 were asked for",
    ]);
  });
  it("E18 where starting over is agreed to, it is passed over with a remark and stays until it is replaced", async () => {
    await save(3, "other");
    expect(await findCheckpoint(folder, "ours", false)).toEqual({
      found: null,
      remarks: [`${name(3)} belongs to another run`],
    });
    expect(names()).toEqual([name(3)]);
  });
  const writeHeader = (epochs: number, header: string) =>
    writeFileSync(join(folder, name(epochs)), writeNpz([["header", textScalar(header)]]));
  it.each([0, 2])(
    "E18 one of format version %i is refused, whether or not it must fit: both versions, 65",
    async (version) => {
      writeHeader(2, JSON.stringify({ version, key: "ours", epochsCompleted: 2, unsolvedSteps: 0 }));
      const before = snapshotFolder(folder);
      const mentions = [
        name(2),
        `format version ${version}`,
        "format version 1",
        "--overwrite",
        "version that wrote it",
      ];
      for (const mustFit of [true, false]) {
        await expectRefusal(findCheckpoint(folder, "ours", mustFit), "CHECKPOINT_VERSION", mentions, 65);
      }
      expect(snapshotFolder(folder)).toEqual(before);
    },
  );
  it("E18 one of another format version is no hindrance beside one that fits", async () => {
    await save(3);
    writeHeader(4, JSON.stringify({ version: 0, key: "ours", epochsCompleted: 4, unsolvedSteps: 0 }));
    const { found, remarks } = await findCheckpoint(folder, "ours", true);
    expect(found?.checkpoint.epochsCompleted).toBe(3);
    expect(remarks).toEqual([expect.stringContaining("[CHECKPOINT_VERSION]")]);
  });
  it.each([
    ["no JSON", "version 1"],
    ["no key", JSON.stringify({ version: 1, epochsCompleted: 1, unsolvedSteps: 0 })],
    [
      "no such profile",
      JSON.stringify({ version: 1, key: "ours", epochsCompleted: 2, unsolvedSteps: 0, profile: "x" }),
    ],
  ])("E18 %s is passed over with its reason", async (_, header) => {
    writeHeader(2, header);
    const { found, remarks } = await findCheckpoint(folder, "ours", true);
    expect(found).toBeNull();
    expect(remarks).toEqual([expect.stringMatching(/checkpoint-000002\.npz cannot be used: .*\[CHECKPOINT_FORMAT\]/)]);
  });
});

it.each(["ENOSPC", "EIO", "EROFS", "EACCES", "short"])(
  "E8, E10 %s at any call: a typed error or success, and the earlier checkpoint is whole",
  async (fault) => {
    await save(5);
    const before = snapshotFolder(folder);
    for (let failing = 0; ; failing++) {
      const files = makeFaultyFileSystem(fault, (call) => call === failing);
      let failed = false;
      try {
        await commitCheckpoint(folder, await stageCheckpoint(folder, state(6), facts(), files), files);
      } catch (error) {
        failed = true;
        expect(error).toMatchObject({ exitCode: 74 });
        expect(snapshotFolder(folder), `call ${failing}`).toEqual(before);
      }
      const { found } = await findCheckpoint(folder, "ours", true);
      expect(found!.checkpoint).toEqual(state(failed ? 5 : 6));
      expect(names().every((each) => /^checkpoint-\d+\.npz$/.test(each))).toBe(true);
      rmSync(join(folder, name(6)), { force: true });
      if (failing >= files.calls.length) break;
    }
  },
);
