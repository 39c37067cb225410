// A worker of its own for work on results, so that neither the page nor a run waits for it.

import "./before.ts";
import { type CompareRequest, compareResults, drawResult, type PictureRequest } from "./analysis.ts";

interface Asked {
  readonly id: number;
  readonly request: CompareRequest | PictureRequest;
}

self.onmessage = async ({ data }: MessageEvent<Asked>) => {
  const { id, request } = data;
  try {
    const answer = request.type === "compare" ? await compareResults(request) : await drawResult(request);
    self.postMessage({ id, answer });
  } catch (error) {
    const {
      code = "PAGE_ERROR",
      message,
      details = {},
    } = error as { code?: string; message: string; details?: object };
    self.postMessage({ id, failure: { code, message, details, recoverable: true } });
  }
};
