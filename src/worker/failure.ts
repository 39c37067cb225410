// Errors as messages: code, text and facts survive the way to the page, stacks and classes do not.

import { PtychoError } from "../errors.ts";
import type { FromWorker, RequestId } from "./messages.ts";

type Failed = Extract<FromWorker, { type: "failed" }>;

/** Codes after which nothing will work in this browser, or nobody knows what state we are in. */
const FINAL: readonly string[] = ["GPU_NONE", "GPU_MODULE", "INTERNAL"];

/** The message that tells of `error`. What is no PtychoError is a bug of ours: code INTERNAL. */
export function describeFailure(id: RequestId | null, error: unknown): Failed {
  if (!(error instanceof PtychoError)) {
    const memory = error instanceof RangeError && /allocation|array length|buffer/i.test(error.message);
    const message = error instanceof Error ? error.message : String(error);
    const code = memory ? "OUT_OF_MEMORY" : "INTERNAL";
    return { type: "failed", id, code, message: `${message} [${code}]`, details: {}, recoverable: memory };
  }
  const { code, message } = error;
  const { field, expected, got, remedy, source } = error.details;
  const known = Object.entries({ field, expected, got, remedy, source }).filter(([, value]) => value !== undefined);
  const details = Object.fromEntries(known) as Failed["details"];
  return { type: "failed", id, code, message, details, recoverable: !FINAL.includes(code) };
}
