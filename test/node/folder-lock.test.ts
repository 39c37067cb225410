// The lock of an artifact root: rows E13 and E14 of the fault matrix, goal R10.
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { BusyError, OutputError } from "../../src/errors.ts";
import { type FolderLock, findLockHolder, LOCK_NAME, lockFolder } from "../../src/node/folder-lock.ts";
import { expectRefusal } from "../support/expect-refusal.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-lock-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newRoot = () => {
  const root = join(folder, `root ${count++}`);
  mkdirSync(root);
  return root;
};
const lockOf = (root: string) => join(root, LOCK_NAME);

/** A lock as another process would have written it. */
function putLock(root: string, holder: Record<string, unknown>): void {
  const whole = {
    pid: process.pid,
    host: hostname(),
    processStart: null,
    since: "2026-01-01T00:00:00.000Z",
    nonce: "0a",
  };
  writeFileSync(lockOf(root), `${JSON.stringify({ ...whole, ...holder })}\n`);
}

/** Number of a process that has ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  return child.pid!;
}

it("a lock names its holder and is gone after its release", async () => {
  const root = newRoot();
  const lock = await lockFolder(root);
  expect(lock.takenOverFrom).toBeNull();
  expect(JSON.parse(readFileSync(lockOf(root), "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
  expect(await findLockHolder(root)).toMatchObject({ pid: process.pid });
  await lock.assertHeld();
  await lock.release();
  expect(readdirSync(root)).toEqual([]);
  expect(await findLockHolder(root)).toBeNull();
});

describe("E13 a lock of a live run", () => {
  it("E13 is refused, naming pid, host and age; exit 75", async () => {
    const root = newRoot();
    putLock(root, { since: new Date(Date.now() - 90_000).toISOString() });
    const text = new RegExp(`process ${process.pid} on ${hostname()}, for (89|9\\d) s`);
    const error = await expectRefusal(lockFolder(root), "LOCK_HELD", [text, "--break-lock"], 75);
    expect(error).toBeInstanceOf(BusyError);
    expect(readFileSync(lockOf(root), "utf8")).toContain('"nonce":"0a"');
  });
  it("E13 of another host: nobody here can know whether it is alive", async () => {
    const root = newRoot();
    putLock(root, { host: "elsewhere", pid: await endedPid() });
    await expectRefusal(lockFolder(root), "LOCK_HELD", ["on elsewhere"], 75);
  });
  it("E13 --break-lock takes it; the earlier holder notices and leaves it alone", async () => {
    const root = newRoot();
    const first = await lockFolder(root);
    const second = await lockFolder(root, true);
    expect(second.takenOverFrom).toMatchObject({ pid: process.pid });
    await expectRefusal(first.assertHeld(), "LOCK_LOST", [root], 75);
    await first.release();
    await second.assertHeld();
    await second.release();
    expect(existsSync(lockOf(root))).toBe(false);
  });
});

describe("E14 a lock without a holder", () => {
  it("E14 of a process that has ended is taken over", async () => {
    const root = newRoot();
    const pid = await endedPid();
    putLock(root, { pid });
    const lock = await lockFolder(root);
    expect(lock.takenOverFrom).toMatchObject({ pid });
    await lock.assertHeld();
    await lock.release();
  });
  it("E14 of a process whose number belongs to another one now", async () => {
    const root = newRoot();
    putLock(root, { processStart: "1" });
    expect(await findLockHolder(root)).toBeNull();
    const lock = await lockFolder(root);
    expect(lock.takenOverFrom).toMatchObject({ processStart: "1" });
    await lock.release();
  });
  it.each(["", "{", "null", "[]", '{"pid": "x", "host": "y"}', '{"pid": -1, "host": "y"}'])(
    "E14 a file that names nobody: %j",
    async (text) => {
      const root = newRoot();
      writeFileSync(lockOf(root), text);
      const lock = await lockFolder(root);
      await lock.assertHeld();
      await lock.release();
    },
  );
  it("E14 a starter that died while it took over holds nobody up for ever", async () => {
    const root = newRoot();
    putLock(root, { pid: await endedPid() });
    for (const name of [`${LOCK_NAME}.takeover`, `${LOCK_NAME}.new-0b`]) {
      writeFileSync(join(root, name), "");
      utimesSync(join(root, name), 1e9, 1e9);
    }
    const lock = await lockFolder(root);
    await lock.release();
    expect(readdirSync(root)).toEqual([]);
  });
});

describe("R10 20 starters on one folder", () => {
  /** Starts all at once; gives the winners, after each loser was refused as it should. */
  async function race(root: string): Promise<FolderLock[]> {
    const ends = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(root)));
    for (const end of ends) {
      if (end.status === "rejected") expect(end.reason).toMatchObject({ code: "LOCK_HELD", exitCode: 75 });
    }
    return ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
  }

  it("R10 exactly one wins, with a free folder or a stale lock, 60 times", async () => {
    const pid = await endedPid();
    for (let round = 0; round < 60; round++) {
      const root = newRoot();
      if (round % 3 === 1) putLock(root, { pid });
      if (round % 3 === 2) putLock(root, { processStart: "1" });
      const winners = await race(root);
      expect(winners, `round ${round}`).toHaveLength(1);
      await winners[0]!.assertHeld();
      await winners[0]!.release();
      expect(readdirSync(root)).toEqual([]);
    }
  });

  it("R10 processes of their own: one wins, the others name it; killed, its lock is taken over", async () => {
    const root = newRoot();
    const script = `
      const { lockFolder } = await import(process.argv[1]);
      await lockFolder(process.argv[2]).then(() => {
        console.log("won");
        setInterval(() => {}, 1000);
      }, (error) => console.log(error.message));`;
    const program = join(import.meta.dirname, "../../dist/src/node/folder-lock.js");
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", script, program, root], {
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    const said = await Promise.all(
      children.map((child) => new Promise<string>((resolve) => child.stdout.setEncoding("utf8").on("data", resolve))),
    );
    const winner = children[said.indexOf("won\n")]!;
    expect(said.filter((text) => text === "won\n")).toHaveLength(1);
    for (const text of said.filter((text) => text !== "won\n")) expect(text).toContain(`process ${winner.pid} on`);
    await new Promise((resolve) => {
      winner.on("exit", resolve);
      winner.kill("SIGKILL");
    });
    const lock = await lockFolder(root);
    expect(lock.takenOverFrom).toMatchObject({ pid: winner.pid });
    await lock.release();
  });
});

it("E15 a folder that is gone is no lost lock", async () => {
  const root = newRoot();
  const lock = await lockFolder(root);
  rmSync(root, { recursive: true });
  const error = await expectRefusal(lock.assertHeld(), "IO_OUTPUT_GONE", [root], 74);
  expect(error).toBeInstanceOf(OutputError);
  await lock.release();
  expect(existsSync(root)).toBe(false);
  await expectRefusal(lockFolder(root), "IO_OUTPUT_GONE", [root], 74);
});
