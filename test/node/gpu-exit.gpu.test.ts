// A process that used a device ends by itself or by process.exit with its own code, also while memory is collected.
// Runs the built package (npm run build): the processes are plain Node.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const BUILT = join(import.meta.dirname, "../../dist/src/node/gpu-device.js");
const RUNS = process.env.PTYCHO_TEST_LONG ? 10 : 3;

// Work is submitted and read back while the collector runs; nothing of ours keeps the instance.
const SCRIPT = `
const { openDevice } = await import(process.argv[1]);
const collect = setInterval(() => globalThis.gc(), 2);
const driver = process.env.PTYCHO_TEST_DRIVER;
async function work() {
  const { device, close } = await openDevice({ device: "software", ...(driver ? { driver } : {}) });
  for (let turn = 0; turn < 20; turn++) {
    const buffer = device.createBuffer({ size: 4096, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(buffer, 0, new Uint32Array(1024).fill(turn));
    await buffer.mapAsync(GPUMapMode.READ);
    if (new Uint32Array(buffer.getMappedRange())[1023] !== turn) process.exit(9);
    buffer.destroy();
  }
  return close;
}
const close = await work();
for (let turn = 0; turn < 5; turn++) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 2)); }
process.stdout.write("done");
if (process.argv[2] === "exit") process.exit(3);
clearInterval(collect);
if (process.argv[2] === "close") close();
`;

test.each([
  ["exit", 3], // process.exit with a live device
  ["close", 0], // device destroyed, the process ends by itself
  ["leave", 0], // device left alone, the process ends by itself
])(`%s: ${RUNS} of ${RUNS} end with code %i`, async (way, code) => {
  expect(existsSync(BUILT), `${BUILT} is missing: npm run build`).toBe(true);
  for (let run = 0; run < RUNS; run++) expect(await runOnce(way)).toEqual({ code, signal: null, stdout: "done" });
});

function runOnce(way: string): Promise<{ code: number | string; signal: string | null; stdout: string }> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const parameters = ["--expose-gc", "--input-type=module", "-e", SCRIPT, pathToFileURL(BUILT).href, way];
  return new Promise((resolve) => {
    execFile(process.execPath, parameters, { env, timeout: 20_000 }, (error, stdout) => {
      resolve({ code: error?.code ?? (error ? "killed" : 0), signal: error?.signal ?? null, stdout });
    });
  });
}
