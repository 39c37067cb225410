import { beforeAll, expect, test } from "vitest";
import { dropFile, type OpenedPage, press, useDemo, waitForStage } from "../support/demo-page.ts";
import { npyNumbers } from "../support/npz-builder.ts";
import type { RefusedFile } from "../support/refused-archives.ts";
import { refusedFiles, titleOf } from "../support/refused-files.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";

const demo = useDemo();
let opened: OpenedPage;

beforeAll(async () => {
  opened = await demo.open();
  await waitForStage(opened.page, "ready");
});

const hostile = [
  "A1 random bytes",
  "A2 half",
  "A7 100,000 members",
  "A8 overlapping members",
  "A13 ../x.npy",
  "A21 wrong bit, deflated",
  "B1 object array",
  "B4 4 GiB header",
  "B5 call expression",
  "C1 NaN",
  "C5 positions one short",
  "C15 one frame",
].map((title): [string, RefusedFile] => [title, refusedFiles.find((file) => titleOf(file) === title)!]);

test.each(hostile)("%s is refused in words, and the scan before stays", async (_, refused) => {
  const { page } = opened;
  const name = `${refused.row}.npz`;
  await dropFile(page, name, refused.file());
  const notice = page.locator(".notice");
  await expect.poll(() => notice.textContent()).toContain(refused.code);
  expect(await notice.textContent()).toContain(`${name} cannot be used`);
  expect(await notice.getAttribute("role")).toBe("alert");
  expect(await waitForStage(page, "ready")).toBe("ready");
  expect(await page.locator(".card").textContent()).toContain("built-in scan");
  await press(page, "Close");
  expect(await notice.isHidden()).toBe(true);
});

test("names in a file are text, whatever they look like", async () => {
  const { page } = opened;
  const name = "<img src=x onerror=document.title='owned'>";
  const members = { ...scanMembers(), [name]: npyNumbers("<f8", [2], [1, 2]) };
  await dropFile(page, `${name}.npz`, scanFile(members));
  await expect.poll(() => page.locator(".card").textContent()).toContain(name);
  expect(await page.locator("main img").count()).toBe(0);
  expect(await page.title()).toBe("Ptychography in the browser");
});

test("a good file is read and runs", { timeout: 200_000 }, async () => {
  const { page } = opened;
  await dropFile(page, "good.npz", scanFile(scanMembers(scanNumbers(25))));
  await expect.poll(() => page.locator(".card").textContent()).toContain("25 of 16 × 16 pixels");
  await page.fill("#option-epochs", "5");
  await press(page, "Run");
  await waitForStage(page, "finished", 150_000);
  expect(await page.locator(".result").textContent()).toContain("Finished");
});

test("a refused run leaves result and images as they were; a result given as a scan is told so", async () => {
  const { page } = opened;
  const bars = () => page.locator(".views .colour-bar").allTextContents();
  const before = await bars();
  await page.fill("#option-epochs", "0");
  await press(page, "Run again");
  await expect.poll(() => page.locator(".notice").textContent()).toContain("“Epochs”");
  expect(await bars()).toEqual(before);
  expect(await page.locator(".result").isVisible()).toBe(true);
  await page.fill("#option-epochs", "5");
  const complex = npyNumbers("<c8", [1, 4, 4], new Array(32).fill(1));
  await dropFile(page, "reconstruction.npz", scanFile({ reconstructed_object: complex }));
  await expect.poll(() => page.locator(".notice").textContent()).toContain("load it under “Compare”");
  await press(page, "Close");
});

test("what is no result is refused beside the result, which stays", async () => {
  const { page } = opened;
  const real = npyNumbers("<f4", [1, 4, 4], new Array(16).fill(1));
  for (const [file, code] of [
    [scanFile(), "RESULT_MISSING_KEY"],
    [scanFile({ reconstructed_object: real, reconstructed_probe: real }), "RESULT_DTYPE"],
    [new Uint8Array(50), "ZIP_NOT_ARCHIVE"],
  ] as const) {
    await page
      .locator("#result-file")
      .setInputFiles({ name: "earlier.npz", mimeType: "application/zip", buffer: Buffer.from(file) });
    await expect.poll(() => page.locator(".notice").textContent()).toContain(code);
    expect(await page.locator(".result").isVisible()).toBe(true);
    await press(page, "Close");
  }
});

test("a second file while a run is under way ends the run", { timeout: 200_000 }, async () => {
  const { page } = opened;
  await page.fill("#option-epochs", "1000000");
  await press(page, "Run");
  await page.waitForFunction(() => Number.parseInt(document.querySelector(".run dd")!.textContent!, 10) >= 1);
  await dropFile(page, "next.npz", scanFile(scanMembers(scanNumbers(36))));
  await expect.poll(() => page.locator(".card").textContent(), { timeout: 5000 }).toContain("36 of 16 × 16 pixels");
  expect(await waitForStage(page, "ready")).toBe("ready");
});

test("counts are asked about, and the answer is not meant for the next file", async () => {
  const { page } = opened;
  const status = page.locator(".run .status");
  const card = page.locator(".card");
  const counts = npyNumbers(
    "<u2",
    [12, 16, 16],
    Array.from({ length: 12 * 256 }, (_, k) => k % 100),
  );
  await dropFile(page, "counts.npz", scanFile({ ...scanMembers(), diffraction: counts }));
  await expect.poll(() => status.textContent()).toContain("Say what the values are");
  expect(await card.textContent()).not.toContain("read as intensity");
  await page.selectOption("#option-data-quantity", "intensity");
  await expect.poll(() => status.textContent()).toContain("Ready to run 12 patterns");
  expect(await card.textContent()).toContain("intensity (counts)");
  await page.fill("#option-data-firstPatterns", "7");
  await page.locator("#option-data-firstPatterns").blur();
  expect(await page.getByText("is of before this choice").isVisible()).toBe(true);
  await page.fill("#option-data-firstPatterns", "");
  await page.locator("#option-data-firstPatterns").blur();
  expect(await page.getByText("is of before this choice").isVisible()).toBe(false);
  await dropFile(page, "amplitudes.npz", scanFile());
  await expect.poll(() => card.textContent()).toContain("amplitudes.npz");
  expect(await card.textContent()).toContain("amplitude (square root of counts)");
});

test("a run that diverges says so", async () => {
  const { page } = opened;
  await page.fill("#option-probe-stepSize", "1e30");
  await page.fill("#option-object-stepSize", "1e30");
  await page.fill("#option-epochs", "20");
  await press(page, "Run");
  await waitForStage(page, "finished");
  expect(await page.locator(".run .status").textContent()).toContain("Diverged");
  expect(await page.locator(".result").textContent()).toContain("“Object step”");
});

test("nothing was reported on the console", () => {
  expect(opened.faults).toEqual([]);
});
