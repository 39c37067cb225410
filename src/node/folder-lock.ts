// One writer per folder: a lock file that names its holder. The lock of a process that is gone is taken over.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { BusyError } from "../errors.ts";
import { errorCode } from "./file-system.ts";
import { asOutputError } from "./output-checks.ts";

export const LOCK_NAME = ".ptycho.lock";
/** A lock before it has its name. */
const NEW_LOCK = /^\.ptycho\.lock\.new-[0-9a-f]+$/;
/** Files of starters that died half-way are older than that. */
const ABANDONED_MS = 10_000;

/** Who holds a folder. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in the system's own units; null where the system does not tell. */
  readonly processStart: string | null;
  /** UTC. */
  readonly since: string;
  readonly nonce: string;
}

export interface FolderLock {
  /** A lock whose holder was gone, when one had to be taken over. */
  readonly takenOverFrom: LockHolder | null;
  /**
   * Throws BusyError LOCK_LOST (75) when somebody broke the lock, and OutputError IO_OUTPUT_GONE (74) when the folder is
   * there no more.
   */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Takes the lock of an existing folder. Throws LOCK_HELD (75) naming pid, host and age when a live process of this host or
 * any process of another host holds it; `breakLock` takes it all the same. Throws OutputError when it cannot be written.
 */
export async function lockFolder(folder: string, breakLock = false): Promise<FolderLock> {
  const path = join(folder, LOCK_NAME);
  const mine: LockHolder = {
    pid: process.pid,
    host: hostname(),
    processStart: processFacts(process.pid)?.start ?? null,
    since: new Date().toISOString(),
    nonce: randomBytes(8).toString("hex"),
  };
  let takenOverFrom: LockHolder | null = null;
  for (let attempt = 0; ; attempt++) {
    if (await createLock(path, mine)) break;
    const holder = await readHolder(path);
    if (holder === "gone") continue;
    if (!breakLock && holder !== null && !isGone(holder)) throw lockHeld(folder, holder);
    // a file without a holder is being written this moment, or its writer died
    if (holder === null && attempt < 20) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      continue;
    }
    if (await removeStale(path, holder)) takenOverFrom = holder;
    else await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await removeAbandoned(folder);
  const isHeld = async () => {
    const holder = await readHolder(path);
    return holder !== null && holder !== "gone" && holder.nonce === mine.nonce;
  };
  return {
    takenOverFrom,
    assertHeld: async () => {
      if (await isHeld()) return;
      if (!(await isFolder(folder))) throw asOutputError({ code: "ENOENT" }, folder);
      const remedy = "Run again when that run has ended";
      throw new BusyError("LOCK_LOST", "another run has taken over the folder", { source: folder, remedy });
    },
    release: async () => {
      if (await isHeld().catch(() => false)) await rm(path, { force: true });
    },
  };
}

/** The holder of a folder's lock; null when it is free or its holder is gone. */
export async function findLockHolder(folder: string): Promise<LockHolder | null> {
  const holder = await readHolder(join(folder, LOCK_NAME));
  return holder === "gone" || holder === null || isGone(holder) ? null : holder;
}

/** Throws LOCK_HELD (75) as `lockFolder` would, without taking the lock; a folder that cannot be looked into is not held. */
export async function assertFree(folder: string): Promise<void> {
  const holder = await findLockHolder(folder).catch(() => null);
  if (holder !== null) throw lockHeld(folder, holder);
}

/** Gives the lock its name when it is whole, so that nobody ever sees half of it. False when there is one already. */
async function createLock(path: string, holder: LockHolder): Promise<boolean> {
  const whole = `${path}.new-${holder.nonce}`;
  try {
    await writeLock(whole, holder);
    await link(whole, path);
    return true;
  } catch (error) {
    const code = errorCode(error) ?? "";
    // ENOENT: another starter took our file for an abandoned one; the loop tries again where the folder is still there
    if (code === "EEXIST" || (code === "ENOENT" && (await isFolder(join(path, ".."))))) return false;
    if (["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EMLINK"].includes(code)) {
      return await createLockInPlace(path, holder);
    }
    throw asOutputError(error, path);
  } finally {
    await rm(whole, { force: true }).catch(() => {});
  }
}

/** For file systems where a file has one name only. */
async function createLockInPlace(path: string, holder: LockHolder): Promise<boolean> {
  try {
    await writeLock(path, holder);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw asOutputError(error, path);
  }
}

async function writeLock(path: string, holder: LockHolder): Promise<void> {
  const file = await open(path, "wx", 0o644);
  try {
    await file.write(`${JSON.stringify(holder)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of (await readdir(folder).catch(() => [])).filter((each) => NEW_LOCK.test(each))) {
    const path = join(folder, name);
    if ((await ageMs(path)) > ABANDONED_MS) await rm(path, { force: true }).catch(() => {});
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

async function ageMs(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
}

async function readHolder(path: string): Promise<LockHolder | null | "gone"> {
  try {
    const holder = JSON.parse(await readFile(path, "utf8")) as LockHolder | null;
    const whole = Number.isInteger(holder?.pid) && holder!.pid > 0 && typeof holder!.host === "string";
    return whole ? holder : null;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "gone";
    if (error instanceof SyntaxError) return null;
    throw asOutputError(error, path);
  }
}

/** Removes the lock if it still is that of `holder`; one process at a time, so that nobody removes a fresh lock. */
async function removeStale(path: string, holder: LockHolder | null): Promise<boolean> {
  const guard = `${path}.takeover`;
  try {
    await (await open(guard, "wx")).close();
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw asOutputError(error, guard);
    if ((await ageMs(guard)) > ABANDONED_MS) await rm(guard, { force: true });
    return false;
  }
  try {
    const now = await readHolder(path);
    if (now === "gone" || now?.nonce !== holder?.nonce) return false;
    await rm(path, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

/** True when the holder ran on this host and its process is no more, or its number belongs to another process now. */
function isGone(holder: LockHolder): boolean {
  if (holder.host !== hostname()) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
  const facts = processFacts(holder.pid);
  if (facts === null) return false;
  return facts.ended || (holder.processStart !== null && facts.start !== holder.processStart);
}

/** Start time of a process and whether it has ended but was not yet waited for; null on systems without /proc. */
function processFacts(pid: number): { start: string; ended: boolean } | null {
  try {
    const facts = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the command's name may hold spaces and brackets; what follows the last bracket starts with field 3, the state
    const fields = facts.slice(facts.lastIndexOf(")") + 2).split(" ");
    return { start: fields[19]!, ended: fields[0] === "Z" || fields[0] === "X" };
  } catch {
    return null;
  }
}

function lockHeld(folder: string, holder: LockHolder): BusyError {
  const ageSeconds = Math.max(0, Math.round((Date.now() - Date.parse(holder.since)) / 1000));
  return new BusyError("LOCK_HELD", "another run is writing here", {
    source: folder,
    got: `process ${holder.pid} on ${holder.host}, for ${ageSeconds} s`,
    remedy: "Wait for it, choose another folder, or add --break-lock when that process is gone for good",
  });
}
