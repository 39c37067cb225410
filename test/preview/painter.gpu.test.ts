// Pictures painted on the device against colours worked out here: every map, range, zoom, mode, values that are no numbers.
import { beforeAll, describe, expect, test } from "vitest";
import { watchDevice } from "../../src/gpu/device.ts";
import { mapBuffer } from "../../src/gpu/readback.ts";
import { colourAt, cyclicMap, greyMap, risingMap } from "../../src/pictures/colour-maps.ts";
import { PreviewPainter } from "../../src/preview/painter.ts";
import { DEFAULT_LOOK, type PreviewImage, type PreviewLook } from "../../src/preview/preview-image.ts";
import { testDevice } from "../support/gpu.ts";

const [heightPx, widthPx, planes] = [24, 20, 2];
let device: GPUDevice;
let painter: PreviewPainter;
let image: PreviewImage;

/** Modulus and phase of pixel y, x. */
const modulusAt = (y: number, x: number, plane = 0) => (plane === 0 ? 1 + y / 10 : 3 - x / 10);
const phaseAt = (y: number, x: number, plane = 0) => (plane === 0 ? 0.3 + (x - 9.5) / 20 : (6 * (y - 11.5)) / 24);

function makeImage(spoil: (data: Float32Array) => void = () => {}): GPUBuffer {
  const data = new Float32Array(2 * planes * heightPx * widthPx);
  for (let plane = 0; plane < planes; plane++)
    for (let y = 0; y < heightPx; y++)
      for (let x = 0; x < widthPx; x++) {
        const at = 2 * ((plane * heightPx + y) * widthPx + x);
        data[at] = modulusAt(y, x, plane) * Math.cos(phaseAt(y, x, plane));
        data[at + 1] = modulusAt(y, x, plane) * Math.sin(phaseAt(y, x, plane));
      }
  spoil(data);
  const buffer = device.createBuffer({ label: "image", size: data.byteLength, usage: 0x80 | 0x8 });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}

beforeAll(async () => {
  device = await testDevice();
  painter = await PreviewPainter.create(device, "rgba8unorm");
  image = { buffer: makeImage(), plane: 0, heightPx, widthPx, box: { top: 0, left: 0, heightPx, widthPx } };
});

async function paint(
  look: Partial<PreviewLook>,
  [height, width]: readonly [number, number] = [heightPx, widthPx],
  of = image,
) {
  const texture = device.createTexture({ size: [width, height], format: "rgba8unorm", usage: 0x10 | 0x1 });
  const range = await painter.paint(() => texture, of, { ...DEFAULT_LOOK, ...look });
  const rowBytes = 256 * Math.ceil((4 * width) / 256);
  const staging = device.createBuffer({ size: rowBytes * height, usage: 0x1 | 0x8 });
  const encoder = device.createCommandEncoder();
  encoder.copyTextureToBuffer({ texture }, { buffer: staging, bytesPerRow: rowBytes }, [width, height]);
  device.queue.submit([encoder.finish()]);
  const bytes = new Uint8Array(await mapBuffer(watchDevice(device), staging));
  staging.destroy();
  texture.destroy();
  const at = (y: number, x: number) => Array.from(bytes.subarray(y * rowBytes + 4 * x, y * rowBytes + 4 * x + 4));
  return { range, at };
}

/** A colour may be the neighbouring entry of the map: float32 here, float64 there. */
function expectColour(actual: number[], expected: readonly number[], where: string): void {
  for (const [part, value] of expected.entries())
    expect(Math.abs(actual[part]! - value), `${where}: ${actual} for ${expected}`).toBeLessThanOrEqual(6);
  expect(actual[3], where).toBe(255);
}

const everyPixel = (check: (y: number, x: number) => void) => {
  for (let y = 0; y < heightPx; y++) for (let x = 0; x < widthPx; x++) check(y, x);
};

