// What the page's policy promises holds in its workers too; and a page that cannot start says what it needs.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createServer, preview } from "vite";
import { expect, test } from "vitest";
import { download, dropFile, findWorker, openPage, press, useDemo, waitForStage } from "../support/demo-page.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";

const configFile = join(import.meta.dirname, "../../demo/vite.config.ts");
const demo = useDemo();

test("no worker reaches another host, and the page goes on", { timeout: 200_000 }, async () => {
  const { page, requests, close } = await demo.open();
  await waitForStage(page, "ready");
  await dropFile(page, "small.npz", scanFile(scanMembers(scanNumbers(25))));
  await expect.poll(() => page.locator(".card").textContent()).toContain("25 of 16 × 16 pixels");
  await page.fill("#option-epochs", "2");
  await press(page, "Run");
  await waitForStage(page, "finished");
  await download(page, "reconstruction.png"); // starts the worker that draws
  const elsewhere = demo.url.replace("127.0.0.1", "localhost"); // is there, and another origin
  for (const name of ["reconstruction", "analysis"] as const) {
    const worker = await findWorker(page, name);
    const reach = (url: string) =>
      worker.evaluate((address) => fetch(address, { mode: "no-cors" }).then(() => "reached", String), url);
    expect(await reach(demo.url), name).toBe("reached");
    expect(await reach(elsewhere), name).toContain("TypeError");
    expect(await worker.evaluate(() => self.location.protocol), name).toBe("blob:");
  }
  expect(requests.filter((url) => !url.startsWith(demo.url))).toEqual([]);
  await press(page, "Run again");
  await waitForStage(page, "finished");
  await close();
});

test("what is bundled is handed on with its licence", () => {
  const text = readFileSync(join(demo.folder, "licences.txt"), "utf8");
  const scripts = readdirSync(join(demo.folder, "assets")).filter((name) => name.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(2);
  for (const name of ["ptycho-webgpu", "uplot", "zod", "fflate", "npyjs", "fast-png", "iobuffer"])
    expect(text).toMatch(new RegExp(`^${name}$`, "m"));
  expect(text.match(/Permission is hereby granted/g)!.length).toBeGreaterThanOrEqual(5);
});

test("the servers of Vite send the policy", async () => {
  const quiet = { configFile, logLevel: "warn" } as const;
  const served = await preview({ ...quiet, build: { outDir: demo.folder }, preview: { port: 0 } });
  const inWork = await createServer({ ...quiet, server: { port: 0, hmr: false } });
  await inWork.listen();
  for (const server of [served, inWork]) {
    const answer = await fetch(server.resolvedUrls!.local[0]!);
    expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'self'.*worker-src 'self' blob:/);
  }
  // what `npm run demo:web` serves starts under its policy too
  const { page, faults, close } = await openPage(demo.browser, inWork.resolvedUrls!.local[0]!);
  await waitForStage(page, "ready");
  expect(faults).toEqual([]);
  await close();
  await served.close();
  await inWork.close();
});

test("opened as a file, or with a script that does not come: what it needs, and the picture", async () => {
  for (const [url, cut] of [
    [pathToFileURL(join(demo.folder, "index.html")).href, false],
    [demo.url, true],
  ] as const) {
    const context = await demo.browser.newContext();
    const page = await context.newPage();
    if (cut) await context.route("**/index-*.js", (route) => route.abort());
    await page.goto(url);
    const content = page.locator("#content");
    await expect.poll(() => content.locator("h2").isVisible(), { timeout: 5000 }).toBe(true);
    expect(await content.textContent(), url).toContain("http://localhost");
    const picture = content.locator("img");
    expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth), url).toBeGreaterThan(100);
    await context.close();
  }
});

test("a worker's script that does not come: the page says so", async () => {
  const context = await demo.browser.newContext();
  const page = await context.newPage();
  await context.route(/worker[^/]*\.js$/, (route) => route.abort());
  await page.goto(demo.url);
  await expect.poll(() => page.locator(".unavailable h2").textContent()).toBe("The page did not start");
  expect(await page.locator(".sample img").isVisible()).toBe(true);
  await context.close();
});
