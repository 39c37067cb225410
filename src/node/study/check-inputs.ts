// Every selected input against the data contract before anything runs: headers, counts, coordinates, geometry, metadata.

import { type CheckedScan, checkScan } from "../../data/contract.ts";
import { type MetadataReading, readMetadata } from "../../data/metadata.ts";
import { openNpz } from "../../data/npz.ts";
import { PtychoError } from "../../errors.ts";
import type { ReconstructionJob } from "../../jobs/build-jobs.ts";
import { readTelemetry, type Telemetry } from "../../jobs/telemetry.ts";
import type { ReconstructOptions } from "../../options.ts";
import { fileAccess, nodeReaderTools } from "../file-access.ts";

/** What a check found. */
export interface CheckedInput {
  readonly refusal: { readonly code: string; readonly exitCode: number; readonly message: string } | null;
  /** Null for the baseline and for inputs that cannot be read. */
  readonly telemetry: Telemetry | null;
  readonly facts: InputFacts | null;
}

/** Numbers of an input that estimates need. */
export interface InputFacts {
  readonly patternsPresent: number;
  readonly patternsUsed: number;
  readonly framePx: readonly [number, number];
  readonly modeCount: number;
  /** Rows and columns that the scan and its windows span. */
  readonly extentPx: readonly [number, number];
}

/** Checks one input without reading its patterns' values. Throws AbortError. */
export async function checkInput(
  job: ReconstructionJob,
  options: ReconstructOptions,
  signal?: AbortSignal,
): Promise<CheckedInput> {
  // before anything is refused: what Phase D said about an input holds for a refused one too
  let metadata: MetadataReading = { status: "absent" };
  try {
    const access = await fileAccess(job.inputNpz);
    try {
      const { hash: _, ...tools } = nodeReaderTools();
      const npz = await openNpz(access, { lenient: options.data.lenientZip, codecs: tools.codecs });
      metadata = await readMetadata(npz, []);
      const scan = await checkScan(access, options.data, { ...tools, ...(signal ? { signal } : {}) });
      return { refusal: null, telemetry: readTelemetry(job.view, metadata), facts: describeInput(scan) };
    } finally {
      await access.close();
    }
  } catch (error) {
    if (!(error instanceof PtychoError)) throw error;
    const { code, exitCode, message } = error;
    return { refusal: { code, exitCode, message }, telemetry: readTelemetry(job.view, metadata), facts: null };
  }
}

function describeInput({ plan, positionsPx }: CheckedScan): InputFacts {
  const { heightPx, widthPx } = plan.oriented;
  const range = [0, 1].map((axis) => {
    const along = positionsPx.filter((_, index) => index % 2 === axis);
    return (
      along.reduce((most, value) => Math.max(most, value)) - along.reduce((least, value) => Math.min(least, value))
    );
  });
  return {
    patternsPresent: plan.reading.count,
    patternsUsed: positionsPx.length / 2,
    framePx: [heightPx, widthPx],
    modeCount: plan.probeShape.length === 3 ? plan.probeShape[0]! : 1,
    extentPx: [Math.ceil(range[0]!) + heightPx, Math.ceil(range[1]!) + widthPx],
  };
}
