// Every state of the page at three widths, light and dark: nothing sticks out, nothing is cut off. With
// PTYCHO_SCREENSHOTS=FOLDER the pictures are kept for looking at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { dropFile, openPage, press, useDemo, waitForEpoch, waitForStage } from "../support/demo-page.ts";
import { refusedFiles } from "../support/refused-files.ts";

const sizes = [
  [1280, 720],
  [768, 1024],
  [390, 844],
] as const;
const host = "pages.test";
const demo = useDemo();
let plain: Browser;

beforeAll(async () => {
  plain = await launchChromium({ webgpu: false, args: [`--host-resolver-rules=MAP ${host} 127.0.0.1`] });
});
afterAll(async () => {
  await plain?.close();
});

/** What reaches beyond the page or does not fit into its own box. */
async function findClipped(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const faults: string[] = [];
    if (document.documentElement.scrollWidth > width) faults.push(`page is ${document.documentElement.scrollWidth} px`);
    for (const element of Array.from(document.querySelectorAll<HTMLElement>("body *"))) {
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0 || element.closest(".scroll, .stage, .visually-hidden, .skip")) continue;
      const name = `${element.tagName} ${element.className} ${element.textContent?.slice(0, 40)}`;
      if (box.right > width + 1 || box.left < -1) faults.push(`outside: ${name}`);
      const cut = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible";
      if (cut && element.tagName !== "INPUT" && !element.closest(".u-wrap")) faults.push(`cut: ${name}`);
    }
    return faults;
  });
}

async function check(page: Page, state: string, width: number): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(300);
    expect(await findClipped(page), `${state}, ${width} px, ${colorScheme}`).toEqual([]);
    const folder = process.env.PTYCHO_SCREENSHOTS;
    if (!folder) continue;
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${state}-${width}-${colorScheme}.jpg`);
    // what sticks to the window's edge would lie across a picture of more than the window
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    const before = page.viewportSize()!;
    await page.setViewportSize({ width, height: Math.max(height, before.height) });
    await page.screenshot({ path, type: "jpeg", quality: 40 });
    await page.setViewportSize(before);
  }
}

test.each(sizes)("start, error, running, finished at %i x %i", { timeout: 400_000 }, async (width, height) => {
  const { page, faults, close } = await demo.open({ viewport: { width, height } });
  await waitForStage(page, "ready");
  await check(page, "start", width);
  await dropFile(page, "broken.npz", refusedFiles.find(({ what }) => what === "positions one short")!.file());
  await expect.poll(() => page.locator(".notice").isVisible()).toBe(true);
  await check(page, "error", width);
  // a picture to look at wants more of them than a test
  await page.fill("#option-epochs", process.env.PTYCHO_SCREENSHOTS ? "60" : "8");
  await press(page, "Run");
  await waitForEpoch(page, 2, 300_000);
  await press(page, "Pause");
  await page.waitForTimeout(2000);
  await check(page, "running", width);
  await press(page, "Resume");
  await waitForStage(page, "finished", 300_000);
  await check(page, "finished", width);
  expect(faults).toEqual([]);
  await close();
});

test.each(sizes)("no adapter at %i x %i", async (width, height) => {
  const { page, close } = await openPage(plain, demo.url, { viewport: { width, height } });
  await expect
    .poll(() => page.locator(".unavailable h2").textContent(), { timeout: 60_000 })
    .toBe("No usable graphics adapter");
  expect(
    await page
      .locator(".sample img")
      .evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth)),
  ).toBeGreaterThan(100);
  await check(page, "no-adapter", width);
  await close();
});

test("plain http elsewhere: the page says why it cannot", async () => {
  const { page, close } = await openPage(plain, `http://${host}:${demo.port}/`);
  expect(await page.locator(".unavailable").textContent()).toContain("https");
  expect(await page.locator(".unavailable h2").textContent()).toBe("This address cannot use WebGPU");
  await close();
});

test("a browser without WebGPU: which ones have it", async () => {
  const before = `Object.defineProperty(Navigator.prototype, "gpu", { value: undefined });`;
  const { page, close } = await openPage(plain, demo.url, { before });
  expect(await page.locator(".unavailable h2").textContent()).toBe("This browser has no WebGPU");
  await close();
});
