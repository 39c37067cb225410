// The packed package in headless Chromium with WebGPU on SwiftShader: from a Vite build with a worker, and from a plain page
// with an import map, which is the README's example as it stands. Both against Node on the same driver.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readDataset } from "../../src/data/contract.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { reconstruct } from "../../src/engine/reconstruct.ts";
import { openDevice } from "../../src/node/gpu-device.ts";
import { parseOptions } from "../../src/options.ts";
import { launchChromium } from "../support/chromium.ts";
import { createPackedProject, type PackedProject, repository } from "../support/packed-project.ts";
import { scanFile } from "../support/scan-files.ts";
import { type ServedFolder, serveFolder } from "../support/serve-folder.ts";

const scan = scanFile();
const options = { epochs: 5, batchSize: 5, canvas: { extraPx: 6 } };
let project: PackedProject;
let browser: Browser;
let expected: Float32Array;

beforeAll(async () => {
  project = await createPackedProject(["vite", "iobuffer"]);
  browser = await launchChromium();
  const { device } = await openDevice({ device: "software", driver: "swiftshader" });
  const parsed = parseOptions(options);
  const dataset = await readDataset(bytesAccess(scan, "scan.npz"), parsed.data);
  expected = (await reconstruct(device, dataset, parsed)).object.data;
}, 300_000);
afterAll(async () => {
  await browser?.close();
  project?.remove();
});

/** Relative distance of arrays in the sense of least squares. */
function distance(actual: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  let [difference, total] = [0, 0];
  for (const [index, value] of expected.entries()) {
    difference += (actual[index]! - value) ** 2;
    total += value ** 2;
  }
  return Math.sqrt(difference / total);
}

/** Opens a page; what it asks for and what goes wrong is kept. */
async function open(url: string): Promise<{ page: Page; faults: string[]; requests: string[] }> {
  const page = await browser.newPage();
  const faults: string[] = []; // errors on the console or thrown
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`${message.text()} ${message.location().url}`);
  });
  page.on("pageerror", (error) => void faults.push(String(error)));
  page.on("request", (request) => void requests.push(request.url()));
  await page.goto(url);
  return { page, faults, requests };
}

/** A function of the page, called with scan and options. */
const call = (name: string) =>
  `window.${name}(Uint8Array.from(${JSON.stringify(Array.from(scan))}), ${JSON.stringify(options)})`;

const VITE_PAGE = `<!doctype html><title>scan</title><link rel="icon" href="data:," /><script type="module" src="/main.js"></script>`;
const VITE_WORKER = `import { serveReconstructions } from "ptycho-webgpu/worker";
serveReconstructions(self);
`;
const VITE_MAIN = `import { blobAccess, openBrowserDevice, parseOptions, readDataset, reconstruct } from "ptycho-webgpu";

window.inPage = async (bytes, input) => {
  const { device } = await openBrowserDevice(navigator.gpu);
  const options = parseOptions(input);
  const dataset = await readDataset(blobAccess(new Blob([bytes]), "scan.npz"), options.data);
  const { object } = await reconstruct(device, dataset, options);
  return Array.from(object.data);
};

window.inWorker = (bytes, options) => new Promise((resolve, reject) => {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  document.body.append(canvas);
  const offscreen = canvas.transferControlToOffscreen();
  const seen = new Set();
  worker.onerror = (event) => reject(new Error(event.message));
  worker.onmessage = ({ data }) => {
    seen.add(data.type);
    if (data.type === "failed") reject(new Error(data.message));
    if (data.type === "dataset") worker.postMessage({ type: "start", id: 2, options });
    if (data.type === "finished") {
      setTimeout(() => resolve({ object: Array.from(data.result.object.data), seen: [...seen] }), 1000);
    }
  };
  worker.postMessage({ type: "attach-canvas", view: "object-amplitude", canvas: offscreen }, [offscreen]);
  worker.postMessage({ type: "inspect", id: 1, file: new Blob([bytes]), name: "scan.npz" });
});
window.ready = true;
`;

