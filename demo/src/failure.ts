// Refusals as they reach the page.

import type { Message } from "./protocol.ts";

/** What a failed message says. */
export type FailureFacts = Pick<Message<"failed">, "code" | "message" | "details" | "recoverable">;

/** A refusal of the worker, or the worker's end. */
export class WorkerFailure extends Error {
  readonly facts: FailureFacts;

  constructor(facts: FailureFacts) {
    super(facts.message);
    this.name = "WorkerFailure";
    this.facts = facts;
  }
}

/** Anything thrown, as facts to show. */
export function factsOf(error: unknown): FailureFacts {
  if (error instanceof WorkerFailure) return error.facts;
  const message = error instanceof Error ? error.message : String(error);
  return { code: "PAGE_ERROR", message, details: {}, recoverable: true };
}

/** A refusal that the page itself makes. */
export function refuse(code: string, message: string, details: FailureFacts["details"] = {}): WorkerFailure {
  return new WorkerFailure({ code, message, details, recoverable: true });
}

/** A file of results was given as a scan: it has a place of its own on the page. */
export function adviseOnFile(facts: FailureFacts): FailureFacts {
  if (!/\breconstructed_object\b/.test(`${facts.message} ${facts.details.got}`)) return facts;
  const remedy = "This is a result, no scan: run a scan first, then load it under “Compare”";
  return { ...facts, details: { ...facts.details, remedy } };
}
