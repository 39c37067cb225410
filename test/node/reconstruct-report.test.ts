// The lines of a run for people: epochs counted from 1, in words that fit their number.
import { expect, test } from "vitest";
import type { ReconstructResult } from "../../src/engine/result.ts";
import { reportResult, reportStart } from "../../src/node/reconstruct-report.ts";
import { makeFinishedRun } from "../support/finished-run.ts";

function told(changes: Partial<ReconstructResult>, json = false): string {
  let text = "";
  const add = (line: string) => void (text += line);
  const io = { stdout: add, stderr: add, interactive: false };
  const result = { ...makeFinishedRun({ seed: 1 }).result, ...changes };
  reportResult({ json, quiet: false }, io, result, null, { reconstruct: 2 });
  return text;
}

test("the last loss is said to be from before the last updates", () => {
  const loss = Float64Array.of(0.5, 0.25);
  expect(told({ epochsCompleted: 2, loss })).toBe(
    "complete after 2 epochs in 2.0 s, final loss 0.250000 (before the last epoch's updates)\n",
  );
  expect(told({ epochsCompleted: 1, loss: loss.subarray(0, 1) })).toMatch(/^complete after 1 epoch in/);
});

test("people count epochs and minibatches from 1, JSON from 0", () => {
  const diagnosis = { epoch: 0, minibatch: 2, quantity: "object", likelyCause: "because" } as const;
  expect(told({ status: "diverged", diagnosis })).toContain("infinite in epoch 1, minibatch 3: because");
  expect(JSON.parse(told({ status: "diverged", diagnosis }, true)).diagnosis).toEqual(diagnosis);
});

test("a run that goes on", () => {
  let text = "";
  const io = { stdout: () => {}, stderr: (line: string) => void (text += line), interactive: false };
  reportStart({ json: false, quiet: false }, io, 1, []);
  reportStart({ json: false, quiet: false }, io, 2, []);
  expect(text).toBe("going on after 1 epoch\ngoing on after 2 epochs\n");
});