describe("one canvas pixel per image pixel", () => {
  test("amplitude in grey over a given range", async () => {
    const { at, range } = await paint({ kind: "amplitude", range: [1, 3] });
    expect(range).toMatchObject({ low: 1, high: 3, map: "grey" });
    everyPixel((y, x) => expectColour(at(y, x), colourAt(greyMap, (modulusAt(y, x) - 1) / 2), `${y}, ${x}`));
  });
  test("phase about the phase of the sum, stretched by percentile", async () => {
    const { at, range } = await paint({ kind: "phase", percentile: [0, 100] });
    expect(range.map).toBe("rising");
    expect(range.referenceRad).toBeCloseTo(0.3, 4);
    expect(range.low).toBeCloseTo(-9.5 / 20, 2);
    expect(range.high).toBeCloseTo(9.5 / 20, 2);
    everyPixel((y, x) => {
      const share = (phaseAt(y, x) - 0.3 - range.low) / (range.high - range.low);
      expectColour(at(y, x), colourAt(risingMap, share), `${y}, ${x}`);
    });
  });
  test("the second plane in cyclic colours", async () => {
    const { at, range } = await paint({ kind: "phase" }, undefined, { ...image, plane: 1 });
    expect(range).toMatchObject({ low: -Math.PI, high: Math.PI, map: "cyclic" });
    everyPixel((y, x) => {
      const turns = (phaseAt(y, x, 1) - range.referenceRad) / (2 * Math.PI);
      expectColour(at(y, x), colourAt(cyclicMap, turns - Math.floor(turns + 0.5) + 0.5), `${y}, ${x}`);
    });
  });
  test("hue by phase, brightness by amplitude", async () => {
    const { at, range } = await paint({ kind: "phase-and-amplitude", range: [0, 4] });
    expect(range.map).toBe("hue");
    everyPixel((y, x) => {
      const colour = colourAt(cyclicMap, (phaseAt(y, x) - range.referenceRad) / (2 * Math.PI) + 0.5);
      expectColour(
        at(y, x),
        colour.map((value) => (value * modulusAt(y, x)) / 4),
        `${y}, ${x}`,
      );
    });
  });
});

describe("places", () => {
  test("percentiles are those of the box alone", async () => {
    const box = { top: 4, left: 3, heightPx: 5, widthPx: 7 };
    const { range } = await paint({ kind: "amplitude", percentile: [0, 100] }, undefined, { ...image, box });
    expect(range.low).toBeCloseTo(1.4, 1);
    expect(range.high).toBeCloseTo(1.8, 1);
  });
  test("twice as large about a chosen middle, transparent beside the image", async () => {
    const size = [2 * heightPx, 2 * widthPx] as const;
    const { at } = await paint({ kind: "amplitude", range: [1, 4], centrePx: [0, 0] }, size);
    // the image's pixel 0 reaches half a pixel to both sides of the middle
    expect(at(heightPx - 2, widthPx)).toEqual([0, 0, 0, 0]);
    expect(at(heightPx, widthPx - 2)).toEqual([0, 0, 0, 0]);
    for (const [y, x] of [
      [0, 0],
      [3, 2],
      [9, 7],
    ] as const)
      expectColour(at(heightPx + 2 * y, widthPx + 2 * x), colourAt(greyMap, (modulusAt(y, x) - 1) / 3), `${y}, ${x}`);
  });
  test("zoom 1 fits the whole image, with room on the longer side of the canvas", async () => {
    const { at } = await paint({ kind: "amplitude", range: [1, 4] }, [heightPx, 3 * widthPx]);
    expect(at(5, widthPx - 1)).toEqual([0, 0, 0, 0]);
    expect(at(5, 2 * widthPx)).toEqual([0, 0, 0, 0]);
    expectColour(at(5, widthPx), colourAt(greyMap, (modulusAt(5, 0) - 1) / 3), "first column");
    expectColour(at(5, 2 * widthPx - 1), colourAt(greyMap, (modulusAt(5, 19) - 1) / 3), "last column");
  });
  test("smaller than the image: means of the pixels underneath", async () => {
    const { at } = await paint({ kind: "amplitude", range: [1, 4] }, [heightPx / 2, widthPx / 2]);
    const mean = (modulusAt(6, 4) + modulusAt(7, 4)) / 2;
    expectColour(at(3, 2), colourAt(greyMap, (mean - 1) / 3), "block");
  });
});

describe("values that are no numbers", () => {
  test("stand out and do not touch the range", async () => {
    const spoil = (data: Float32Array) => {
      data[2 * (3 * widthPx + 4)] = Number.NaN;
      data[2 * (5 * widthPx + 6) + 1] = Number.POSITIVE_INFINITY;
    };
    const spoiled = { ...image, buffer: makeImage(spoil) };
    const { at, range } = await paint({ kind: "amplitude", percentile: [0, 100] }, undefined, spoiled);
    expect(at(3, 4)).toEqual([255, 0, 255, 255]);
    expect(at(5, 6)).toEqual([255, 0, 255, 255]);
    expect(range.high).toBeCloseTo(modulusAt(heightPx - 1, 0), 3);
  });
  test("nothing but zeros", async () => {
    const dark = { ...image, buffer: makeImage((data) => data.fill(0)) };
    for (const kind of ["phase", "amplitude", "phase-and-amplitude"] as const) {
      const { range, at } = await paint({ kind }, undefined, dark);
      expect(range.high).toBeGreaterThan(range.low);
      expect(at(3, 3)[3]).toBe(255);
    }
  });
});
