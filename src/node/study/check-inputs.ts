// Every selected input against the data contract before anything runs: headers, counts, coordinates, geometry, metadata.

import { type CheckedScan, checkScan } from "../../data/contract.ts";
import { peekCountScale } from "../../data/count-scale.ts";
import { type MetadataReading, readMetadata } from "../../data/metadata.ts";
import { type NpzFile, openNpz } from "../../data/npz.ts";
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
  /** Null when it was not looked for, or cannot be told before the run. */
  readonly photonScale: PhotonScale | null;
}

/** Where photon counts come from: the values show single ones, or the dose says how many there are on average. */
export type PhotonScale = "counts" | "dose";

/** Numbers of an input that estimates need. */
export interface InputFacts {
  readonly patternsPresent: number;
  readonly patternsUsed: number;
  readonly framePx: readonly [number, number];
  readonly modeCount: number;
  /** Rows and columns that the scan and its windows span. */
  readonly extentPx: readonly [number, number];
}

/** How an input is looked at. */
export interface CheckSettings {
  readonly signal?: AbortSignal | undefined;
  /** Look at the first patterns' values too. */
  readonly predictScale?: boolean;
}

/** Checks one input without reading its patterns' values, but for the first ones with `predictScale`. Throws AbortError. */
export async function checkInput(
  job: ReconstructionJob,
  options: ReconstructOptions,
  { signal, predictScale = false }: CheckSettings = {},
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
      const facts = describeInput(scan);
      const photonScale = predictScale ? await predictPhotonScale(npz, scan, options) : null;
      return { refusal: null, telemetry: readTelemetry(job.view, metadata), facts, photonScale };
    } finally {
      await access.close();
    }
  } catch (error) {
    if (!(error instanceof PtychoError)) throw error;
    const { code, exitCode, message } = error;
    const telemetry = readTelemetry(job.view, metadata);
    return { refusal: { code, exitCode, message }, telemetry, facts: null, photonScale: null };
  }
}

async function predictPhotonScale(
  npz: NpzFile,
  { plan, positionsPx }: CheckedScan,
  options: ReconstructOptions,
): Promise<PhotonScale | null> {
  if (options.intensityScale !== "counts") return null;
  if (plan.decision.quantity === "intensity") return "counts";
  const scale = await peekCountScale(npz, plan, positionsPx.length / 2);
  return scale === undefined ? null : scale === null ? "dose" : "counts";
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
