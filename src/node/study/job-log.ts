// ptychi.log: header of study.md section 5.6, what the job says while it says it, the return code filled in at the end.

import { type FileHandle, open } from "node:fs/promises";
import { asOutputError } from "../output-checks.ts";

const RULE = `#${"=".repeat(60)}`;
const CODE_PREFIX = "# Return code: ";
/** The field keeps its width, so that the code can be written over it. */
const RUNNING = "running";
const PREVIEW_LENGTH = 200;

export interface JobLog {
  readonly path: string;
  /** A line of the job's standard output. */
  write(line: string): Promise<void>;
  /** The first 200 characters of what the job said. */
  preview(): string;
  /** Writes what went wrong, if anything, and the return code; then the log is closed. */
  finish(returnCode: number | null, errors?: readonly string[]): Promise<void>;
}

/** What the header says. */
export interface JobLogHeader {
  readonly job: string;
  readonly command: string;
}

/**
 * Opens a job's log. One that an unfinished run left is continued with `remark`; any other is replaced. Throws OutputError
 * (74).
 */
export async function openJobLog(path: string, header: JobLogHeader, remark: string): Promise<JobLog> {
  let file: FileHandle;
  let at: number;
  let said = "";
  const codeAt = headerText(header).indexOf(RUNNING);
  const put = async (text: string) => {
    const bytes = Buffer.from(text, "utf8");
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at);
      done += bytesWritten;
      at += bytesWritten;
    }
  };
  try {
    const old = await readUnfinished(path, headerText(header));
    file = await open(path, old === null ? "w+" : "r+", 0o644);
    at = old ?? 0;
    if (old === null) await put(`${headerText(header)}\n=== STDOUT ===\n`);
    else await put(`--- ${remark} ---\n`);
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
  return {
    path,
    write(line) {
      if (said.length < PREVIEW_LENGTH) said += `${line}\n`;
      return inOrder(() => put(`${line}\n`));
    },
    preview: () => said.slice(0, PREVIEW_LENGTH),
    finish: (returnCode, errors = []) =>
      inOrder(async () => {
        try {
          if (errors.length > 0) await put(`=== STDERR ===\n${errors.join("\n")}\n`);
          const code = Buffer.from((returnCode === null ? RUNNING : String(returnCode)).padEnd(RUNNING.length));
          await file.write(code, 0, code.length, codeAt);
          await file.sync();
        } finally {
          await file.close();
        }
      }),
  };
}

function headerText({ job, command }: JobLogHeader): string {
  // one line each, whatever a path holds
  const flat = (text: string) => text.replace(/[\r\n]+/g, " ");
  return (
    `# PtyChi LSQML Reconstruction Log\n# Job: ${flat(job)}\n# Command: ${flat(command)}\n` +
    `${CODE_PREFIX}${RUNNING}\n${RULE}\n`
  );
}

/** Length of a log with this header that was not finished; null when there is none. */
async function readUnfinished(path: string, header: string): Promise<number | null> {
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
