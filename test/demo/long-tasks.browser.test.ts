// The page is never held up: no task of it takes longer than 100 ms, neither while running nor when a result is looked at.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { download, dropFile, useDemo, waitForStage } from "../support/demo-page.ts";
import { npyNumbers } from "../support/npz-builder.ts";
import { type Members, scanMembers, scanNumbers } from "../support/scan-files.ts";

const LONGEST_MS = 100;
/** Other programs on the machine hold up pages too: one undisturbed run in so many is asked for. */
const TRIES = 3;
const folder = mkdtempSync(join(tmpdir(), "ptycho-wide-"));
const demo = useDemo();

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function compress(members: Members): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(members).map(([name, bytes]) => [`${name}.npy`, bytes])));
}

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

test("a page that is held up is seen", async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  const tasks = await watchTasks(page, async () => {
    await page.evaluate(() => {
      setTimeout(() => {
        for (const begin = performance.now(); performance.now() - begin < 2 * 100; );
      });
    });
  });
  expect(tasks[0]!.duration).toBeGreaterThan(LONGEST_MS);
  await close();
});

test("patterns of 512 x 512 pixels are shown without a long task", { timeout: 400_000 }, async () => {
  const [count, side] = [9, 512];
  const values = (length: number) => Float32Array.from({ length }, (_, i) => 1 + Math.sin(12.9898 * i));
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  const steps = Array.from({ length: count }, (_, index) => 40 * index);
  const scan = compress({
    diffraction: npyNumbers("<f4", [count, side, side], values(count * side * side)),
    objectGuess: npyNumbers(
      "<c8",
      [1000, 1000],
      Float32Array.from({ length: 2e6 }, (_, i) => (i + 1) % 2),
    ),
    probeGuess: npyNumbers("<c8", [side, side], values(2 * side * side)),
    xcoords: npyNumbers("<f8", [count], steps),
    ycoords: npyNumbers("<f8", [count], steps),
  });
  await dropFile(page, "large.npz", scan);
  await expect.poll(() => page.locator(".card").textContent()).toContain(`${count} of 512 × 512 pixels`);
  await waitForStage(page, "ready");
  await expectNoLongTask(page, "patterns of 512 x 512 pixels", () => runOnce(page, 3));
  await close();
});

test("the built-in scan runs without a long task", { timeout: 400_000 }, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await expectNoLongTask(page, "built-in scan", () => runOnce(page, 5));
  await close();
});

test("a wide scan runs and is looked at without a long task", { timeout: 600_000 }, async () => {
  const count = 135;
  const numbers = scanNumbers(count);
  // speckle, so that there is something to compare
  const patterns = numbers.patterns.map((value, index) => value * (1.5 + Math.sin(12.9898 * index)));
  const members = scanMembers({ ...numbers, patterns });
  const side = 1200;
  const ones = Float32Array.from({ length: 2 * side * side }, (_, i) => (i + 1) % 2);
  members.objectGuess = npyNumbers("<c8", [side, side], ones);
  // corner to corner, each pattern overlapping the next
  const diagonal = Array.from({ length: count }, (_, index) => 10.25 + 8 * index);
  members.xcoords = npyNumbers("<f8", [count], diagonal);
  members.ycoords = npyNumbers("<f8", [count], diagonal);
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await dropFile(page, "wide.npz", compress(members));
  await expect
    .poll(() => page.locator(".card").textContent(), { timeout: 30_000 })
    .toContain(`${count} of 16 × 16 pixels`);
  await waitForStage(page, "ready");
  await expectNoLongTask(page, "wide scan", () => runOnce(page, 3));
  const npz = await download(page, /reconstruction\.npz/);
  expect(npz.length, "an object of 1100 x 1100 pixels").toBeGreaterThan(8 * 1100 * 1100);
  const path = join(folder, "wide.npz");
  writeFileSync(path, npz);
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
    await page.locator("#result-file").setInputFiles(path);
    await expect
      .poll(() => page.locator(".compare").getAttribute("aria-busy"), { timeout: 100_000, interval: 300 })
      .toBeNull();
    expect(await page.locator(".notice").textContent()).toBe("");
    expect(await page.locator(".compare dl").textContent()).toContain("RMS difference");
    await page.getByLabel("What is compared").selectOption("amplitude");
    await page.getByLabel("What is compared").selectOption("phase");
  });
  await close();
});
