// Where the repository lies and which state of it runs: for scripts that need its files and for records of measurements.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder with package.json, above the compiled script or its source. */
export const repositoryRoot = findRoot(import.meta.dirname);

export interface CodeState {
  /** Full hash; null where the tree is not a repository and PTYCHO_COMMIT does not name it. */
  readonly commit: string | null;
  /** True when tracked files differ from that commit; null when nobody can tell. */
  readonly dirty: boolean | null;
}

/** Commit and state of the working tree. */
export function readCodeState(): CodeState {
  const named = process.env.PTYCHO_COMMIT;
  try {
    const commit = runGit("rev-parse", "HEAD").trim();
    // results that a run writes do not change what ran
    const changes = runGit("status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results");
    return { commit, dirty: changes.trim() !== "" };
  } catch {
    return { commit: named || null, dirty: null };
  }
}

/** Version of a package that node_modules holds; null when it cannot be read. */
export function readPackageVersion(name: string): string | null {
  try {
    const text = readFileSync(join(repositoryRoot, "node_modules", name, "package.json"), "utf8");
    return String(JSON.parse(text).version);
  } catch {
    return null;
  }
}

function runGit(...argv: string[]): string {
  return execFileSync("git", argv, { cwd: repositoryRoot, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

function findRoot(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error("no package.json above the benchmarks");
  return findRoot(above);
}
