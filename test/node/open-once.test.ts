// A device is opened once, but a failure to open it is not kept: the next job of the same worker may find one.
import { expect, it } from "vitest";
import { openOnce } from "../../src/node/study/open-once.ts";

it("is opened once, by whoever asks first", async () => {
  let count = 0;
  const open = openOnce(async () => ++count);
  expect(await Promise.all([open(), open()])).toEqual([1, 1]);
  expect(await open()).toBe(1);
});

it("a failure reaches everybody who waits for it, and the next call tries again", async () => {
  let count = 0;
  const open = openOnce(async () => {
    if (++count < 3) throw new Error(`failure ${count}`);
    return count;
  });
  const both = await Promise.allSettled([open(), open()]);
  expect(both).toMatchObject([{ reason: { message: "failure 1" } }, { reason: { message: "failure 1" } }]);
  await expect(open()).rejects.toThrow("failure 2");
  expect(await open()).toBe(3);
  expect(await open()).toBe(3);
});
