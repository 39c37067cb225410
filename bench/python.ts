// The Python that runs pty-chi: which one, what it has, and what to say when it lacks something.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { projectFolder } from "./save-results.ts";

/** Scripts and requirements of the reference side. */
export const referenceFolder = join(projectFolder(), "bench/pty-chi");
/** Made by `npm run bench:setup`. */
export const environmentFolder = join(referenceFolder, ".venv");
export const PYTHON_VARIABLE = "PTYCHO_BENCH_PYTHON";

/** What an interpreter has; null where a package is missing. */
export interface PythonFacts {
  readonly python: string;
  readonly ptychi: string | null;
  readonly torch: string | null;
  readonly numpy: string | null;
  /** Name of the GPU that PyTorch computes on; null when it has none. */
  readonly gpu: string | null;
}

/** An error for the person at the command line. */
export class BenchSetupError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The interpreter inside a virtual environment. */
export function pythonOf(environment: string): string {
  return process.platform === "win32" ? join(environment, "Scripts/python.exe") : join(environment, "bin/python");
}

/** The interpreter that was asked for by flag or variable, else the one that `bench:setup` made. */
export function choosePython(flag: string | undefined): string {
  const named = flag ?? (process.env[PYTHON_VARIABLE] || undefined);
  if (named !== undefined) return named.includes("/") || named.includes("\\") ? resolve(named) : named;
  return pythonOf(environmentFolder);
}

/** As `choosePython`, or null when `bench:setup` has made none. */
export function findPython(flag: string | undefined): string | null {
  const python = choosePython(flag);
  return python === pythonOf(environmentFolder) && !existsSync(python) ? null : python;
}

/** Path of a script of the reference side. */
export function pythonScript(name: string): string {
  return join(referenceFolder, name);
}

const PROBE = `
import importlib.metadata as metadata, json, platform
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
facts = {"python": platform.python_version(), **{n: version(n) for n in ("ptychi", "torch", "numpy")}, "gpu": None}
if facts["torch"]:
    import torch
    facts["torch"] = torch.__version__
    if torch.cuda.is_available():
        facts["gpu"] = torch.cuda.get_device_name(0)
print(json.dumps(facts))
`;

/** Versions as the interpreter reports them. Throws BenchSetupError when it does not run. */
export function probePython(python: string): PythonFacts {
  if (/[/\\]/.test(python) && !existsSync(python))
    throw new BenchSetupError(
      python === pythonOf(environmentFolder)
        ? `no Python environment with pty-chi yet: ${python} is missing.\nRun npm run bench:setup, or name an interpreter that has it: --python FILE or ${PYTHON_VARIABLE}`
        : `${python}: no such interpreter`,
      69,
    );
  const run = spawnSync(python, ["-c", PROBE], { encoding: "utf8" });
  if (run.status !== 0)
    throw new BenchSetupError(
      `${python} does not run: ${run.error?.message ?? (run.stderr.trim().split("\n").at(-1) || run.signal)}`,
      69,
    );
  return JSON.parse(run.stdout.trim().split("\n").at(-1)!) as PythonFacts;
}

/** Facts of an interpreter that has all that the reference side needs. Throws BenchSetupError naming what is missing. */
export function requirePtychi(python: string): PythonFacts {
  const facts = probePython(python);
  const missing = (["ptychi", "torch", "numpy"] as const).filter((name) => facts[name] === null);
  if (missing.length > 0)
    throw new BenchSetupError(`${python} lacks ${missing.join(", ")}: run npm run bench:setup, or name another`, 69);
  return facts;
}
