// One scan from file to files: read, check, open a device, go on from a checkpoint, reconstruct, stage the result.
// `ptycho reconstruct` and the workers of `ptycho study run` both come here; who commits and who is told differs.

import { createHash } from "node:crypto";
import { readDataset } from "../data/contract.ts";
import type { Dataset, DatasetNote } from "../data/dataset.ts";
import { layOutCanvas } from "../engine/canvas.ts";
import { type PreparedProblem, prepareRun, reconstructPrepared } from "../engine/reconstruct.ts";
import type { EpochProgress, MinibatchProgress, ReconstructResult } from "../engine/result.ts";
import { OutputError } from "../errors.ts";
import type { AdapterFacts } from "../gpu/device.ts";
import type { ReconstructOptions } from "../options.ts";
import type { ProfileName } from "../profile-names.ts";
import { serializeSchedule } from "../schedule/explicit.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { type ResultNames, readVersions, type StagedArtifacts, stageArtifacts } from "./artifacts.ts";
import type { StagedFile } from "./atomic-write.ts";
import { type CheckpointFacts, type FoundCheckpoint, findCheckpoint, stageCheckpoint } from "./checkpoint-files.ts";
import { fileAccess, nodeReaderTools } from "./file-access.ts";
import { formatAdapterLine, type OpenedDevice } from "./gpu-device.ts";
import { hashOf, runKey } from "./run-key.ts";

/** A full disk may have room again for the result; without folder or lock computing on is pointless. */
const POINTLESS: readonly string[] = ["IO_OUTPUT_GONE", "LOCK_LOST"];

/** What to reconstruct, and where its files go. */
export interface ScanRun {
  readonly input: string;
  readonly options: ReconstructOptions;
  readonly mask: { readonly path: string; readonly npy: Uint8Array } | null;
  readonly schedule: { readonly path: string; readonly value: Schedule } | null;
  readonly folder: string;
  readonly names: ResultNames;
  readonly overwrite: boolean;
  /** Go on from a checkpoint in `folder`: one of another run is refused with "must-fit", passed over with "if-fits". */
  readonly resume: "never" | "must-fit" | "if-fits";
  /** Seconds between checkpoints; 0 = every epoch, null = none. */
  readonly checkpointSeconds: number | null;
  /** What becomes of a run that was stopped or whose numbers went wrong: files as of a finished one, or no arrays. */
  readonly keepUnfinished: boolean;
}

/** Who is told what happens. */
export interface ScanWatcher {
  notes(notes: readonly DatasetNote[]): void;
  device(opened: OpenedDevice): void;
  /** `found` is null when the run starts at epoch 0; `remarks` are about checkpoints that could not be used. */
  start(found: FoundCheckpoint | null, remarks: readonly string[]): void;
  minibatch?(progress: MinibatchProgress): void;
  epoch(progress: EpochProgress): void;
}

/** What the run needs from its surroundings. */
export interface ScanSurroundings {
  readonly signal: AbortSignal;
  openDevice(): Promise<OpenedDevice>;
  /** Looks for a profile that was tuned on this adapter; asked when neither options nor checkpoint name one. */
  findTunedProfile?(facts: AdapterFacts): Promise<{ profile: ProfileName | null; notes: readonly DatasetNote[] }>;
  /** Makes the folder, once nothing about the input can be refused any more. */
  prepareFolder(): Promise<void>;
  commitCheckpoint(staged: StagedFile): Promise<void>;
  readonly watcher: ScanWatcher;
}

export interface FinishedScan {
  readonly result: ReconstructResult;
  readonly dataset: Pick<Dataset, "patterns" | "sha256">;
  /** Staged, not yet in place; null when the run was stopped and there is nothing worth keeping beside its checkpoint. */
  readonly artifacts: StagedArtifacts | null;
  readonly seconds: { readonly read: number; readonly open: number; readonly reconstruct: number };
}

