// Images on the page: one range for what is compared, nothing of an earlier run, scrolling past them, themes.
import { readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { download, dropFile, press, useDemo, waitForStage } from "../support/demo-page.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";

const demo = useDemo();

async function finishSmall(page: Page, count = 49): Promise<void> {
  await dropFile(page, "small.npz", scanFile(scanMembers(scanNumbers(count))));
  await expect.poll(() => page.locator(".card").textContent()).toContain(`${count} of 16 × 16 pixels`);
  await page.fill("#option-epochs", "4");
  await press(page, "Run");
  await waitForStage(page, "finished");
}

const figure = (page: Page, title: string) => page.locator("figure", { hasText: title }).first();
const barOf = async (page: Page, title: string) =>
  await figure(page, title).locator(".colour-bar span").allTextContents();

test("patterns share one range, and so do results that are compared", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await finishSmall(page);
  const patterns = async () => [await barOf(page, "Measured pattern"), await barOf(page, "Modelled pattern")];
  const [measured, modelled] = await patterns();
  expect(modelled).toEqual(measured);
  await figure(page, "Modelled pattern").locator("select").selectOption("10–90 %");
  const [after, afterModelled] = await patterns();
  expect(after).not.toEqual(measured);
  expect(afterModelled).toEqual(after);
  expect(await figure(page, "Measured pattern").locator("select").inputValue()).toBe("10–90 %");

  const buffer = Buffer.from(await download(page, /reconstruction\.npz/));
  await page.fill("#option-epochs", "8");
  await press(page, "Run again");
  await waitForStage(page, "finished"); // the click has left the earlier one
  await page.locator("#result-file").setInputFiles({ name: "earlier.npz", mimeType: "application/zip", buffer });
  await expect
    .poll(() => barOf(page, "Current − previous"), { timeout: 20_000 })
    .toContainEqual(expect.stringMatching(/ rad$/));
  expect((await barOf(page, "Previous"))[1]).toMatch(/ rad$/);
  expect(await barOf(page, "Current, laid on it")).toEqual(await barOf(page, "Previous"));
  await page.getByLabel("What is compared").selectOption("amplitude");
  await expect.poll(async () => (await barOf(page, "Current − previous"))[1]).not.toContain("rad");

  // another run: nothing of the comparison is left, nor comes back by its switch
  await press(page, "Run again");
  await waitForStage(page, "finished"); // the click has left the earlier one
  expect(await page.locator(".compare dl").count()).toBe(0);
  await page.evaluate(() => {
    const part = document.querySelector<HTMLSelectElement>("[aria-label='What is compared']")!;
    part.dispatchEvent(new Event("change"));
  });
  expect(await page.locator(".compare .grid").isVisible()).toBe(false);
  await close();
});

test("a new run shows nothing of the scan before", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await finishSmall(page, 49);
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    const observer = new MutationObserver((records) => {
      for (const { target } of records) seen.push((target as HTMLElement).hidden ? "hidden" : "shown");
    });
    for (const stage of Array.from(document.querySelectorAll(".views .stage")).slice(0, 3)) {
      observer.observe(stage.firstElementChild!, { attributes: true, attributeFilter: ["hidden"] });
    }
  });
  await finishSmall(page, 36);
  await expect.poll(() => page.evaluate("seen.length")).toBe(6);
  expect(await page.evaluate("seen")).toEqual([...Array(3).fill("hidden"), ...Array(3).fill("shown")]);
  await close();
});

