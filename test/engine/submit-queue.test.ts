// Submits under way are bounded, and a queue that gives up is a typed error where it is awaited and silent elsewhere.
import { afterEach, beforeEach, expect, test } from "vitest";
import { SubmitQueue } from "../../src/engine/submit-queue.ts";
import { GpuError } from "../../src/errors.ts";
import type { StageRecorder } from "../../src/gpu/timing.ts";

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A device that only counts what is submitted; work is done when the test says so. */
function fakeQueue(minibatchesPerSubmit: number) {
  const waiting: Waiting[] = [];
  const submits: number[] = [];
  const device = {
    lost: new Promise(() => {}),
    addEventListener: () => {},
    createCommandEncoder: () => ({ finish: () => ({}) }),
    queue: {
      submit: (buffers: unknown[]) => submits.push(buffers.length),
      onSubmittedWorkDone: () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject })),
    },
  } as unknown as GPUDevice;
  const record = () => ({ end: () => {} }) as unknown as StageRecorder;
  return { queue: new SubmitQueue(device, record, minibatchesPerSubmit), waiting, submits };
}

const unhandled: unknown[] = [];
const keep = (error: unknown) => void unhandled.push(error);
let others: NodeJS.UnhandledRejectionListener[];
beforeEach(() => {
  unhandled.length = 0;
  others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", keep);
});
afterEach(() => {
  process.removeAllListeners("unhandledRejection");
  for (const listener of others) process.on("unhandledRejection", listener);
});

async function runMinibatch(queue: SubmitQueue): Promise<void> {
  queue.open();
  await queue.minibatchDone();
}

test("at most two submits are under way, the third waits for the first", async () => {
  const { queue, waiting, submits } = fakeQueue(2);
  // the first one goes alone, so that the device has something to do
  await runMinibatch(queue);
  expect(submits).toEqual([1]);
  for (let minibatch = 0; minibatch < 2; minibatch++) await runMinibatch(queue);
  expect(submits).toEqual([1, 1]);
  await runMinibatch(queue);
  let third = false;
  const done = runMinibatch(queue).then(() => {
    third = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(third).toBe(false);
  waiting[0]!.resolve();
  await done;
  expect(submits).toEqual([1, 1, 1]);
});

test("work that the device gives up is a GpuError where it is awaited", async () => {
  const { queue, waiting } = fakeQueue(1);
  await runMinibatch(queue);
  await runMinibatch(queue);
  const third = runMinibatch(queue);
  waiting[0]!.reject(new Error("onSubmittedWorkDone failed"));
  const error = await third.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(GpuError);
  expect(error).toMatchObject({ code: "GPU_LOST", exitCode: 75, details: { got: "onSubmittedWorkDone failed" } });
});

test("work that nobody waits for any more fails without a word", async () => {
  const { queue, waiting } = fakeQueue(1);
  await runMinibatch(queue);
  await runMinibatch(queue);
  for (const { reject } of waiting) reject(new Error("gone"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(unhandled).toEqual([]);
});