describe("a Vite build", () => {
  let served: ServedFolder;
  beforeAll(async () => {
    const folder = join(project.folder, "with-vite");
    mkdirSync(folder);
    writeFileSync(join(folder, "index.html"), VITE_PAGE);
    writeFileSync(join(folder, "main.js"), VITE_MAIN);
    writeFileSync(join(folder, "worker.js"), VITE_WORKER);
    const argv = [join(project.folder, "node_modules/vite/bin/vite.js"), "build", "--target", "es2023"];
    writeFileSync(join(folder, "vite.config.js"), `export default { worker: { format: "es" } };`);
    const built = await project.run(process.execPath, argv, folder);
    expect(built.code, built.text).toBe(0);
    served = await serveFolder(join(folder, "dist"));
  });
  afterAll(() => served?.close());

  test("reconstructs in the page as Node does", async () => {
    const { page, faults } = await open(`${served.url}index.html`);
    await page.waitForFunction("window.ready");
    const object = (await page.evaluate(call("inPage"))) as number[];
    expect(distance(object)).toBeLessThan(1e-5);
    expect(faults).toEqual([]);
    await page.close();
  });

  test("reconstructs in a worker and paints onto the page's canvas", async () => {
    const { page, faults } = await open(`${served.url}index.html`);
    await page.waitForFunction("window.ready");
    const { object, seen } = (await page.evaluate(call("inWorker"))) as { object: number[]; seen: string[] };
    expect(distance(object)).toBeLessThan(1e-5);
    expect(seen).toEqual(expect.arrayContaining(["dataset", "started", "progress", "ranges", "arrays", "finished"]));
    expect(faults).toEqual([]);
    const painted = await countPaintedPixels(page);
    expect(painted).toBeGreaterThan(500);
    await page.close();
  });
});

/** Pixels of the page's canvas that are neither transparent nor white, as a viewer sees them. */
async function countPaintedPixels(page: Page): Promise<number> {
  const png = await page.locator("canvas").screenshot();
  return await page.evaluate(async (base64) => {
    const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
    const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d")!;
    context.drawImage(picture, 0, 0);
    const { data } = context.getImageData(0, 0, picture.width, picture.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at]! < 250) count += 1;
    return count;
  }, png.toString("base64"));
}

describe("the README's example", () => {
  const text = readFileSync(join(repository, "README.md"), "utf8");
  const example = /## In the browser[\s\S]*?```html\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
  let served: ServedFolder;
  beforeAll(async () => {
    writeFileSync(join(project.folder, "example.html"), example);
    served = await serveFolder(project.folder);
  });
  afterAll(() => served?.close());

  test("has at most 30 lines", () => {
    expect(example).toContain("ptycho-webgpu");
    expect(example.trim().split("\n").length).toBeLessThanOrEqual(30);
  });

  test("works as pasted: a plain page, no bundler, a scan chosen by its visitor", async () => {
    const { page, faults, requests } = await open(`${served.url}example.html`);
    await page.locator("input[type=file]").setInputFiles({ name: "scan.npz", mimeType: "", buffer: Buffer.from(scan) });
    await page.waitForFunction(() => document.querySelector("img")?.naturalWidth, null, { timeout: 100_000 });
    expect(await page.locator("pre").textContent()).toMatch(/epoch 50: /);
    const size = await page.evaluate(
      `fetch(document.querySelector("a[download]").href).then((r) => r.arrayBuffer()).then((b) => b.byteLength)`,
    );
    expect(size).toBeGreaterThan(expected.byteLength);
    expect(faults.filter((fault) => !fault.includes("favicon"))).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(served.url) && !url.startsWith("blob:"))).toEqual([]);
    await page.close();
  });

  test("tells what is wrong with a file", async () => {
    const { page } = await open(`${served.url}example.html`);
    await page.locator("input[type=file]").setInputFiles({ name: "no.npz", mimeType: "", buffer: Buffer.from("no") });
    await page.waitForFunction(() => document.querySelector("pre")?.textContent);
    expect(await page.locator("pre").textContent()).toMatch(/no\.npz: .*\[ZIP_\w+\]/);
    await page.close();
  });

  test("reconstructs as Node does", async () => {
    const { page } = await open(`${served.url}example.html`);
    // as text: the test runner would rewrite import()
    const object = (await page.evaluate(`(async () => {
      const core = await import("ptycho-webgpu");
      const { device } = await core.openBrowserDevice(navigator.gpu);
      const options = core.parseOptions(${JSON.stringify(options)});
      const access = core.blobAccess(new Blob([Uint8Array.from(${JSON.stringify(Array.from(scan))})]), "scan.npz");
      const { object } = await core.reconstruct(device, await core.readDataset(access, options.data), options);
      return Array.from(object.data);
    })()`)) as number[];
    expect(distance(object)).toBeLessThan(1e-5);
    await page.close();
  });
});
