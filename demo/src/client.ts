// The page's side of the worker: questions with answers by id, one run at a time, a new worker when one is gone.

import { refuse, WorkerFailure } from "./failure.ts";
import type { FromWorker, Message, Order, PreviewView, RequestId, ToWorker, ViewSettings } from "./protocol.ts";

/** The part of a Worker that is used. */
export interface WorkerPort {
  postMessage(message: ToWorker, transfer?: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** What a run reports before it ends. */
export type RunReport = Message<"started" | "progress" | "arrays">;

export interface ClientEvents {
  /**
   * The worker died (out of memory, crash, script that cannot load). `replaced`: a new one is there already, without
   * device and scan; false when workers die before they have said anything.
   */
  onGone(reason: string, replaced: boolean): void;
  onDeviceLost(reason: string): void;
  /** A view was painted; also without a run, when it is looked at in another way. */
  onRange(range: Message<"ranges">): void;
}

/** A run that was told to stop and says nothing for so long is given up, with its worker; */
const STOP_MS = 5000;
/** slow adapters have been silent for longer before: twice that long, up to this. */
const LONGEST_STOP_MS = 60_000;

interface Waiting {
  resolve(message: FromWorker): void;
  reject(failure: WorkerFailure): void;
  report?: (message: RunReport) => void;
}

type Question = Order<"open-device" | "inspect" | "start">;
type QuestionBody = Question extends infer Q ? (Q extends Question ? Omit<Q, "id"> : never) : never;

export class ReconstructionClient {
  private readonly createWorker: () => WorkerPort;
  private readonly events: ClientEvents;
  private worker: WorkerPort;
  private readonly waiting = new Map<RequestId, Waiting>();
  private lastId = 0;
  private answered = false;
  private run: { readonly id: RequestId; readonly ended: Promise<unknown>; readonly pulse: Pulse } | null = null;

  constructor(createWorker: () => WorkerPort, events: ClientEvents) {
    this.createWorker = createWorker;
    this.events = events;
    this.worker = this.connect();
  }

  async openDevice(): Promise<Message<"device">> {
    return (await this.ask({ type: "open-device" })) as Message<"device">;
  }

  /** Reads a scan and keeps it for `start`; a run under way ends once the scan is accepted. */
  async inspect(file: Blob, name: string, options: Order<"inspect">["options"]): Promise<Message<"dataset">> {
    return (await this.ask({ type: "inspect", file, name, options })) as Message<"dataset">;
  }

  /**
   * Runs the scan of inspection `scan`, the last one when left out; resolves when the run has ended, also by `stop`.
   * `resume` goes on where a lost device broke the run off.
   */
  async start(
    options: Order<"start">["options"],
    report: (message: RunReport) => void,
    { resume = false, scan }: { readonly resume?: boolean; readonly scan?: RequestId } = {},
  ): Promise<Message<"finished">> {
    if (this.run) throw refuse("RUN_ACTIVE", "a run is under way");
    const id = this.nextId();
    const pulse = new Pulse();
    const heard = (message: RunReport) => {
      pulse.beat();
      report(message);
    };
    const ended = this.ask({ type: "start", options, scan, previewEvery: 1, resume }, heard, id);
    const run = { id, ended, pulse };
    this.run = run;
    try {
      return (await ended) as Message<"finished">;
    } finally {
      if (this.run === run) this.run = null;
    }
  }

  pause(): void {
    if (this.run) this.worker.postMessage({ type: "pause", id: this.run.id });
  }

  resume(): void {
    if (!this.run) return;
    this.run.pulse.restart();
    this.worker.postMessage({ type: "resume", id: this.run.id });
  }

  /** Asks the run to stop and waits for its end; at once when there is none. A worker that falls silent is replaced. */
  async stop(): Promise<void> {
    if (!this.run) return;
    const { id, ended, pulse } = this.run;
    const patienceMs = Math.min(LONGEST_STOP_MS, Math.max(STOP_MS, 2 * pulse.longestMs));
    this.worker.postMessage({ type: "stop", id });
    pulse.restart();
    await new Promise<void>((resolve) => {
      const check = () => {
        if (this.run?.id !== id) return;
        const leftMs = patienceMs - pulse.silentMs;
        if (leftMs > 0) timer = setTimeout(check, leftMs);
        else this.replace(`it did not stop within ${Math.round(patienceMs / 1000)} s`);
      };
      let timer = setTimeout(check, patienceMs);
      const end = () => {
        clearTimeout(timer);
        resolve();
      };
      ended.then(end, end);
    });
  }

  /** Gives a canvas away for good; the worker paints `view` on it. */
  attachCanvas(view: PreviewView, canvas: OffscreenCanvas): void {
    this.worker.postMessage({ type: "attach-canvas", view, canvas }, [canvas]);
  }

  setView(view: PreviewView, settings: ViewSettings): void {
    this.worker.postMessage({ type: "view", view, settings });
  }

  private ask(body: QuestionBody, report?: Waiting["report"], id = this.nextId()): Promise<FromWorker> {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, ...(report ? { report } : {}) });
      this.worker.postMessage({ ...body, id } as ToWorker);
    });
  }

  private nextId(): number {
    return ++this.lastId;
  }

  private connect(): WorkerPort {
    const worker = this.createWorker();
    worker.onmessage = ({ data }) => this.receive(data as FromWorker);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.replace(event.message || "the worker ended without a message");
    };
    return worker;
  }

  private replace(reason: string): void {
    this.worker.terminate();
    const left = [...this.waiting.values()];
    this.waiting.clear();
    this.run = null;
    const replaced = this.answered;
    this.answered = false;
    if (replaced) this.worker = this.connect();
    for (const { reject } of left) reject(refuse("WORKER_GONE", `the worker that computes ended: ${reason}`));
    this.events.onGone(reason, replaced);
  }

  private receive(message: FromWorker): void {
    this.answered = true;
    if (message.type === "device-lost") {
      this.events.onDeviceLost(message.message);
      return;
    }
    if (message.type === "ranges") {
      this.events.onRange(message);
      return;
    }
    const { id } = message;
    const waiting = id === null ? undefined : this.waiting.get(id);
    if (id === null || !waiting) return; // of a run that was given up, or of none
    switch (message.type) {
      case "started":
      case "progress":
      case "arrays":
        waiting.report?.(message);
        return;
      case "failed":
        this.waiting.delete(id);
        waiting.reject(new WorkerFailure(message));
        return;
      default:
        this.waiting.delete(id);
        waiting.resolve(message);
    }
  }
}

/** How long a run has been silent. */
class Pulse {
  longestMs = 0;
  private lastMs = performance.now();

  get silentMs(): number {
    return performance.now() - this.lastMs;
  }

  beat(): void {
    this.longestMs = Math.max(this.longestMs, this.silentMs);
    this.restart();
  }

  restart(): void {
    this.lastMs = performance.now();
  }
}
