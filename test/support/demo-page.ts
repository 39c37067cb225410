// The page of demo/ as a visitor gets it: built, served from this machine, opened, watched.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page, Worker } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll } from "vitest";
import { launchChromium } from "./chromium.ts";
import { type ServedFolder, serveFolder } from "./serve-folder.ts";

const root = join(import.meta.dirname, "../..");

/** Builds the page into a folder of its own and serves it on a free port of localhost. */
async function serveDemo(): Promise<ServedFolder & { readonly folder: string }> {
  execFileSync(process.execPath, [join(root, "scripts/make-demo-scan.js")]);
  const folder = mkdtempSync(join(tmpdir(), "ptycho-page-"));
  const configFile = join(root, "demo/vite.config.ts");
  await build({ configFile, logLevel: "warn", build: { outDir: folder } });
  const served = await serveFolder(folder);
  return {
    ...served,
    folder,
    async close() {
      await served.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface OpenedPage {
  readonly page: Page;
  /** Addresses asked for, in order; what the page made itself left out. */
  readonly requests: string[];
  /** Errors on the console or thrown in the page. */
  readonly faults: string[];
  close(): Promise<void>;
}

type OpenOptions = BrowserContextOptions & { before?: string; slowWorkersMs?: number };

/** The served page and a browser with WebGPU for the tests of a file, there before the first and gone after the last. */
export function useDemo() {
  let served: Awaited<ReturnType<typeof serveDemo>>;
  let browser: Browser;
  beforeAll(async () => {
    served = await serveDemo();
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });
  return {
    get browser() {
      return browser;
    },
    get url() {
      return served.url;
    },
    get port() {
      return served.port;
    },
    get folder() {
      return served.folder;
    },
    open: async (options?: OpenOptions) => await openPage(browser, served.url, options),
  };
}

/**
 * Opens `url` in a fresh context; records requests, faults and long tasks (`longTasks`). `before`: a script to run first;
 * `slowWorkersMs`: how late the scripts of the workers arrive.
 */
export async function openPage(browser: Browser, url: string, options: OpenOptions = {}): Promise<OpenedPage> {
  const { before, slowWorkersMs, ...contextOptions } = options;
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...contextOptions });
  const page = await context.newPage();
  const requests: string[] = [];
  const faults: string[] = [];
  context.on("request", (request) => {
    // a blob is in the page already
    if (!request.url().startsWith("blob:")) requests.push(request.url());
  });
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.addInitScript(`
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { duration, startTime } of list.getEntries()) longTasks.push({ duration, startTime });
    }).observe({ type: "longtask", buffered: true });
    document.addEventListener("securitypolicyviolation", (event) => console.error("CSP " + event.violatedDirective + " " + event.blockedURI));
    ${before ?? ""}
  `);
  if (slowWorkersMs) {
    await context.route(/worker[^/]*\.js$/, async (route) => {
      await new Promise((resolve) => setTimeout(resolve, slowWorkersMs));
      await route.continue();
    });
  }
  await page.goto(url);
  return { page, requests, faults, close: () => context.close() };
}

/** Waits until the page is in one of these stages (demo/src/state.ts). */
export async function waitForStage(
  page: Page,
  stages: string | readonly string[],
  timeoutMs = 100_000,
): Promise<string> {
  const wanted = typeof stages === "string" ? [stages] : stages;
  await page.waitForFunction((names) => names.includes(document.documentElement.dataset.stage ?? ""), wanted, {
    timeout: timeoutMs,
  });
  return (await page.evaluate(() => document.documentElement.dataset.stage))!;
}

/** Drops a file on the page as a visitor would. */
export async function dropFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const text = Buffer.from(bytes).toString("base64");
  await page.evaluate(
    ([fileName, base64]) => {
      const content = Uint8Array.from(atob(base64!), (letter) => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], fileName!));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    },
    [name, text],
  );
}

/** Presses a button by its words. */
export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
}

/** Presses a button and takes the file that it gives. */
export async function download(page: Page, name: string | RegExp): Promise<Uint8Array> {
  const arrived = page.waitForEvent("download");
  await page.getByRole("button", { name }).first().click();
  return new Uint8Array(readFileSync(await (await arrived).path()));
}

/** The worker of this name, made by demo/src/workers.ts. */
export async function findWorker(page: Page, name: "reconstruction" | "analysis"): Promise<Worker> {
  for (const worker of page.workers()) if ((await worker.evaluate(() => self.name)) === name) return worker;
  throw new Error(`no worker ${name}`);
}

/** A fact of the run panel, e.g. "Epoch". */
export async function runFact(page: Page, term: string): Promise<string> {
  return (await page.locator(".run dl div", { hasText: term }).locator("dd").textContent()) ?? "";
}

/** Waits until so many epochs are done. */
export async function waitForEpoch(page: Page, epoch: number, timeoutMs = 100_000): Promise<void> {
  await page.waitForFunction(
    (least) => Number.parseInt(document.querySelector(".run dd")?.textContent ?? "", 10) >= least,
    epoch,
    { timeout: timeoutMs },
  );
}
