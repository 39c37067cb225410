// Asks the worker of analysis.ts.

import type { ComparedResults, CompareRequest, PictureRequest } from "./analysis.ts";
import { type FailureFacts, refuse, WorkerFailure } from "./failure.ts";

type Answer = { readonly id: number } & ({ readonly answer: unknown } | { readonly failure: FailureFacts });

export class AnalysisClient {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  private lastId = 0;

  constructor(worker: Worker) {
    this.worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ("failure" in data) waiting?.reject(new WorkerFailure(data.failure));
      else waiting?.resolve(data.answer);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const failure = refuse("WORKER_GONE", `the worker that compares failed: ${event.message}`);
      for (const { reject } of this.waiting.values()) reject(failure);
      this.waiting.clear();
    };
  }

  compare(request: Omit<CompareRequest, "type">): Promise<ComparedResults> {
    return this.ask({ type: "compare", ...request }) as Promise<ComparedResults>;
  }

  picture(request: Omit<PictureRequest, "type">): Promise<Uint8Array<ArrayBuffer>> {
    return this.ask({ type: "picture", ...request }) as Promise<Uint8Array<ArrayBuffer>>;
  }

  private ask(request: CompareRequest | PictureRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, request });
    });
  }
}
