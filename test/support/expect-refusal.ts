// Asserts a refusal as people meet it: code, exit code, and a message that names what it must.

import { expect } from "vitest";
import { PtychoError } from "../../src/errors.ts";

/** Runs `attempt`, expects a PtychoError, and returns it for more questions. */
export async function expectRefusal(
  attempt: Promise<unknown> | (() => unknown),
  code: string,
  mentions: readonly (string | RegExp)[] = [],
  exitCode = 65,
): Promise<PtychoError> {
  let caught: unknown = null;
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    caught = error;
  }
  if (!(caught instanceof PtychoError)) {
    throw new Error(
      `expected ${code}, got ${caught === null ? "no refusal" : String((caught as Error).stack ?? caught)}`,
    );
  }
  expect(caught.code, caught.message).toBe(code);
  expect(caught.exitCode, caught.message).toBe(exitCode);
  for (const mention of mentions) expect(caught.message).toMatch(mention);
  return caught;
}
