// One run of a session: read the scan, reconstruct with pictures on the way, hand the result over.

import { createScanBox } from "../compare/pixel-box.ts";
import { readDataset } from "../data/contract.ts";
import type { Dataset } from "../data/dataset.ts";
import { blobAccess } from "../data/random-access.ts";
import { layOutCanvas } from "../engine/canvas.ts";
import type { PreparedProblem } from "../engine/reconstruct.ts";
import type { PreviewSources, ReconstructHooks } from "../engine/result.ts";
import type { OpenedGpu } from "../gpu/open-browser-device.ts";
import { parseOptions, type ReconstructOptions, type ReconstructOptionsInput } from "../options.ts";
import { growBox } from "../pictures/field.ts";
import { sha256Hex } from "./digest.ts";
import { describeFailure } from "./failure.ts";
import { buildFinishedResult, transferOf } from "./finished-result.ts";
import type { Post, RequestId } from "./messages.ts";
import { PatternWatch } from "./pattern-watch.ts";
import { PauseGate } from "./pause-gate.ts";
import type { Previews } from "./previews.ts";
import { ProgressMessages } from "./progress-messages.ts";
import { reconstructWithRecovery, type SavedState } from "./recovery.ts";

/** A scan that was inspected; `id` is that of the request. */
export interface Scan {
  readonly id: RequestId;
  readonly file: Blob;
  readonly name: string;
}

export interface RunRequest {
  readonly id: RequestId;
  readonly scan: Scan;
  readonly options: ReconstructOptionsInput;
  /** 0 = no pictures. */
  readonly previewEvery: number;
  readonly resumeFrom: SavedState | null;
}

export interface RunSurroundings {
  readonly openDevice: () => Promise<OpenedGpu>;
  readonly previews: Previews;
  readonly post: Post;
  readonly checkpointSeconds: number;
}

export class Run {
  readonly request: RunRequest;
  /** Resolves when everything is told and released; never rejects. */
  readonly ended: Promise<void>;
  readonly #around: RunSurroundings;
  readonly #controller = new AbortController();
  readonly #gate = new PauseGate();
  #progress: ProgressMessages | null = null;
  #saved: SavedState | null;
  #started = false;

  /** Begins once `after` is done. Failures are posted. */
  constructor(request: RunRequest, around: RunSurroundings, after: Promise<void>) {
    this.request = request;
    this.#around = around;
    this.#saved = request.resumeFrom; // until there is a later one
    this.ended = after.then(() => this.#execute()).catch((error) => this.#fail(error));
  }

  /** The state that a run which was broken off could go on from. */
  get saved(): SavedState | null {
    return this.#saved;
  }

  /** The run waits before its next epoch, unless it is being stopped: then it would wait for ever. */
  pause(): void {
    if (!this.#controller.signal.aborted) this.#gate.pause();
  }

  resume(): void {
    this.#gate.resume();
  }

  /** Ends the run at its next minibatch, paused or not. */
  stop(): void {
    this.#controller.abort();
    this.#gate.resume();
  }

  async #execute(): Promise<void> {
    const { signal } = this.#controller;
    signal.throwIfAborted();
    const options = parseOptions(this.request.options);
    const progress = new ProgressMessages(this.request.id, options.epochs, this.#around.post);
    this.#progress = progress;
    progress.enter("loading");
    this.#around.previews.clear();
    const begin = performance.now();
    const dataset = await this.#read(options);
    const { previews, post } = this.#around;
    const watch = new PatternWatch(this.request.id, dataset.patterns, previews, post, signal);
    try {
      signal.throwIfAborted();
      const read = performance.now();
      const run = await reconstructWithRecovery(dataset, options, {
        openDevice: this.#around.openDevice,
        begin: (prepared) => this.#begin(prepared, progress, watch),
        checkpointSeconds: this.#around.checkpointSeconds,
        resumeFrom: this.request.resumeFrom,
        keep: (state) => {
          this.#saved = state;
        },
      });
      if (run.result.status === "cancelled" && run.result.epochsCompleted === 0) signal.throwIfAborted();
      const seconds = {
        read: (read - begin) / 1000,
        open: run.openSeconds,
        reconstruct: (performance.now() - read) / 1000 - run.openSeconds,
      };
      await watch.finish();
      progress.flush();
      const result = await buildFinishedResult({
        result: run.result,
        dataset,
        adapter: run.opened.facts,
        seconds,
        key: null,
        resumed: run.resumed,
        scheduleFile: null,
        maskFile: null,
        finishedAt: new Date(),
      });
      const status = run.result.status === "complete" ? "finished" : run.result.status;
      this.#around.post({ type: "finished", id: this.request.id, status, result }, transferOf(result));
    } finally {
      await watch.finish();
      await dataset.patterns.close();
    }
  }

  async #read(options: ReconstructOptions): Promise<Dataset> {
    const { file, name } = this.request.scan;
    const dataset = await readDataset(blobAccess(file, name), options.data, {
      signal: this.#controller.signal,
      // a canvas that the options make impossible is refused before all patterns are read
      onChecked: ({ plan: { oriented }, positionsPx }) =>
        void layOutCanvas(positionsPx, [oriented.heightPx, oriented.widthPx], options.canvas),
    });
    // a file that has gone meanwhile leaves it unknown
    const sha256 = dataset.sha256 ?? (await sha256Hex(file).catch(() => null));
    return { ...dataset, sha256 };
  }

  #begin(
    { canvas, options, problem }: PreparedProblem,
    progress: ProgressMessages,
    watch: PatternWatch,
  ): ReconstructHooks {
    const [rows, columns] = canvas.shape;
    const scanBox = growBox(createScanBox(canvas.positionsPx), 0, rows, columns);
    if (!this.#started) {
      this.#around.post({
        type: "started",
        id: this.request.id,
        canvasShape: canvas.shape,
        epochs: options.epochs,
        probeModes: problem.probe.shape.at(-3)!,
        positionsPx: Float32Array.from(canvas.positionsPx),
        canvasOriginPx: canvas.canvasOriginPx,
      });
    }
    this.#started = true; // not told again when a lost device makes it begin anew
    progress.enter("compiling");
    let running = false;
    const preview = {
      everyEpochs: this.request.previewEvery,
      // not awaited: the next epoch need not wait for a picture
      paint: (sources: PreviewSources) => watch.look(canvas, this.#around.previews.show(sources, scanBox)),
    };
    return {
      signal: this.#controller.signal,
      beforeEpoch: async () => {
        if (!this.#gate.paused && running) return;
        if (this.#gate.paused) {
          progress.enter("paused");
          await this.#gate.pass();
        }
        running = true;
        progress.enter("running");
      },
      onProgress: (epoch) => progress.finishEpoch(epoch),
      ...(this.request.previewEvery > 0 ? { preview } : {}),
    };
  }

  #fail(error: unknown): void {
    this.#progress?.flush();
    const { signal } = this.#controller;
    if (signal.aborted && (error === signal.reason || (error as Error).name === "AbortError")) {
      const message = "the run was stopped before there was anything to show [STOPPED]";
      const { id } = this.request;
      this.#around.post({ type: "failed", id, code: "STOPPED", message, details: {}, recoverable: true });
      return;
    }
    this.#around.post(describeFailure(this.request.id, error));
  }
}
