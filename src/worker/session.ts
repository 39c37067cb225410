// The worker's side of the conversation: one device, one scan, one run at a time. A second start ends the first run before
// it begins (reliability.md rows F20, H7). Everything that goes wrong becomes a message.

import { blobAccess } from "../data/random-access.ts";
import { OptionsError } from "../errors.ts";
import { formatAdapterLine, watchDevice } from "../gpu/device.ts";
import type { OpenedGpu } from "../gpu/open-browser-device.ts";
import { checkMessage } from "./check-message.ts";
import { readDataCard } from "./data-card.ts";
import { describeFailure } from "./failure.ts";
import { loadResult } from "./load-result.ts";
import type { Post, RequestId, ToWorker } from "./messages.ts";
import { Previews } from "./previews.ts";
import type { SavedState } from "./recovery.ts";
import { Run, type Scan } from "./run.ts";

/** What the session needs from its place. */
export interface SessionSurroundings {
  readonly openDevice: () => Promise<OpenedGpu>;
  readonly post: Post;
  /** Seconds between the states that a lost device costs at most; default 15. */
  readonly checkpointSeconds?: number;
}

type Message<T extends ToWorker["type"]> = Extract<ToWorker, { type: T }>;

export class ReconstructionSession {
  readonly #around: SessionSurroundings;
  readonly #previews: Previews;
  #opening: Promise<OpenedGpu> | null = null;
  #scan: Scan | null = null;
  #inspecting: AbortController | null = null;
  /** The last inspection, however it ends. */
  #inspected: Promise<void> = Promise.resolve();
  #run: Run | null = null;

  constructor(around: SessionSurroundings) {
    this.#around = around;
    this.#previews = new Previews((view, { low, high, map }, shape) => {
      around.post({ type: "ranges", id: this.#run?.request.id ?? null, view, low, high, map, shape });
    });
  }

  /** Resolves when the request is answered; of a start, when the run has ended. Never rejects. */
  async receive(message: unknown): Promise<void> {
    try {
      await this.#answer(checkMessage(message));
    } catch (error) {
      this.#around.post(describeFailure(requestIdOf(message), error));
    }
  }

  async #answer(message: ToWorker): Promise<void> {
    switch (message.type) {
      case "open-device": {
        const { facts } = await this.#openDevice();
        this.#around.post({ type: "device", id: message.id, facts, line: formatAdapterLine(facts) });
        return;
      }
      case "inspect": {
        const inspection = this.#inspect(message);
        this.#inspected = inspection.catch(() => {});
        return await inspection;
      }
      case "start":
        return await this.#start(message);
      case "load-result":
        return await this.#loadResult(message);
      case "attach-canvas":
        return this.#previews.attach(message.view, message.canvas);
      case "view":
        return this.#previews.look(message.view, message.settings);
      default:
        // one that has ended has nothing to pause or stop
        if (this.#run?.request.id === message.id) this.#run[message.type]();
    }
  }

  /** The device that is there, or a new one when there is none or it has failed; one at a time. */
  #openDevice = (): Promise<OpenedGpu> => {
    const before = this.#opening;
    this.#opening = (async () => {
      const known = await before?.catch(() => null);
      if (known && isAlive(known.device)) return known;
      known?.close?.();
      return await this.#openAnew();
    })();
    return this.#opening;
  };

  async #openAnew(): Promise<OpenedGpu> {
    const opened = await this.#around.openDevice();
    void opened.device.lost.then(({ reason, message }) => {
      if (reason !== "destroyed") this.#around.post({ type: "device-lost", message });
    });
    try {
      await this.#previews.useDevice(opened.device);
    } catch (error) {
      opened.close?.();
      throw error;
    }
    return opened;
  }

  /** A scan that is accepted ends the run of the one before; a scan that is refused does not. */
  async #inspect({ id, file, name, options }: Message<"inspect">): Promise<void> {
    this.#inspecting?.abort();
    const controller = new AbortController();
    this.#inspecting = controller;
    const card = await readDataCard(blobAccess(file, name), options, controller.signal).catch((error: unknown) => {
      throw controller.signal.aborted ? superseded(name) : error;
    });
    if (controller.signal.aborted) throw superseded(name);
    this.#run?.stop();
    await this.#run?.ended;
    if (controller.signal.aborted) throw superseded(name); // meanwhile
    this.#scan = { id, file, name };
    const { positionsPx, meanPattern } = card;
    this.#around.post({ type: "dataset", id, card }, [positionsPx.buffer, meanPattern.buffer] as ArrayBuffer[]);
  }

  async #start({ id, options, scan: meant, previewEvery, resume }: Message<"start">): Promise<void> {
    await this.#inspected; // a scan that was given before is the one that is meant
    const scan = this.#scan;
    if (!scan) {
      throw new OptionsError("WORKER_NO_SCAN", "there is no scan to reconstruct", { remedy: "Send `inspect` first" });
    }
    if (meant !== undefined && meant !== scan.id) {
      throw new OptionsError("WORKER_SCAN", "another scan has been read meanwhile", {
        expected: `the scan of request ${meant}`,
        got: `${scan.name}, of request ${scan.id}`,
        remedy: "Read the scan again",
      });
    }
    const before = this.#run;
    before?.stop();
    const request = { id, scan, options, previewEvery: previewEvery ?? 1 };
    const resumeFrom = resume ? savedStateOf(before, scan, options) : null;
    const { post, checkpointSeconds = 15 } = this.#around;
    const around = { openDevice: this.#openDevice, previews: this.#previews, post, checkpointSeconds };
    const run = new Run({ ...request, resumeFrom }, around, before?.ended ?? Promise.resolve());
    this.#run = run;
    await run.ended;
  }

  async #loadResult({ id, file, name }: Message<"load-result">): Promise<void> {
    const members = await loadResult(blobAccess(file, name));
    const buffers = members.flatMap(({ data }) => (ArrayBuffer.isView(data) ? [data.buffer as ArrayBuffer] : []));
    this.#around.post({ type: "loaded-result", id, name, members }, [...new Set(buffers)]);
  }
}

/** Of anything that arrives, so that whoever waits for an answer gets one. */
function requestIdOf(message: unknown): RequestId | null {
  const id = (message as { readonly id?: unknown } | null | undefined)?.id;
  return typeof id === "number" || typeof id === "string" ? id : null;
}

function superseded(name: string): OptionsError {
  return new OptionsError("SUPERSEDED", "another file was given meanwhile", { source: name });
}

function isAlive(device: GPUDevice): boolean {
  try {
    watchDevice(device).assertAlive();
    return true;
  } catch {
    return false;
  }
}

/** Where a run over the same scan with the same options was broken off; null when there is nothing. */
function savedStateOf(run: Run | null, scan: Scan, options: unknown): SavedState | null {
  if (run?.request.scan.file !== scan.file) return null;
  return JSON.stringify(run.request.options) === JSON.stringify(options) ? run.saved : null;
}
