// The page without a mouse: every control can be reached, and the focus stays where the next control is.
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { dropFile, useDemo, waitForEpoch, waitForStage } from "../support/demo-page.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";

const demo = useDemo();

/** Names of the controls in the order of the tab key; says so where nothing shows the focus. */
async function walkTabs(page: Page): Promise<string[]> {
  const names: string[] = [];
  for (let step = 0; step < 200; step++) {
    await page.keyboard.press("Tab");
    const name = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      if (element === document.body) return null; // past the last control
      const shown = element.classList.contains("visually-hidden"); // its label shows it
      const bare = getComputedStyle(element).outlineStyle === "none" && !shown;
      element.dataset.tabbed = "";
      const label = element.getAttribute("aria-label") ?? element.textContent?.trim();
      return `${element.id || label || element.tagName}${bare ? " WITHOUT OUTLINE" : ""}`;
    });
    if (name === null) break;
    names.push(name);
  }
  return names;
}

test("every control that can be used is reached with the tab key", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open();
  await waitForStage(page, "ready");
  await page.evaluate(() => {
    for (const details of Array.from(document.querySelectorAll("details"))) details.open = true;
  });
  const names = await walkTabs(page);
  for (const wanted of ["scan-file", "Built-in scan", "option-epochs", "Run"]) expect(names).toContain(wanted);
  expect(names.filter((name) => name.endsWith("WITHOUT OUTLINE"))).toEqual([]);
  const missed = await page.evaluate(() => {
    const kinds = "a[href], button, input, select, textarea, summary, [tabindex], [role=button]";
    return Array.from(document.querySelectorAll<HTMLElement>(kinds))
      .filter((element) => element.checkVisibility() && !element.matches(":disabled") && element.id !== "content")
      .filter((element) => !("tabbed" in element.dataset))
      .map((element) => element.outerHTML.slice(0, 120));
  });
  expect(missed).toEqual([]);
  await close();
});

test("run, pause, resume and stop with the keyboard alone", { timeout: 200_000 }, async () => {
  const { page, close } = await demo.open();
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await waitForStage(page, "ready");
  await dropFile(page, "small.npz", scanFile(scanMembers(scanNumbers(25))));
  await expect.poll(() => page.locator(".card").textContent()).toContain("25 of 16 × 16 pixels");
  await page.fill("#option-epochs", "1000000");
  await page.getByRole("button", { name: "Run", exact: true }).focus();
  await page.keyboard.press("Enter");
  await waitForStage(page, "running");
  expect(await focused()).toBe("Pause");
  await waitForEpoch(page, 1);
  await page.keyboard.press("Enter");
  await waitForStage(page, "paused");
  expect(await focused()).toBe("Resume");
  await page.keyboard.press("Enter");
  await waitForStage(page, "running");
  expect(await focused()).toBe("Pause");
  await page.keyboard.press("Tab");
  expect(await focused()).toBe("Stop");
  await page.keyboard.press("Enter");
  await waitForStage(page, "finished");
  expect(await focused()).toBe("Run again");
  await page.keyboard.press("Enter");
  await waitForStage(page, "running");
  await waitForEpoch(page, 1);
  // whoever goes elsewhere is not called back
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator(".views .stage").first().focus();
  await waitForStage(page, "finished");
  expect(await page.evaluate(() => document.activeElement?.className)).toContain("stage");
  await close();
});
