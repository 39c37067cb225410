// What is left of a fault of this program's own: a file that can be sent to whoever may mend it (reliability.md row E22).

import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readVersions } from "./artifacts.ts";

/** Writes the report into the system's temporary folder; null when that is not possible either. Never throws. */
export function writeCrashReport(error: unknown): string | null {
  const now = new Date().toISOString();
  const path = join(tmpdir(), `ptycho-crash-${now.replace(/[-:]|\.\d+/g, "")}-${process.pid}.txt`);
  try {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const cause = error instanceof Error && error.cause !== undefined ? `\ncaused by ${String(error.cause)}` : "";
    const facts = Object.entries(readVersions()).map(([name, version]) => `${name} ${version ?? "unknown"}`);
    const text = [now, process.argv.slice(2).join(" "), facts.join(", "), "", `${stack}${cause}`, ""].join("\n");
    writeFileSync(path, text, { flag: "wx", mode: 0o600 });
    return path;
  } catch {
    return null;
  }
}
