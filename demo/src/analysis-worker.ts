// A worker of its own for work on results, so that neither the page nor a run waits for it.

import "./before.ts";
import {
  computeNumbers,
  drawImage,
  drawResult,
  type ImageRequest,
  type NumbersRequest,
  type PictureRequest,
} from "./analysis.ts";
import { type ComparedResults, type CompareRequest, compareResults } from "./compare-results.ts";
import type { ScalarImage } from "./scalar-image.ts";

export type AnalysisRequest = CompareRequest | PictureRequest | ImageRequest | NumbersRequest;

interface Asked {
  readonly id: number;
  readonly request: AnalysisRequest;
}

self.onmessage = async ({ data }: MessageEvent<Asked>) => {
  const { id, request } = data;
  try {
    const answer = await answerTo(request);
    self.postMessage({ id, answer }, { transfer: buffersOf(answer) });
  } catch (error) {
    const {
      code = "PAGE_ERROR",
      message,
      details = {},
    } = error as { code?: string; message: string; details?: object };
    self.postMessage({ id, failure: { code, message, details, recoverable: true } });
  }
};

function answerTo(request: AnalysisRequest): Promise<ComparedResults | Blob> | ScalarImage {
  switch (request.type) {
    case "compare":
      return compareResults(request);
    case "picture":
      return drawResult(request);
    case "image":
      return drawImage(request);
    case "numbers":
      return computeNumbers(request);
  }
}

/** Images move to the page, they are not copied there. */
function buffersOf(answer: ComparedResults | Blob | ScalarImage): Transferable[] {
  if (answer instanceof Blob) return [];
  const images =
    "values" in answer
      ? [answer]
      : [answer.amplitude, answer.phase].flatMap(({ previous, current, difference }) => [
          previous,
          current,
          difference,
        ]);
  return images.flatMap(({ values, light }) => [values.buffer, ...(light ? [light.buffer] : [])] as ArrayBuffer[]);
}
