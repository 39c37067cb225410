// Tries one driver in a process of its own: Dawn tells why it refuses a driver only on stderr, and a driver that
// crashes must not take the doctor with it.

import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { delimiter } from "node:path";
import { pathToFileURL } from "node:url";
import { type AdapterFacts, describeAdapter, LIMIT_NAMES } from "../gpu/device.ts";
import type { DriverFiles } from "./vulkan-drivers.ts";

/** What a driver answered. */
export interface ProbeResult {
  /** Null when the driver gave none. */
  readonly adapter: AdapterFacts | null;
  /** What Dawn and the loader said, without their traces and remarks that mean nothing to a user. */
  readonly messages: readonly string[];
  /** Why the process ended before it could answer; null when it answered. */
  readonly crash: string | null;
}

interface Answer {
  readonly info: GPUAdapterInfo;
  readonly limits: GPUSupportedLimits;
  readonly features: readonly string[];
}

const TIMEOUT_MS = 20_000;
const ANSWER_MARK = "ptycho-probe:";

// Plain JavaScript for `node -e`, so that it runs from sources and from the built package alike.
const SCRIPT = `
import { writeSync } from "node:fs";
import { constants } from "node:os";
const { webgpu, loader, limits } = JSON.parse(process.argv[1]);
if (loader) try { process.dlopen({ exports: {} }, loader, constants.dlopen.RTLD_NOW | 0x1000); } catch {}
const { create } = await import(webgpu);
globalThis.instance = create([]);
const adapter = await globalThis.instance.requestAdapter({ powerPreference: "high-performance" });
const pick = (source, names) => Object.fromEntries(names.map((name) => [name, source[name]]));
const infos = ["vendor", "architecture", "device", "description", "subgroupMinSize", "subgroupMaxSize", "isFallbackAdapter"];
writeSync(1, "${ANSWER_MARK}" + JSON.stringify(adapter && {
  info: pick(adapter.info, infos), limits: pick(adapter.limits, limits), features: [...adapter.features],
}));
process.exit(0);
`;

/** Runs the trial; `loader` is a path, or null for the system's own. Never rejects. */
export async function probeDriver(files: DriverFiles, loader: string | null): Promise<ProbeResult> {
  const webgpu = pathToFileURL(createRequire(import.meta.url).resolve("webgpu")).href;
  const input = JSON.stringify({ webgpu, loader, limits: LIMIT_NAMES });
  const { stdout, stderr, failure } = await runNode(
    ["--input-type=module", "-e", SCRIPT, input],
    probeVariables(files),
  );
  const messages = readableMessages(stderr);
  const at = stdout.indexOf(ANSWER_MARK);
  if (at < 0) return { adapter: null, messages, crash: failure ?? "the process ended without an answer" };
  const answer = JSON.parse(stdout.slice(at + ANSWER_MARK.length)) as Answer | null;
  if (answer === null) return { adapter: null, messages, crash: null };
  const source = { ...answer, features: new Set(answer.features) } as unknown as GPUAdapter;
  return { adapter: describeAdapter(source, { driver: answer.info.description || null }), messages, crash: null };
}

/** Lines of Dawn's stderr worth showing. */
export function readableMessages(stderr: string): string[] {
  return stderr
    .split("\n")
    .filter((line) => line.startsWith("Warning: ") || line.startsWith("Error: "))
    .map((line) => line.replace(/^(Warning|Error): /, "").trim())
    .filter((line) => !line.includes("artificially reduced") && !line.includes("XDG_RUNTIME_DIR"));
}

function probeVariables(files: DriverFiles): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...variables } = process.env;
  if (files.manifest !== null) variables.VK_DRIVER_FILES = variables.VK_ICD_FILENAMES = files.manifest;
  if (files.libraryFolder !== null)
    variables.LD_LIBRARY_PATH = [files.libraryFolder, variables.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return variables;
}

function runNode(
  parameters: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ stdout: string; stderr: string; failure: string | null }> {
  return new Promise((resolve) => {
    execFile(process.execPath, parameters, { env, timeout: TIMEOUT_MS, encoding: "utf8" }, (error, stdout, stderr) => {
      const failure = !error
        ? null
        : error.killed
          ? `no answer within ${TIMEOUT_MS / 1000} s`
          : error.signal
            ? `the driver crashed (${error.signal})`
            : `the process ended with code ${error.code}`;
      resolve({ stdout, stderr, failure });
    });
  });
}
