// Keeps what a benchmark measured: JSON and Markdown in bench/results/, with what it ran on and from which commit.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { dirname, join, relative } from "node:path";
import type { AdapterFacts } from "../src/index.ts";
import { fromPieces, writeFileAtomic } from "../src/node/index.ts";

/** What a measurement depends on besides its options; null is what could not be found out. */
export interface MachineFacts {
  readonly processor: string | null;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly versions: Readonly<Record<string, string | null>>;
  readonly commit: string | null;
  /** True when files differ from the commit. */
  readonly dirty: boolean | null;
  /** Day of the measurement, UTC. */
  readonly date: string;
}

export interface BenchmarkResults {
  /** First part of the file names: "fft", "device". */
  readonly benchmark: string;
  readonly adapter: AdapterFacts | null;
  /** How it was called. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly results: unknown;
  /** Lines below the heading and the facts. */
  readonly markdown: readonly string[];
  /** Versions of what was compared with. */
  readonly versions?: Readonly<Record<string, string | null>>;
}

/** Folder of package.json, from the sources and from dist alike. */
export function projectFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

export function describeMachine(versions: BenchmarkResults["versions"] = {}): MachineFacts {
  const root = projectFolder();
  const versionOf = (path: string): string | null => {
    const file = join(root, path, "package.json");
    return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")).version ?? null) : null;
  };
  const found = askGit(root, ["rev-parse", "HEAD"]);
  // a copy without history has been told
  const commit = found ?? (process.env.PTYCHO_COMMIT || null);
  const changes = found === null ? null : askGit(root, ["status", "--porcelain", "--", ".", ":!bench/results"]);
  return {
    processor: cpus()[0]?.model.trim() ?? null,
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${process.platform} ${/^[\d.]+/.exec(release())?.[0] ?? release()} ${process.arch}`,
    versions: {
      "ptycho-webgpu": versionOf("."),
      node: process.version,
      webgpu: versionOf("node_modules/webgpu"),
      ...versions,
    },
    commit,
    dirty: changes === null ? null : changes !== "",
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Writes bench/results/NAME-DEVICE.json and .md over earlier ones; gives their paths from the project's folder. */
export async function saveResults(given: BenchmarkResults): Promise<string[]> {
  const root = projectFolder();
  const { benchmark, adapter, options, results, markdown, versions } = given;
  const machine = describeMachine(versions);
  const name = [benchmark, nameDevice(adapter)].filter(Boolean).join("-");
  const folder = join(root, "bench", "results");
  await mkdir(folder, { recursive: true });
  const record = { benchmark, machine, adapter, options, results };
  const files = [
    [`${name}.json`, `${JSON.stringify(record, null, 2)}\n`],
    [`${name}.md`, `${[`# ${benchmark}`, "", ...describeInWords(machine, adapter), "", ...markdown].join("\n")}\n`],
  ] as const;
  for (const [file, text] of files) {
    const produce = fromPieces([new TextEncoder().encode(withoutPaths(text))]);
    await writeFileAtomic({ path: join(folder, file), produce }, { overwrite: true });
  }
  return files.map(([file]) => relative(root, join(folder, file)));
}

/** Where a driver lies on this machine is nobody else's business. */
export function withoutPaths(text: string): string {
  return text.replace(/ of (\/|[A-Z]:)[^\s",;]+/g, "");
}

/** A device's name as part of a file name; "" without an adapter. */
export function nameDevice(adapter: Pick<AdapterFacts, "device" | "description" | "architecture"> | null): string {
  if (adapter === null) return "";
  const name = /llvmpipe|lavapipe/i.test(`${adapter.device} ${adapter.description}`)
    ? "lavapipe"
    : adapter.device || adapter.description || adapter.architecture;
  return name
    .toLowerCase()
    .replace(/\(.*?\)/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

function describeInWords(machine: MachineFacts, adapter: AdapterFacts | null): string[] {
  const versions = Object.entries(machine.versions)
    .filter(([, version]) => version !== null)
    .map(([name, version]) => `${name} ${version}`);
  const state = machine.dirty ? ", with changes" : machine.dirty === null ? ", changes unknown" : "";
  return [
    ...(adapter
      ? [
          `- Device: ${(adapter.device || adapter.description).replace(/-+$/, "")}, driver ${adapter.driver ?? "unknown"}`,
        ]
      : []),
    `- Machine: ${machine.processor ?? "unknown processor"}, ${machine.cores} cores, ${machine.system}`,
    `- Versions: ${versions.join(", ")}`,
    `- Commit ${machine.commit ?? "unknown"}${state}; ${machine.date}`,
  ];
}

function askGit(folder: string, parameters: readonly string[]): string | null {
  try {
    return execFileSync("git", parameters, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}
