// npm run bench:setup: the reference side's Python environment, pinned, out of the repository's sight.

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import {
  BenchSetupError,
  choosePython,
  environmentFolder,
  PYTHON_VARIABLE,
  probePython,
  pythonOf,
  referenceFolder,
  requirePtychi,
} from "./python.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";
import { listMissing, type Pin, parsePins, planInstall } from "./setup-plan.ts";

const USAGE = `usage: npm run bench:setup -- [--base PYTHON] [--wheels FOLDER] [--own-torch] [--python FILE]
Makes bench/pty-chi/.venv with the pinned pty-chi, PyTorch and NumPy: 2 GB without an NVIDIA GPU where PyTorch's index of
processor builds can be reached, else 6 GB; some minutes. Again: checks it and installs only what is missing.
  --base PYTHON    makes the environment [python3]; Python 3.11 or later
  --wheels FOLDER  installs from the wheels in FOLDER, without a network
  --own-torch      takes PyTorch and NumPy from the base instead, whatever their versions
  --python FILE    makes nothing: checks an interpreter that has pty-chi; ${PYTHON_VARIABLE} names it for the benchmarks`;
/** PyTorch's own builds without CUDA: a tenth of the download. */
const PROCESSOR_INDEX = "https://download.pytorch.org/whl/cpu";
const NEEDED_BYTES = 8e9;

endWithMessage();
const values = readFlags(USAGE, {
  base: { type: "string", default: process.platform === "win32" ? "python" : "python3" },
  wheels: { type: "string" },
  "own-torch": { type: "boolean", default: false },
  python: { type: "string" },
});
if (values.python !== undefined) report(choosePython(values.python));
else await makeEnvironment();

async function makeEnvironment(): Promise<void> {
  const pins = parsePins(await readFile(join(referenceFolder, "requirements.txt"), "utf8"));
  const python = pythonOf(environmentFolder);
  const wanted = values["own-torch"] ? pins.filter(({ name }) => name === "ptychi") : pins;
  if (existsSync(python)) {
    const missing = listMissing(wanted, probePython(python));
    if (missing.length === 0) {
      console.log(`${relative(".", environmentFolder)} is there and complete`);
      report(python);
      return;
    }
    console.log(`${relative(".", environmentFolder)} lacks ${missing.map(formatPin).join(", ")}`);
  } else createEnvironment();
  await install(python, wanted);
  const missing = listMissing(wanted, probePython(python));
  if (missing.length > 0)
    throw new BenchSetupError(`still missing after the installation: ${missing.map(formatPin).join(", ")}`, 69);
  report(python);
}

function createEnvironment(): void {
  const { base } = values;
  const version = spawnSync(base, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"], { encoding: "utf8" });
  if (version.error || version.status !== 0)
    throw new BenchSetupError(
      `no Python: ${base} does not run. Install Python 3.11 or later, or name one with --base PYTHON`,
      69,
    );
  const [major, minor] = version.stdout.trim().split(".").map(Number) as [number, number];
  if (major < 3 || (major === 3 && minor < 11))
    throw new BenchSetupError(
      `${base} is Python ${version.stdout.trim()}, pty-chi needs 3.11 or later: name another with --base PYTHON`,
      69,
    );
  if (spawnSync(base, ["-c", "import venv, ensurepip"]).status !== 0)
    throw new BenchSetupError(
      `${base} cannot make virtual environments: on Debian and Ubuntu install python3-venv (apt install python3-venv)`,
      69,
    );
  console.log(`making ${relative(".", environmentFolder)} with Python ${version.stdout.trim()}`);
  const system = values["own-torch"] ? ["--system-site-packages"] : [];
  const made = spawnSync(base, ["-m", "venv", ...system, environmentFolder], { encoding: "utf8" });
  if (made.status !== 0)
    throw new BenchSetupError(`python -m venv failed: ${made.stderr.trim() || made.stdout.trim()}`, 69);
}

async function install(python: string, wanted: readonly Pin[]): Promise<void> {
  const processorOnly = !values.wheels && !values["own-torch"] && !hasNvidiaGpu() && (await reaches(PROCESSOR_INDEX));
  const steps = planInstall(wanted, {
    wheels: values.wheels === undefined ? null : resolve(values.wheels),
    processorIndex: processorOnly ? PROCESSOR_INDEX : null,
  });
  const size = values["own-torch"] ? "0.5 GB" : processorOnly ? "2 GB" : "6 GB";
  console.log(`installing ${wanted.map(formatPin).join(", ")}: ${size} on disk; this takes some minutes`);
  const { bavail, bsize } = await statfs(referenceFolder);
  if (bavail * bsize < NEEDED_BYTES)
    console.log(`only ${((bavail * bsize) / 1e9).toFixed(1)} GB are free there: it may not fit`);
  for (const argv of steps) {
    const code = await runPip(python, argv);
    if (code !== 0)
      throw new BenchSetupError(
        `pip failed (exit ${code}), see above. Without a network: fetch the wheels elsewhere (pip download -r bench/pty-chi/requirements.txt) and name their folder with --wheels FOLDER`,
        69,
      );
  }
}

function runPip(python: string, argv: readonly string[]): Promise<number | null> {
  return new Promise((done, fail) => {
    const child = spawn(python, ["-m", "pip", "install", "--disable-pip-version-check", ...argv], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    child.on("error", fail);
    child.on("close", done);
  });
}

function hasNvidiaGpu(): boolean {
  return spawnSync("nvidia-smi", ["-L"], { encoding: "utf8" }).stdout?.includes("GPU") ?? false;
}

async function reaches(address: string): Promise<boolean> {
  try {
    return (await fetch(`${address}/torch/`, { method: "HEAD", signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

function report(python: string): void {
  const facts = requirePtychi(python);
  console.log(`python   ${python}`);
  console.log(
    `versions Python ${facts.python}, pty-chi ${facts.ptychi}, PyTorch ${facts.torch}, NumPy ${facts.numpy}; ` +
      `PyTorch on ${facts.gpu ?? "the processor"}`,
  );
}

function formatPin({ name, version }: Pin): string {
  return `${name} ${version}`;
}
