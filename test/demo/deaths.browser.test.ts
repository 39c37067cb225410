// Workers that die for real: the page says so, keeps what was finished, reads the scan again and runs again.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { download, dropFile, findWorker, press, useDemo, waitForEpoch, waitForStage } from "../support/demo-page.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";

const demo = useDemo();

/** Ends a worker as a bug in it would. */
async function kill(page: Page, name: "reconstruction" | "analysis"): Promise<void> {
  const worker = await findWorker(page, name);
  await worker.evaluate(() => {
    setTimeout(() => {
      throw new Error("broken on purpose");
    });
  });
}

/** Pictures of the reconstruction that are in view and not empty. */
const countPictures = (page: Page) =>
  page.evaluate(
    () =>
      Array.from(document.querySelectorAll<HTMLElement>(".views .stage")).filter((stage) => {
        const still = Array.from(stage.querySelectorAll("canvas")).find(
          (canvas) => canvas.checkVisibility() && canvas !== stage.lastElementChild,
        );
        const pixels = document.createElement("canvas").getContext("2d")!;
        if (!still) return false;
        pixels.drawImage(still, 0, 0);
        return pixels.getImageData(0, 0, 300, 150).data.some((value) => value > 0);
      }).length,
  );

test("the worker that computes dies while running, and after a finished run", { timeout: 300_000 }, async () => {
  const { page, close } = await demo.open();
  const notice = page.locator(".notice");
  await waitForStage(page, "ready");
  await page.context().setOffline(true);
  await dropFile(page, "small.npz", scanFile(scanMembers(scanNumbers(25))));
  await expect.poll(() => page.locator(".card").textContent()).toContain("25 of 16 × 16 pixels");
  await page.fill("#option-epochs", "1000000");
  await press(page, "Run");
  await waitForEpoch(page, 1);
  // what was refused meanwhile is not what is read again
  await dropFile(page, "broken.npz", new Uint8Array(100));
  await expect.poll(() => notice.textContent()).toContain("broken.npz cannot be used");
  await kill(page, "reconstruction");
  await expect.poll(() => notice.textContent()).toContain("broken on purpose");
  await waitForStage(page, "ready");
  expect(await page.locator(".card").textContent()).toContain("small.npz");
  expect(await page.locator(".card").isVisible()).toBe(true);
  expect(await page.locator(".result").isVisible()).toBe(false);

  await page.fill("#option-epochs", "3");
  await press(page, "Run");
  await waitForStage(page, "finished");
  await expect.poll(() => countPictures(page)).toBe(5);
  expect(await notice.isVisible()).toBe(false);
  await kill(page, "reconstruction");
  await expect.poll(() => notice.textContent()).toContain("broken on purpose");
  await waitForStage(page, "ready");
  expect(await notice.isVisible()).toBe(true);
  expect(await page.locator(".result").isVisible()).toBe(true);
  expect((await download(page, /reconstruction\.npz/)).length).toBeGreaterThan(1000);
  // the page shows the numbers itself: they can be looked at in other ways
  await expect.poll(() => countPictures(page)).toBe(3); // the pattern belonged to the run
  await page.getByLabel("What the probe image shows").selectOption("phase");
  await expect.poll(() => page.locator(".views .colour-bar").nth(2).textContent()).toContain("3.14");
  expect((await download(page, "PNG")).length).toBeGreaterThan(100);

  await press(page, "Run");
  await waitForStage(page, "finished");
  await expect.poll(() => countPictures(page)).toBe(5);
  await close();
});

test("the worker that compares dies: the next comparison has another one", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await dropFile(page, "small.npz", scanFile(scanMembers(scanNumbers(49))));
  await expect.poll(() => page.locator(".card").textContent()).toContain("49 of 16 × 16 pixels");
  await page.fill("#option-epochs", "2");
  await press(page, "Run");
  await waitForStage(page, "finished");
  const buffer = Buffer.from(await download(page, /reconstruction\.npz/));
  await download(page, "reconstruction.png");
  await kill(page, "analysis");
  await expect.poll(() => page.workers().length).toBe(1);
  await page.locator("#result-file").setInputFiles({ name: "earlier.npz", mimeType: "application/zip", buffer });
  await expect.poll(() => page.locator(".compare dl").textContent(), { timeout: 60_000 }).toContain("earlier.npz");
  expect(await page.locator(".compare dl").textContent()).toContain("by the positions in both files");
  expect(await page.locator(".compare dl").textContent()).toContain("never below the threshold");
  await close();
});

test("no other worker can be started: the result stays, and the page says that nothing can be run", async () => {
  const before = `
    const Before = Worker;
    window.Worker = class extends Before {
      constructor(url, options) {
        const broken = URL.createObjectURL(new Blob(["throw new Error('cannot start')"], { type: "text/javascript" }));
        super(window.noMore && options.name === "reconstruction" ? broken : url, options);
      }
    };`;
  const { page, close } = await demo.open({ before });
  await waitForStage(page, "ready");
  await dropFile(page, "small.npz", scanFile(scanMembers(scanNumbers(25))));
  await expect.poll(() => page.locator(".card").textContent()).toContain("25 of 16 × 16 pixels");
  await page.fill("#option-epochs", "2");
  await press(page, "Run");
  await waitForStage(page, "finished");
  await page.evaluate("window.noMore = true");
  await kill(page, "reconstruction");
  await waitForStage(page, "unavailable");
  await expect.poll(() => page.locator(".notice").textContent()).toContain("cannot start");
  await expect.poll(() => countPictures(page)).toBe(3);
  expect((await download(page, /reconstruction\.npz/)).length).toBeGreaterThan(1000);
  expect(await page.getByRole("button", { name: "Run", exact: true }).isDisabled()).toBe(true);
  await close();
});
