// Makes the scan that the demo page opens with: `ptycho simulate`, then compressed as numpy.savez_compressed would.
// The same options give the same bytes; a file that is newer than what makes it is kept.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";

const root = join(import.meta.dirname, "..");
const target = join(root, "demo/src/built-in-scan.npz");
const seed = 1;
const options = {
  patternShapePx: [64, 64],
  scan: { pattern: "raster", positions: 121, stepPx: 8 },
  photonsPerPattern: 100_000,
};

// what made it is newer: the options above or the simulator
const makers = [import.meta.filename, join(root, "dist/src/simulate/simulate-scan.js")];
const made = statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (makers.some((file) => statSync(file).mtimeMs > made)) {
  const folder = mkdtempSync(join(tmpdir(), "ptycho-demo-"));
  try {
    const config = join(folder, "options.json");
    const scan = join(folder, "scan.npz");
    writeFileSync(config, JSON.stringify(options));
    const flags = ["--config", config, "--seed", String(seed), "--output", scan];
    execFileSync(process.execPath, [join(root, "bin/ptycho.js"), "simulate", ...flags], { stdio: "inherit" });
    const members = unzipSync(new Uint8Array(readFileSync(scan)));
    const compressed = zipSync(members, { level: 9, mtime: new Date(1980, 0, 1) });
    writeFileSync(`${target}.${process.pid}.part`, compressed);
    renameSync(`${target}.${process.pid}.part`, target);
    console.log(`${target}  ${Math.round(compressed.length / 1000)} kB`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
