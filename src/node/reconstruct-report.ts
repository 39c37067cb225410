// What `ptycho reconstruct` tells while it runs and at its end: lines for people, who count from 1, and JSON Lines for
// programs, which count from 0 as every array does.

import type { DatasetNote } from "../data/dataset.ts";
import type { ReconstructResult } from "../engine/result.ts";
import type { StagedArtifacts } from "./artifacts.ts";
import type { CommandIo } from "./command.ts";
import { formatAdapterLine, type OpenedDevice } from "./gpu-device.ts";
import type { ProgressStyle } from "./progress.ts";

/** How much a run says. */
export interface ReportStyle {
  readonly json: boolean;
  readonly quiet: boolean;
}

export function progressStyle(style: ReportStyle, io: CommandIo): ProgressStyle {
  return style.json ? "json" : style.quiet ? "quiet" : io.interactive ? "terminal" : "log";
}

export function reportNotes(style: ReportStyle, io: CommandIo, notes: readonly DatasetNote[]): void {
  for (const note of notes) {
    if (style.json) io.stdout(`${JSON.stringify({ event: "note", ...note })}\n`);
    else if (!style.quiet) io.stderr(`${note.level}: ${note.message} [${note.code}]\n`);
  }
}

export function reportDevice(style: ReportStyle, io: CommandIo, opened: OpenedDevice): void {
  if (style.json) {
    io.stdout(`${JSON.stringify({ event: "adapter", ...opened.facts })}\n`);
    return;
  }
  if (style.quiet) return;
  io.stderr(`${formatAdapterLine(opened.facts)}\n`);
  if (opened.softwareHint) io.stderr(`${opened.softwareHint}\n`);
}

/** Where the run starts; `remarks` are about checkpoints that could not be used. */
export function reportStart(style: ReportStyle, io: CommandIo, epochs: number, remarks: readonly string[]): void {
  if (style.json) io.stdout(`${JSON.stringify({ event: "start", epochsCompleted: epochs, remarks })}\n`);
  if (style.json || style.quiet) return;
  for (const remark of remarks) io.stderr(`warning: ${remark}\n`);
  if (epochs > 0) io.stderr(`going on after ${countEpochs(epochs)}\n`);
}

export function reportResult(
  style: ReportStyle,
  io: CommandIo,
  result: ReconstructResult,
  artifacts: StagedArtifacts | null,
  seconds: { readonly reconstruct: number },
): void {
  const { status, diagnosis, epochsCompleted } = result;
  const loss = result.loss.at(-1) ?? null;
  const files = artifacts?.files.map((file) => file.path) ?? [];
  const pictureError = artifacts?.pictureError ?? null;
  if (style.json) {
    const record = { status, diagnosis, epochsCompleted, loss, seconds: seconds.reconstruct, files, pictureError };
    io.stdout(`${JSON.stringify({ event: "result", ...record })}\n`);
    return;
  }
  if (diagnosis) {
    const where = diagnosis.minibatch === null ? "" : `, minibatch ${diagnosis.minibatch + 1}`;
    io.stderr(
      `ptycho: the ${diagnosis.quantity} became NaN or infinite in epoch ${diagnosis.epoch + 1}${where}: ${diagnosis.likelyCause}. ` +
        `The state of the epoch before is what was written [DIVERGED]\n`,
    );
  }
  if (style.quiet) return;
  if (pictureError) io.stderr(`warning: no picture: ${pictureError}\n`);
  const shown = loss === null ? "no loss" : `final loss ${loss.toPrecision(6)} (before the last epoch's updates)`;
  io.stderr(`${status} after ${countEpochs(epochsCompleted)} in ${seconds.reconstruct.toFixed(1)} s, ${shown}\n`);
  for (const file of files) io.stdout(`${file}\n`);
}

function countEpochs(count: number): string {
  return `${count} epoch${count === 1 ? "" : "s"}`;
}

/** A result that is there already, with everything that was asked for. */
export function reportFinished(style: ReportStyle, io: CommandIo, files: readonly string[]): void {
  if (style.json) io.stdout(`${JSON.stringify({ event: "result", status: "complete", reused: true, files })}\n`);
  else if (!style.quiet) {
    io.stderr("complete already; nothing to do\n");
    for (const file of files) io.stdout(`${file}\n`);
  }
}
