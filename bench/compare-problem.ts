// What our engine is given for a job of `npm run bench:compare`.

import { readFile } from "node:fs/promises";
import {
  type LsqmlProblem,
  openNpz,
  parseOptions,
  parseSchedule,
  planFromSchedule,
  readDataset,
} from "../src/index.ts";
import { fileAccess, nodeReaderTools } from "../src/node/index.ts";
import type { JobWork } from "./compare-sides.ts";

/** Needs neither device nor reference; `close` when the engine is done. */
export async function readProblem(job: JobWork): Promise<{ problem: LsqmlProblem; close: () => Promise<void> }> {
  const options = parseOptions({ epochs: job.epochs, batchSize: job.batchSize, noiseModel: job.noiseModel });
  const dataset = await readDataset(await fileAccess(job.scan), options.data, nodeReaderTools());
  // the dataset closes its own
  const access = await fileAccess(job.scan);
  const arrays = await openNpz(access);
  const read = async (name: string) => (await arrays.readNumeric(name)).data as Float32Array;
  const { count, heightPx, widthPx } = dataset.patterns;
  const probe = await read("probeGuess");
  const schedule = parseSchedule(JSON.parse(await readFile(job.schedule, "utf8")), job.schedule);
  const object = await read("objectGuess");
  await access.close();
  const [rows, columns] = job.canvasShape;
  const problem: LsqmlProblem = {
    patterns: dataset.patterns,
    totalIntensity: dataset.totalIntensity,
    mask: null,
    object: { shape: [1, rows, columns], data: object },
    probe: { shape: [1, probe.length / (2 * heightPx * widthPx), heightPx, widthPx], data: probe },
    positionsPx: dataset.positionsPx,
    originPx: [originOf(rows), originOf(columns)],
    plan: planFromSchedule(schedule, count, job.epochs),
    options,
  };
  return { problem, close: () => dataset.patterns.close() };
}

/** conventions.md section 5: round half to even. */
function originOf(length: number): number {
  const half = Math.floor(length / 2);
  return (length % 2 === 0 ? half : half + (half % 2)) - 0.5;
}
