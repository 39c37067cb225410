// Asks the worker of analysis-worker.ts; one that fails is replaced.

import type { ImagePicture, NumbersRequest, PictureRequest } from "./analysis.ts";
import type { AnalysisRequest } from "./analysis-worker.ts";
import type { ComparedResults, CompareRequest } from "./compare-results.ts";
import { type FailureFacts, refuse, WorkerFailure } from "./failure.ts";
import type { ScalarImage } from "./scalar-image.ts";

type Answer = { readonly id: number } & ({ readonly answer: unknown } | { readonly failure: FailureFacts });

/** The part of a Worker that is used. */
export interface AnalysisPort {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export class AnalysisClient {
  private readonly createWorker: () => AnalysisPort;
  /** Null until there is work. */
  private worker: AnalysisPort | null = null;
  private readonly waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  private lastId = 0;

  constructor(createWorker: () => AnalysisPort) {
    this.createWorker = createWorker;
  }

  compare(request: Omit<CompareRequest, "type">): Promise<ComparedResults> {
    return this.ask({ type: "compare", ...request }) as Promise<ComparedResults>;
  }

  picture(request: Omit<PictureRequest, "type">): Promise<Blob> {
    return this.ask({ type: "picture", ...request }) as Promise<Blob>;
  }

  image(picture: ImagePicture): Promise<Blob> {
    return this.ask({ type: "image", ...picture }) as Promise<Blob>;
  }

  numbers(request: Omit<NumbersRequest, "type">): Promise<ScalarImage> {
    return this.ask({ type: "numbers", ...request }) as Promise<ScalarImage>;
  }

  private ask(request: AnalysisRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId;
      this.waiting.set(id, { resolve, reject });
      this.worker ??= this.connect();
      const [own, transfer] = withOwnPlane(request);
      this.worker.postMessage({ id, request: own }, transfer);
    });
  }

  private connect(): AnalysisPort {
    const worker = this.createWorker();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ("failure" in data) waiting?.reject(new WorkerFailure(data.failure));
      else waiting?.resolve(data.answer);
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      worker.terminate();
      this.worker = null;
      const reason = event.message || "it ended without a message";
      const failure = refuse("WORKER_GONE", `the worker that compares and draws failed: ${reason}`);
      for (const { reject } of this.waiting.values()) reject(failure);
      this.waiting.clear();
    };
    return worker;
  }
}

/** A view of a larger array would be sent with all of it: a copy of the plane goes, and is gone. */
function withOwnPlane(request: AnalysisRequest): [AnalysisRequest, Transferable[]] {
  if (!("plane" in request)) return [request, []];
  const pairs = request.plane.pairs.slice();
  return [{ ...request, plane: { ...request.plane, pairs } }, [pairs.buffer]];
}
