// ptychi.log: header of study.md section 5.6, what the job says while it says it, the return code filled in at the end.

import { type FileHandle, open, readFile } from "node:fs/promises";
import { fromPieces, writeFileAtomic } from "../atomic-write.ts";
import { asOutputError } from "../output-checks.ts";

const RULE = `#${"=".repeat(60)}`;
const CODE_PREFIX = "# Return code: ";
const RUNNING = "running";
export const PREVIEW_LENGTH = 200;
/** A driver that complains at every minibatch must not fill the disk. */
const LARGEST_BYTES = 2 ** 24;

export interface JobLog {
  readonly path: string;
  /** A line of the job's standard output. */
  write(line: string): Promise<void>;
  /** The first 200 characters of what the job said. */
  preview(): string;
  /** Writes what went wrong, if anything, and the return code; then the log is closed. Null leaves it unfinished. */
  finish(returnCode: number | null, errors?: readonly string[]): Promise<void>;
}

/** What the header says. */
export interface JobLogHeader {
  readonly job: string;
  readonly command: string;
}

export interface JobLogSettings {
  /** A log that an unfinished run left is continued with this remark; null = replaced like any other. */
  readonly continueWith: string | null;
  /** Lines beyond are counted, not written. Default 16 MiB. */
  readonly largestBytes?: number;
}

/** Opens a job's log. Throws OutputError (74). */
export async function openJobLog(path: string, header: JobLogHeader, settings: JobLogSettings): Promise<JobLog> {
  const largestBytes = settings.largestBytes ?? LARGEST_BYTES;
  const running = headerText(header, RUNNING);
  let file: FileHandle;
  let at: number;
  let said = "";
  let dropped = 0;
  const put = async (text: string) => {
    const bytes = Buffer.from(text, "utf8");
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
      done += bytesWritten;
      at += bytesWritten;
    }
  };
  try {
    const old = settings.continueWith === null ? null : await unfinishedLength(path, running);
    file = await open(path, old === null ? "w+" : "r+", 0o644);
    at = old ?? 0;
    if (old === null) await put(`${running}\n=== STDOUT ===\n`);
    else await put(`--- ${settings.continueWith} ---\n`);
  } catch (error) {
    throw asOutputError(error, path);
  }
  // lines are written one after the other, whoever waits for them
  let last = Promise.resolve();
  const inOrder = (work: () => Promise<void>): Promise<void> => {
    const next = last.then(work).catch((error: unknown) => {
      throw asOutputError(error, path);
    });
    last = next.catch(() => {});
    return next;
  };
  const end = async (returnCode: number | null, errors: readonly string[]) => {
    try {
      if (dropped > 0) await put(`--- ${dropped} more lines are left out ---\n`);
      if (errors.length > 0) await put(`=== STDERR ===\n${errors.join("\n")}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    if (returnCode !== null) await fillIn(path, running, headerText(header, String(returnCode)));
  };
  return {
    path,
    write(line) {
      if (said.length < PREVIEW_LENGTH) said += `${line}\n`;
      return inOrder(async () => {
        if (at < largestBytes) await put(`${line}\n`);
        else dropped++;
      });
    },
    preview: () => said.slice(0, PREVIEW_LENGTH),
    finish: (returnCode, errors = []) => inOrder(() => end(returnCode, errors)),
  };
}

/** True when a log with this header is there and has no return code yet. Throws OutputError (74). */
export async function isUnfinishedLog(path: string, header: JobLogHeader): Promise<boolean> {
  const length = await unfinishedLength(path, headerText(header, RUNNING)).catch((error: unknown) => {
    throw asOutputError(error, path);
  });
  return length !== null;
}

function headerText({ job, command }: JobLogHeader, code: string): string {
  // one line each, whatever a path holds
  const flat = (text: string) => text.replace(/[\r\n]+/g, " ");
  return (
    `# PtyChi LSQML Reconstruction Log\n# Job: ${flat(job)}\n# Command: ${flat(command)}\n` +
    `${CODE_PREFIX}${code}\n${RULE}\n`
  );
}

/** Writes the log once more with another header; whoever reads it meanwhile sees the one or the other, whole. */
async function fillIn(path: string, running: string, finished: string): Promise<void> {
  const bytes = await readFile(path);
  const rest = bytes.subarray(Buffer.byteLength(running));
  await writeFileAtomic({ path, produce: fromPieces([finished, rest]) }, { overwrite: true });
}

/** Length of a log with this header that was not finished; null when there is none. */
async function unfinishedLength(path: string, header: string): Promise<number | null> {
  const bytes = Buffer.from(header, "utf8");
  const file = await open(path, "r").catch(() => null);
  if (!file) return null;
  try {
    const start = Buffer.alloc(bytes.length);
    const { bytesRead } = await file.read(start, 0, bytes.length, 0);
    return bytesRead === bytes.length && start.equals(bytes) ? (await file.stat()).size : null;
  } finally {
    await file.close();
  }
}
