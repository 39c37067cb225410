// Writing a result while the file system fails, call by call (reliability.md rows E9, E10, E12): everything or nothing.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OutputError } from "../../src/errors.ts";
import { RESULT_NAMES, writeArtifacts } from "../../src/node/artifacts.ts";
import { fromPieces, writeFileAtomic } from "../../src/node/atomic-write.ts";
import type { FileSystem } from "../../src/node/file-system.ts";
import { checkOutputFolder, createOutputFolder } from "../../src/node/output-folder.ts";
import type { RunFacts } from "../../src/results/run-record.ts";
import { type FaultyFileSystem, makeFaultyFileSystem, snapshotFolder } from "../support/faulty-file-system.ts";
import { makeFinishedRun } from "../support/finished-run.ts";

const root = mkdtempSync(join(tmpdir(), "ptycho-faults-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;
const earlierPlace = join(root, "earlier");
const newPlace = () => join(root, String(made++));

const names = Object.values(RESULT_NAMES);
const picture = new Uint8Array(5000).fill(7);
const earlier: RunFacts = { ...makeFinishedRun({ seed: 1 }), finishedAt: new Date(0) };
const run = makeFinishedRun({ seed: 2 });

/** All of what the command does with the output folder. */
async function writeResult(folder: string, overwrite: boolean, fileSystem?: FileSystem, facts = run): Promise<void> {
  const options = { overwrite, renderPicture: () => picture, ...(fileSystem ? { fileSystem } : {}) };
  await checkOutputFolder(folder, names, overwrite, fileSystem);
  const prepared = await createOutputFolder(folder, fileSystem);
  try {
    await writeArtifacts(prepared.path, facts, options);
  } catch (error) {
    await prepared.discard();
    throw error;
  }
}

interface Situation {
  readonly name: string;
  readonly overwrite: boolean;
  /** Makes the place; gives the folder to write into. */
  prepare(): Promise<string>;
}

const situations: readonly Situation[] = [
  {
    name: "a new folder in a new folder",
    overwrite: false,
    prepare: async () => {
      const place = newPlace();
      mkdirSync(place);
      return join(place, "deep", "out");
    },
  },
  {
    name: "over an earlier result",
    overwrite: true,
    prepare: async () => {
      const place = newPlace();
      cpSync(earlierPlace, place, { recursive: true });
      return join(place, "out");
    },
  },
];

/** Runs with the fault; tells how it ended and what was there before and after. */
async function attempt({ overwrite, prepare }: Situation, fileSystem: FaultyFileSystem) {
  const folder = await prepare();
  const before = snapshotFolder(join(folder, overwrite ? ".." : "../.."));
  const error: unknown = await writeResult(folder, overwrite, fileSystem).then(
    () => null,
    (thrown) => thrown,
  );
  return { error, before, after: snapshotFolder(join(folder, overwrite ? ".." : "../..")) };
}

let finished: Record<string, string>;
beforeAll(async () => {
  mkdirSync(earlierPlace);
  await writeResult(join(earlierPlace, "out"), false, undefined, earlier);
  const folder = newPlace();
  await writeResult(folder, false);
  finished = snapshotFolder(folder)!;
});

/** The bytes of everything but the times inside run.json. */
function expectComplete(after: Record<string, string> | null, where: string): void {
  const found = Object.entries(after!).filter(([, content]) => content !== "folder");
  const endings = found.map(([name]) => name.slice(name.lastIndexOf("/") + 1));
  expect(endings.sort(), where).toEqual([...names].sort());
  for (const [name, content] of found) {
    const ending = name.slice(name.lastIndexOf("/") + 1);
    if (ending !== RESULT_NAMES.record) expect(content === finished[ending], `${where}: ${name}`).toBe(true);
    else expect(JSON.parse(content), where).toMatchObject({ status: "complete", seed: 2 });
  }
}

for (const situation of situations) {
  describe(situation.name, () => {
    for (const fault of ["ENOSPC", "EIO", "EACCES", "EPERM", "short", "none"]) {
      test(`${fault} at the n-th call, for every n`, async () => {
        let failures = 0;
        for (let n = 0, reached = true; reached; n++) {
          const fileSystem = makeFaultyFileSystem(fault, (call) => call === n);
          const { error, before, after } = await attempt(situation, fileSystem);
          reached = fileSystem.calls.length > n;
          const where = `${fault} at call ${n}, ${fileSystem.calls[n]}`;
          if (error === null) {
            expectComplete(after, where);
            continue;
          }
          failures++;
          expect(error, where).toBeInstanceOf(OutputError);
          expect((error as OutputError).exitCode, where).toBe(74);
          expect((error as OutputError).details.source, where).toBeDefined();
          expect((error as OutputError).message, where).not.toMatch(/partial-|previous-|injected/);
          expect(after, where).toEqual(before);
        }
        if (fault === "short") expect(failures).toBe(0);
        else expect(failures).toBeGreaterThan(fault === "none" ? 2 : 15);
      });
    }

    test("every call from the n-th on fails: what stands under a final name is whole, old or new", async () => {
      for (let n = 0, reached = true; reached; n++) {
        const fileSystem = makeFaultyFileSystem("EIO", (call) => call >= n);
        const { error, before, after } = await attempt(situation, fileSystem);
        reached = fileSystem.calls.length > n;
        const where = `from call ${n} on`;
        if (error !== null) expect(error, where).toBeInstanceOf(OutputError);
        for (const [path, content] of Object.entries(after!)) {
          const name = path.slice(path.lastIndexOf("/") + 1);
          if (!names.includes(name)) continue;
          const old = before![path] === content;
          const whole = name === RESULT_NAMES.record ? JSON.parse(content).seed === 2 : finished[name] === content;
          expect(old || whole, `${where}: ${name}`).toBe(true);
          // an old record never vouches for new arrays
          const arrays = after![path.replace(name, RESULT_NAMES.arrays)];
          if (name === RESULT_NAMES.record && old) expect(arrays === finished[RESULT_NAMES.arrays], where).toBe(false);
        }
      }
    });
  });
}

test("two calls in a row fail: the earlier result is back, or all of it is new", async () => {
  const visible = (files: Record<string, string> | null) =>
    Object.fromEntries(Object.entries(files!).filter(([name]) => !name.includes("/.")));
  for (let n = 0, reached = true; reached; n++) {
    const fileSystem = makeFaultyFileSystem("EIO", (call) => call === n || call === n + 1);
    const { error, before, after } = await attempt(situations[1]!, fileSystem);
    reached = fileSystem.calls.length > n;
    if (error === null) expectComplete(visible(after), `calls ${n}, ${n + 1}`);
    else expect(visible(after), `calls ${n}, ${n + 1}`).toEqual(visible(before));
  }
});

test("every file is synced before the first is renamed, the folder after the last", async () => {
  const fileSystem = makeFaultyFileSystem("EIO", () => false);
  await writeResult(newPlace(), false, fileSystem);
  const steps = fileSystem.calls.filter((call) =>
    ["createFile", "sync", "close", "rename", "syncFolder"].includes(call),
  );
  const check = ["createFile", "close"]; // the first file, which only tries
  const staged = names.flatMap(() => ["createFile", "sync", "close"]);
  expect(steps).toEqual([...check, ...staged, ...names.map(() => "rename"), "syncFolder"]);
});

test("a file system without second names: replaced, or put back when a call fails", async () => {
  const situation = situations[1]!;
  const without = (fault: string, failing: (call: number) => boolean): FaultyFileSystem => {
    const fileSystem = makeFaultyFileSystem(fault, failing);
    const link = async () => {
      throw Object.assign(new Error("not supported"), { code: "ENOTSUP" });
    };
    return { ...fileSystem, link };
  };
  for (let n = 0, reached = true; reached; n++) {
    const fileSystem = without("EIO", (call) => call === n);
    const { error, before, after } = await attempt(situation, fileSystem);
    reached = fileSystem.calls.length > n;
    if (error === null) expectComplete(after, `call ${n}`);
    else expect(after, `call ${n}`).toEqual(before);
  }
});

describe("one file", () => {
  test.each([
    ["ENOSPC", "IO_NO_SPACE"],
    ["EDQUOT", "IO_NO_SPACE"],
    ["EACCES", "IO_DENIED"],
    ["EROFS", "IO_READ_ONLY"],
    ["EIO", "IO_WRITE"],
    ["ENOENT", "IO_OUTPUT_GONE"],
  ])("%s when it is opened is %s and names the file that was meant", async (fault, code) => {
    const folder = newPlace();
    mkdirSync(folder);
    const path = join(folder, "schedule.json");
    const fileSystem = makeFaultyFileSystem(fault, (call) => call === 1);
    const failing = writeFileAtomic({ path, produce: fromPieces(["{}"]) }, { overwrite: false, fileSystem });
    await expect(failing).rejects.toMatchObject({ code, exitCode: 74, details: { source: path, got: fault } });
    expect(fileSystem.calls[1]).toBe("createFile");
    expect(snapshotFolder(folder)).toEqual({});
  });

  test("a disk that takes no more bytes without an error ends the attempt", async () => {
    const folder = newPlace();
    mkdirSync(folder);
    const path = join(folder, "schedule.json");
    const fileSystem = makeFaultyFileSystem("none", () => true);
    const failing = writeFileAtomic({ path, produce: fromPieces(["{}"]) }, { overwrite: false, fileSystem });
    await expect(failing).rejects.toMatchObject({ code: "IO_WRITE", exitCode: 74, details: { source: path } });
    expect(snapshotFolder(folder)).toEqual({});
  });

  test("content that cannot be produced leaves nothing and keeps its own error", async () => {
    const folder = newPlace();
    mkdirSync(folder);
    const produce = async (sink: (bytes: Uint8Array) => Promise<void>) => {
      await sink(new Uint8Array(10));
      throw new RangeError("no more");
    };
    await expect(writeFileAtomic({ path: join(folder, "a"), produce }, { overwrite: false })).rejects.toThrow(
      "no more",
    );
    expect(snapshotFolder(folder)).toEqual({});
  });

  test("a rename that is refused for a while is tried again; for good, IO_RENAME", async () => {
    const folder = newPlace();
    mkdirSync(folder);
    const path = join(folder, "a.json");
    const attempts = (refused: number) => {
      let left = refused;
      const fileSystem = makeFaultyFileSystem("EBUSY", () => false);
      const rename: FileSystem["rename"] = async (from, to) => {
        if (left-- > 0) throw Object.assign(new Error("busy"), { code: "EBUSY" });
        await fileSystem.rename(from, to);
      };
      return writeFileAtomic(
        { path, produce: fromPieces(["a"]) },
        { overwrite: true, fileSystem: { ...fileSystem, rename } },
      );
    };
    await attempts(3);
    expect(snapshotFolder(folder)).toEqual({ "a.json": "a" });
    await expect(attempts(Number.POSITIVE_INFINITY)).rejects.toMatchObject({ code: "IO_RENAME", exitCode: 74 });
    expect(snapshotFolder(folder)).toEqual({ "a.json": "a" });
  });
});

test("a result whose picture cannot be drawn does not keep the picture of an earlier one", async () => {
  const folder = await situations[1]!.prepare();
  const renderPicture = () => {
    throw new RangeError("too large to draw");
  };
  const { pictureError } = await writeArtifacts(folder, run, { overwrite: true, renderPicture });
  expect(pictureError).toBe("too large to draw");
  const after = snapshotFolder(folder)!;
  expect(Object.keys(after).sort()).toEqual([RESULT_NAMES.arrays, RESULT_NAMES.record].sort());
  expect(JSON.parse(after[RESULT_NAMES.record]!)).toMatchObject({ pictureError: "too large to draw" });
});
