// What visitors do at awkward times: a file before there is an adapter, a run that is refused, a tab that is hidden.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { download, dropFile, press, runFact, useDemo, waitForEpoch, waitForStage } from "../support/demo-page.ts";
import { readArrays, type SeenArray, valuesOf } from "../support/result-files.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-stages-"));
const small = scanFile(scanMembers(scanNumbers(25)));
const demo = useDemo();

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function runSmall(page: Page, epochs: number): Promise<void> {
  await dropFile(page, "small.npz", small);
  await expect.poll(() => page.locator(".card").textContent()).toContain("25 of 16 × 16 pixels");
  await waitForStage(page, "ready");
  await page.fill("#option-epochs", String(epochs));
  await press(page, "Run");
}

async function saveResult(page: Page): Promise<(name: string) => SeenArray> {
  const path = join(folder, "reconstruction.npz");
  writeFileSync(path, await download(page, /reconstruction\.npz/));
  const arrays = readArrays(path);
  return (name) => arrays.get(name)!;
}

const objectOf = async (page: Page) => valuesOf((await saveResult(page))("reconstructed_object"));

const setHidden = (page: Page, hidden: boolean) =>
  page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);

test("a file dropped while the adapter opens is the one that is read", async () => {
  const { page, faults, close } = await demo.open({ slowWorkersMs: 1500 });
  expect(await page.evaluate(() => document.documentElement.dataset.stage)).toBeUndefined();
  await dropFile(page, "early.npz", small);
  expect(await page.locator(".drop").textContent()).toContain("Reading early.npz");
  await waitForStage(page, "ready");
  expect(await page.locator(".card").textContent()).toContain("early.npz");
  await page.waitForTimeout(1000);
  expect(await page.locator(".card").textContent(), "the built-in scan took its place").toContain("early.npz");
  expect(faults).toEqual([]);
  await close();
});

test("a run that is refused leaves the result before, its images too", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await runSmall(page, 4);
  await waitForStage(page, "finished");
  const before = await objectOf(page);
  await page.locator("summary", { hasText: "All other options" }).click();
  await page.fill("#option-canvas-shapePx", "100,000 px");
  await press(page, "Run again");
  await expect.poll(() => page.locator(".notice").textContent()).toContain("The run failed");
  expect(await page.locator(".notice").textContent()).toContain("100,000 px");
  expect(await page.locator(".result").isVisible()).toBe(true);
  expect(await page.locator(".views").isVisible()).toBe(true);
  expect(await page.locator(".compare").isVisible()).toBe(true);
  expect(await objectOf(page)).toEqual(before);
  await close();
});

test("dots lie on the positions", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await runSmall(page, 2);
  await waitForStage(page, "finished");
  const figure = page.locator(".views figure").first();
  await figure.getByRole("button", { name: "All", exact: true }).click();
  await figure.getByRole("button", { name: "Positions" }).click();
  await page.waitForTimeout(300);
  const middle = await figure
    .locator(".stage canvas")
    .last()
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let [sum, y, x] = [0, 0, 0];
      for (let i = 0; i < canvas.width * canvas.height; i++) {
        const weight = data[4 * i + 3]!;
        sum += weight;
        y += weight * (Math.floor(i / canvas.width) + 0.5);
        x += weight * ((i % canvas.width) + 0.5);
      }
      return [y / sum / canvas.height, x / sum / canvas.width];
    });
  const member = await saveResult(page);
  const positions = valuesOf(member("positions_px"));
  const shape = member("reconstructed_object").shape.slice(-2);
  const side = Math.max(...shape);
  for (const axis of [0, 1]) {
    const own = positions.filter((_, i) => i % 2 === axis);
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    const place = (mean + 0.5 - shape[axis]! / 2) / side + 0.5;
    expect(Math.abs(middle[axis]! - place) * side).toBeLessThan(0.2);
  }
  await close();
});

test("a hidden tab waits, seen again it goes on to the same bits; a pause by hand stays one", {
  timeout: 300_000,
}, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await runSmall(page, 120);
  await waitForStage(page, "finished");
  const undisturbed = await objectOf(page);
  await press(page, "Run again");
  await waitForEpoch(page, 1);
  await setHidden(page, true);
  await waitForStage(page, "paused");
  await page.waitForTimeout(500);
  const epoch = await runFact(page, "Epoch");
  await page.waitForTimeout(500);
  expect(await runFact(page, "Epoch")).toBe(epoch);
  await setHidden(page, false);
  await waitForStage(page, "finished");
  expect(await objectOf(page)).toEqual(undisturbed);

  // hidden, ended meanwhile, seen again; then a pause of the visitor
  await page.fill("#option-epochs", "1000000");
  await press(page, "Run again");
  await waitForEpoch(page, 1);
  await setHidden(page, true);
  await waitForStage(page, "paused");
  await press(page, "Stop");
  await waitForStage(page, "finished");
  await press(page, "Run again");
  await waitForEpoch(page, 1);
  await press(page, "Pause");
  await setHidden(page, false);
  await page.waitForTimeout(500);
  expect(await waitForStage(page, ["paused", "running"])).toBe("paused");
  await close();
});
