// npm run demo: a synthetic scan, its reconstruction, and how far it is from the truth.

import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { comparePhase, createScanBox } from "../src/compare/index.ts";
import { parseOptions, readDataset, reconstruct, writeNpz } from "../src/index.ts";
import {
  fileAccess,
  formatAdapterLine,
  fromPieces,
  nodeReaderTools,
  openDevice,
  writeFileAtomic,
} from "../src/node/index.ts";
import { renderReconstruction, renderTruthComparison } from "../src/pictures/index.ts";
import { scanToNpzMembers, simulateScan } from "../src/simulate/index.ts";
import { endWithMessage, readFlags } from "./read-flags.ts";

const USAGE = `usage: npm run demo -- [--output FOLDER] [--epochs N] [--seed N] [--device auto|gpu|software] [--driver NAME]
Simulates a scan, reconstructs it and compares it with the truth: seconds on a GPU, about a minute on a processor.
Writes scan.npz, reconstruction.png and truth.png into FOLDER [demo-out], over those of an earlier demo.`;

endWithMessage();
const values = readFlags(USAGE, {
  output: { type: "string", default: "demo-out" },
  device: { type: "string", default: "auto" },
  driver: { type: "string" },
  epochs: { type: "string", default: "30" },
  seed: { type: "string", default: "1" },
});
const begin = performance.now();
const folder = resolve(values.output);
const seed = Number(values.seed);
await mkdir(folder, { recursive: true });

const scan = simulateScan({}, seed);
const scanPath = join(folder, "scan.npz");
await write("scan.npz", writeNpz(scanToNpzMembers(scan, "demo")));
const [height, width] = scan.patternShapePx;
const count = scan.positionsPx.length / 2;
console.log(
  `scan     ${count} patterns of ${height} x ${width}, ${scan.options.photonsPerPattern} photons each, seed ${seed}`,
);

const opened = await openDevice({
  device: values.device as "auto",
  ...(values.driver ? { driver: values.driver } : {}),
});
console.log(`device   ${formatAdapterLine(opened.facts)}`);
if (opened.softwareHint) console.log(`         ${opened.softwareHint}`);

const options = parseOptions({ epochs: Number(values.epochs), seed });
const dataset = await readDataset(await fileAccess(scanPath), options.data, nodeReaderTools());
const result = await reconstruct(opened.device, dataset, options, {
  onEpoch: ({ epoch, epochCount, loss, patternsPerSecond }) => {
    const done = epoch + 1;
    if (done % 5 !== 0 && done !== 1 && done !== epochCount) return;
    console.log(
      `epoch ${String(done).padStart(3)}/${epochCount}  loss ${loss.toExponential(3)}  ${Math.round(patternsPerSecond)} patterns/s`,
    );
  },
});
await dataset.patterns.close();

const comparison = comparePhase(result.object, result.canvasOriginPx, scan.object, createScanBox(scan.positionsPx));
await write("reconstruction.png", renderReconstruction(result, { title: "demo" }));
await write("truth.png", renderTruthComparison(result, scan.object, comparison, { title: "demo" }));
console.log(
  `truth    phase error ${comparison.phaseRmsRad.toFixed(4)} rad rms, amplitude error ${(100 * comparison.amplitudeRms).toFixed(2)} % ` +
    "over the scanned area, after removing global phase, ramp and scale",
);
console.log(`pictures ${join(folder, "reconstruction.png")}\n         ${join(folder, "truth.png")}`);
console.log(
  `done     ${((performance.now() - begin) / 1000).toFixed(1)} s (compile ${result.seconds.compile.toFixed(1)} s, compute ${result.seconds.compute.toFixed(1)} s)`,
);
process.exit(result.status === "complete" ? 0 : 80);

async function write(name: string, bytes: Uint8Array): Promise<void> {
  await writeFileAtomic({ path: join(folder, name), produce: fromPieces([bytes]) }, { overwrite: true });
}