test("the wheel and a finger scroll past images; who wants to zoom can", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open({ viewport: { width: 390, height: 844 }, hasTouch: true });
  await waitForStage(page, "ready");
  const stage = page.locator(".card .stage").first();
  await stage.scrollIntoViewIfNeeded();
  const box = (await stage.boundingBox())!;
  const touch = () => stage.evaluate((element) => getComputedStyle(element).touchAction);
  const scrolled = () => page.evaluate(() => scrollY);
  expect(await touch()).toBe("pan-y");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const before = await scrolled();
  await page.mouse.wheel(0, -200);
  await expect.poll(scrolled).toBeLessThan(before);
  expect(await touch(), "it zoomed").toBe("pan-y");
  await stage.scrollIntoViewIfNeeded();
  const there = await scrolled();
  const now = (await stage.boundingBox())!;
  await page.mouse.move(now.x + now.width / 2, now.y + now.height / 2);
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -200);
  await page.keyboard.up("Control");
  await expect.poll(touch).toBe("none");
  await stage.focus();
  await page.mouse.wheel(0, 100);
  await page.waitForTimeout(300);
  expect(await scrolled(), "zooming scrolls").toBe(there);
  await page.mouse.wheel(0, 2000);
  await expect.poll(touch).toBe("pan-y");
  // nothing is left to zoom: the wheel is the page's again
  await page.mouse.wheel(0, 300);
  await expect.poll(scrolled).toBeGreaterThan(there);
  await close();
});

test("a theme chosen while plots are hidden is theirs when they are seen", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open({ colorScheme: "light" });
  await waitForStage(page, "ready");
  await finishSmall(page);
  const brightest = () =>
    page.locator(".views .uplot canvas").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      let most = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) most = Math.max(most, data[i]!);
      return most;
    });
  const light = await brightest();
  await dropFile(page, "next.npz", scanFile(scanMembers(scanNumbers(36))));
  await expect.poll(() => page.locator(".views").isVisible()).toBe(false);
  await page.emulateMedia({ colorScheme: "dark" });
  await waitForStage(page, "ready");
  await press(page, "Run");
  await waitForStage(page, "finished");
  await expect.poll(brightest).toBeGreaterThan(225); // --text of the dark theme is #e8eaed
  expect(light).toBeLessThan(225);
  await close();
});

test("a long name does not push the page", async () => {
  const { page, close } = await demo.open({ viewport: { width: 390, height: 844 } });
  await waitForStage(page, "ready");
  await dropFile(page, `${"a".repeat(180)}.npz`, new Uint8Array(100));
  await expect.poll(() => page.locator(".notice h2").textContent()).toContain("cannot be used");
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await close();
});

test("numbers and pictures of a finished run agree", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await finishSmall(page);
  for (const [title, part] of [
    ["Object phase", null],
    ["Object amplitude", null],
    ["Probe", "amplitude"],
    ["Probe", "phase"],
  ] as const) {
    const view = figure(page, title);
    if (part) await page.getByLabel("What the probe image shows").selectOption(part);
    await view.getByRole("button", { name: "All", exact: true }).click();
    await page.waitForTimeout(2000); // the worker paints
    const arrived = page.waitForEvent("download");
    await view.getByRole("button", { name: "PNG" }).click();
    const png = readFileSync(await (await arrived).path()).toString("base64");
    const difference = await view
      .locator(".stage canvas")
      .first()
      .evaluate(async (canvas: HTMLCanvasElement, text) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
        const read = (source: CanvasImageSource, side: number) => {
          const context = new OffscreenCanvas(side, side).getContext("2d")!;
          context.drawImage(source, 0, 0);
          return context.getImageData(0, 0, side, side).data;
        };
        const [side, scale] = [canvas.width, canvas.width / Math.max(image.width, image.height)];
        const [live, own] = [read(canvas, side), read(image, side)];
        const [top, left] = [(side - scale * image.height) / 2, (side - scale * image.width) / 2];
        let sum = 0;
        for (let y = 0; y < image.height; y++) {
          for (let x = 0; x < image.width; x++) {
            const at = 4 * (Math.floor(top + scale * (y + 0.5)) * side + Math.floor(left + scale * (x + 0.5)));
            for (let colour = 0; colour < 3; colour++)
              sum += Math.abs(live[at + colour]! - own[4 * (y * side + x) + colour]!);
          }
        }
        return sum / (3 * image.width * image.height);
      }, png);
    expect(difference, `${title} ${part}, mean difference of 255`).toBeLessThan(3);
  }
  await close();
});