/** Runs to the point where the result is staged. Throws PtychoError; then nothing of a result is staged. */
export async function runScan(run: ScanRun, around: ScanSurroundings): Promise<FinishedScan> {
  const { options } = run;
  const seconds = { read: 0, open: 0, reconstruct: 0 };
  const timed = async <T>(name: keyof typeof seconds, work: () => Promise<T>): Promise<T> => {
    const begin = performance.now();
    const value = await work();
    seconds[name] = (performance.now() - begin) / 1000;
    return value;
  };
  const dataset = await timed("read", async () =>
    readDataset(await fileAccess(run.input), options.data, {
      ...nodeReaderTools(),
      ...(run.mask ? { maskNpy: run.mask.npy, maskName: run.mask.path } : {}),
      signal: around.signal,
      // a canvas that the options make impossible is refused before gigabytes of patterns are read
      onChecked: ({ plan: { oriented }, positionsPx }) =>
        void layOutCanvas(positionsPx, [oriented.heightPx, oriented.widthPx], options.canvas),
    }),
  );
  try {
    const prepared = await prepareRun(dataset, options, run.schedule ? { schedule: run.schedule.value } : {});
    const maskSha256 = run.mask ? createHash("sha256").update(run.mask.npy).digest("hex") : null;
    const key = scanKey(run, dataset.sha256!, maskSha256);
    const { found, remarks } =
      run.resume === "never"
        ? { found: null, remarks: [] }
        : await findCheckpoint(run.folder, key, run.resume === "must-fit", options.epochs);
    around.watcher.notes([...dataset.notes, ...prepared.notes]);
    const opened = await timed("open", around.openDevice);
    around.watcher.device(opened);
    const tuned = options.profile === null && !found ? await around.findTunedProfile?.(opened.facts) : undefined;
    around.watcher.notes(tuned?.notes ?? []);
    await around.prepareFolder();
    around.watcher.start(found, remarks);
    const earlier = found?.facts.computeSeconds ?? 0;
    const start = { key, found, earlier, tuned: tuned?.profile ?? null };
    const result = await timed("reconstruct", () => runEngine(run, around, opened, prepared, start));
    seconds.reconstruct += earlier;
    around.watcher.notes(result.notes.slice(prepared.notes.length));
    const facts = {
      result,
      dataset,
      adapter: opened.facts,
      seconds,
      key,
      resumed: found
        ? { epochs: found.checkpoint.epochsCompleted, sameAdapter: found.facts.adapter === adapterOf(opened) }
        : null,
      scheduleFile: run.schedule?.path ?? null,
      maskFile: run.mask?.path ?? null,
      finishedAt: new Date(),
    };
    const unwanted = result.status === "cancelled" && (!run.keepUnfinished || result.epochsCompleted === 0);
    const artifacts = unwanted
      ? null
      : await stageArtifacts(run.folder, facts, {
          overwrite: run.overwrite,
          names: run.names,
          withArrays: result.status === "complete" || run.keepUnfinished,
        });
    return { result, dataset, artifacts, seconds };
  } finally {
    await dataset.patterns.close();
  }
}

/** The key of a run, given the hashes of its files. */
export function scanKey(
  run: Pick<ScanRun, "options" | "schedule">,
  inputSha256: string,
  maskSha256: string | null,
): string {
  return runKey({
    inputSha256,
    maskSha256,
    scheduleSha256: run.schedule ? hashOf([...serializeSchedule(run.schedule.value)].join("")) : null,
    options: run.options,
    engineVersion: readVersions()["ptycho-webgpu"] ?? null,
  });
}

async function runEngine(
  run: ScanRun,
  around: ScanSurroundings,
  opened: OpenedDevice,
  prepared: PreparedProblem,
  start: {
    readonly key: string;
    readonly found: FoundCheckpoint | null;
    readonly earlier: number;
    readonly tuned: ProfileName | null;
  },
): Promise<ReconstructResult> {
  const begin = performance.now();
  const save = async (checkpoint: FoundCheckpoint["checkpoint"]) => {
    const facts: CheckpointFacts = {
      key: start.key,
      adapter: adapterOf(opened),
      computeSeconds: start.earlier + (performance.now() - begin) / 1000,
    };
    try {
      await around.commitCheckpoint(await stageCheckpoint(run.folder, checkpoint, facts));
    } catch (error) {
      if (!(error instanceof OutputError) || POINTLESS.includes(error.code)) throw error;
      const { code, message } = error;
      around.watcher.notes([{ level: "warning", code, message: `no checkpoint was written: ${withoutCode(message)}` }]);
    }
  };
  return await reconstructPrepared(opened.device, prepared, {
    signal: around.signal,
    onEpoch: (progress) => around.watcher.epoch(progress),
    onMinibatch: (progress) => around.watcher.minibatch?.(progress),
    ...(run.checkpointSeconds === null ? {} : { checkpoints: { everySeconds: run.checkpointSeconds, save } }),
    ...(start.found ? { resumeFrom: start.found.checkpoint } : {}),
    ...(start.tuned ? { tunedProfile: start.tuned } : {}),
  });
}

/** An error's text without its code, which notes carry themselves. */
function withoutCode(message: string): string {
  return message.replace(/ \[[A-Z_]+\]$/, "");
}

function adapterOf(opened: OpenedDevice): string {
  return formatAdapterLine(opened.facts);
}
