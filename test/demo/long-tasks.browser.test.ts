// The page is never held up: no task of it takes longer than 100 ms, neither while running nor when a result is looked at.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { download, dropFile, openPage, serveDemo, waitForStage } from "../support/demo-page.ts";
import { npyNumbers } from "../support/npz-builder.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";
import type { ServedFolder } from "../support/serve-folder.ts";

const LONGEST_MS = 100;
/** Other programs on the machine hold up pages too: one undisturbed run in so many is asked for. */
const TRIES = 3;
let browser: Browser;
let demo: ServedFolder;

beforeAll(async () => {
  demo = await serveDemo();
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  await demo?.close();
});

type Task = { readonly duration: number; readonly startTime: number };

/** Tasks over 50 ms of what is done meanwhile, longest first. */
async function watchTasks(page: Page, act: () => Promise<void>): Promise<Task[]> {
  await page.evaluate("longTasks.length = 0");
  await act();
  await page.waitForTimeout(500);
  const tasks = (await page.evaluate("longTasks")) as Task[];
  return tasks.sort((a, b) => b.duration - a.duration);
}

async function expectNoLongTask(page: Page, what: string, act: () => Promise<void>): Promise<void> {
  const longest: number[] = [];
  for (let round = 0; round < TRIES; round++) {
    const tasks = await watchTasks(page, act);
    longest.push(tasks[0]?.duration ?? 0);
    console.log(`${what}: ${tasks.length} long tasks, longest ${longest.at(-1)} ms`);
    if (longest.at(-1)! <= LONGEST_MS) return;
  }
  expect(Math.min(...longest), `${what}: ${longest.join(", ")} ms`).toBeLessThanOrEqual(LONGEST_MS);
}

async function runOnce(page: Page, epochs: number): Promise<void> {
  await page.fill("#option-epochs", String(epochs));
  await page.locator(".run .primary").click();
  await waitForStage(page, "running");
  await waitForStage(page, "finished", 200_000);
}

test("the built-in scan runs without a long task", { timeout: 400_000 }, async () => {
  const { page, close } = await openPage(browser, demo.url);
  await waitForStage(page, "ready");
  await expectNoLongTask(page, "built-in scan", () => runOnce(page, 5));
  await close();
});

test("a wide scan runs and is looked at without a long task", { timeout: 600_000 }, async () => {
  const numbers = scanNumbers(100);
  const spread = (places: readonly number[]) => places.map((place) => 60 * place);
  const { objectGuess: _, ...members } = scanMembers(numbers);
  members.xcoords = npyNumbers("<f8", [100], spread(numbers.x));
  members.ycoords = npyNumbers("<f8", [100], spread(numbers.y));
  const { page, close } = await openPage(browser, demo.url);
  await waitForStage(page, "ready");
  await dropFile(page, "wide.npz", scanFile(members));
  await expect.poll(() => page.locator(".card").textContent()).toContain("100 of 16 × 16 pixels");
  await expectNoLongTask(page, "wide scan", () => runOnce(page, 3));
  const npz = Buffer.from(await download(page, /reconstruction\.npz/));
  expect(npz.length, "an object of 1600 x 1600 pixels").toBeGreaterThan(8 * 1600 * 1600);
  await expectNoLongTask(page, "ranges, positions, profiles, files", async () => {
    const figure = page.locator(".views figure").first();
    await figure.getByRole("button", { name: "Positions" }).click();
    for (const percentile of ["10–90 %", "0–100 %"]) {
      for (const select of await page.locator(".views .tools select").filter({ hasText: "10–90" }).all()) {
        await select.selectOption(percentile);
      }
    }
    await figure.getByRole("button", { name: "Profile" }).click();
    const box = (await figure.locator(".stage").boundingBox())!;
    await page.mouse.move(box.x + 10, box.y + 10);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 10, box.y + box.height / 2, { steps: 20 });
    await page.mouse.up();
    await figure.getByRole("button", { name: "Profile" }).click();
    await download(page, "PNG");
  });
  await expectNoLongTask(page, "comparison", async () => {
    await page.locator("#result-file").setInputFiles({ name: "wide.npz", mimeType: "application/zip", buffer: npz });
    await expect
      .poll(() => page.locator(".compare").getAttribute("aria-busy"), { timeout: 100_000, interval: 300 })
      .toBeNull();
    expect(await page.locator(".compare dl").textContent()).toContain("RMS difference");
    await page.getByLabel("What is compared").selectOption("amplitude");
    await page.getByLabel("What is compared").selectOption("phase");
  });
  await close();
});
