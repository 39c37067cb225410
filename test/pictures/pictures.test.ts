import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { comparePhase } from "../../src/compare/compare-phase.ts";
import { complexZeros } from "../../src/complex.ts";
import { createBitmap, encodeBitmap } from "../../src/pictures/bitmap.ts";
import { type ColourMap, colourAt, cyclicMap, divergingMap, greyMap } from "../../src/pictures/colour-maps.ts";
import { drawText, fitText, measureText } from "../../src/pictures/font.ts";
import { createLossBlock } from "../../src/pictures/loss-plot.ts";
import { createPanelBlock, type Panel } from "../../src/pictures/panel.ts";
import { type PicturedResult, renderReconstruction } from "../../src/pictures/render-reconstruction.ts";
import { renderTruthComparison } from "../../src/pictures/render-truth-comparison.ts";
import { chooseScaleBar } from "../../src/pictures/scale-bar.ts";
import { renderSheet, TITLE_HEIGHT_PX } from "../../src/pictures/sheet.ts";

/** Pixel colours of a PNG, by column and row. */
function openPng(png: Uint8Array) {
  const { width, height, channels, depth, data } = decode(png);
  return {
    width,
    height,
    format: `${depth} bit, ${channels} channels`,
    at: (x: number, y: number) => Array.from(data.slice(3 * (y * width + x), 3 * (y * width + x) + 3)),
    data,
  };
}

/** A result on a 60 x 80 canvas: amplitude 1, but 2 in the top left quarter; phase 0.5, but 1.5 in the left half. */
function makeResult(modes = 1, slices = 1): PicturedResult {
  const object = complexZeros([slices, 60, 80]);
  for (let i = 0; i < 4800 * slices; i++) {
    const [y, x] = [Math.floor((i % 4800) / 80), i % 80];
    const amplitude = y < 30 && x < 40 ? 2 : 1;
    const phase = x < 40 ? 1.5 : 0.5;
    object.data[2 * i] = amplitude * Math.cos(phase);
    object.data[2 * i + 1] = amplitude * Math.sin(phase);
  }
  const probe = complexZeros([1, modes, 16, 16]);
  for (let mode = 0; mode < modes; mode++) {
    for (let i = 0; i < 256; i++) probe.data[2 * (256 * mode + i)] = i < 16 ? 1 / (mode + 1) : 0.001;
  }
  return {
    object,
    probe,
    positionsPx: Float64Array.of(10, 10, 49, 69),
    canvasOriginPx: [-3, 7],
    status: "complete",
    epochsCompleted: 2,
    loss: Float64Array.of(0.5, 0.25),
  };
}

describe("renderReconstruction", () => {
  const png = openPng(renderReconstruction(makeResult(), { view: "canvas" }));
  // Margin, one heading line and its gap, the panels' titles; 560 / 80 = 7 screen pixels each.
  const imageLeft = 16;
  const imageTop = 16 + 22 + 10 + TITLE_HEIGHT_PX;

  test("is an 8-bit RGB PNG of the size of its content", () => {
    expect(png.format).toBe("8 bit, 3 channels");
    const panelWidth = 7 * 80 + 8 + 12 + 6 + 47;
    expect(png.width).toBe(16 + panelWidth + 28 + panelWidth + 16);
    expect(png.height).toBeGreaterThan(imageTop + 7 * 60 + 320);
  });

  test("row 0 is at the top, column 0 at the left: amplitude in grey", () => {
    expect(png.at(imageLeft, imageTop)).toEqual([255, 255, 255]);
    expect(png.at(imageLeft + 7 * 80 - 1, imageTop)).toEqual([0, 0, 0]);
    expect(png.at(imageLeft, imageTop + 7 * 60 - 1)).toEqual([0, 0, 0]);
    expect(png.at(imageLeft + 7 * 40 - 1, imageTop + 7 * 30 - 1)).toEqual([255, 255, 255]);
    expect(png.at(imageLeft + 7 * 40, imageTop + 7 * 30 - 1)).toEqual([0, 0, 0]);
  });

  const phaseLeft = imageLeft + 7 * 80 + 8 + 12 + 6 + 47 + 28;
  /** The canvas with other phases. */
  const withPhases = (phaseAt: (y: number, x: number) => number) => {
    const result = makeResult();
    const { data } = result.object;
    for (let i = 0; i < 4800; i++) {
      const phase = phaseAt(Math.floor(i / 80), i % 80);
      data.set([Math.cos(phase), Math.sin(phase)], 2 * i);
    }
    return openPng(renderReconstruction(result, { view: "canvas" }));
  };

  test("phases of half a turn and more are in cyclic colours, mean of the scanned area removed", () => {
    // The scan, rows 10-49 and columns 10-69, has as many pixels of each: the sum is that of the three.
    const phases = [-1.1, 0.7, 2.5];
    const wide = withPhases((_, x) => phases[x % 3]!);
    const [re, im] = [Math.cos, Math.sin].map((part) => phases.reduce((sum, phase) => sum + part(phase), 0));
    const mean = Math.atan2(im!, re!);
    for (const [x, phase] of phases.entries()) {
      const expected = [...colourAt(cyclicMap, (phase - mean + Math.PI) / (2 * Math.PI))];
      expect(wide.at(phaseLeft + 7 * x, imageTop)).toEqual(expected);
    }
  });

  test("smaller phases take the rising half of the colours, over what the scanned area spans", () => {
    expect(png.at(phaseLeft, imageTop)).toEqual([...colourAt(cyclicMap, 0.75 - 1e-9)]);
    expect(png.at(phaseLeft + 7 * 80 - 1, imageTop + 7 * 60 - 1)).toEqual([...colourAt(cyclicMap, 0.25)]);
    const flat = withPhases(() => 1.5);
    expect(flat.at(phaseLeft, imageTop)).toEqual([...colourAt(cyclicMap, 0.5)]);
  });

  test("is cut to the scanned area and a quarter of the probe unless the canvas is asked for", () => {
    const cut = openPng(renderReconstruction(makeResult()));
    // 60 + 2 * 4 columns, 560 / 68 = 8 screen pixels each.
    expect(cut.width).toBe(2 * (16 + 8 * 68 + 73) + 28);
    expect(cut.at(16, imageTop)).toEqual([255, 255, 255]);
  });

  test("same result, same bytes", () => {
    expect(renderReconstruction(makeResult())).toEqual(renderReconstruction(makeResult()));
  });

  test("shows every mode and every slice", () => {
    const height = (modes: number, slices: number) => openPng(renderReconstruction(makeResult(modes, slices))).height;
    // 192 screen pixels per mode, two modes (four panels) in a row.
    const row = TITLE_HEIGHT_PX + 192 + 6 + 3 * 12 + 14;
    expect(height(5, 1) - height(3, 1)).toBe(row);
    expect(height(32, 1) - height(2, 1)).toBe(15 * row);
    expect(height(1, 2) - height(1, 1)).toBe(TITLE_HEIGHT_PX + 8 * 48 + 6 + 3 * 12 + 14);
  });

  test("draws what is not a number in grey and survives arrays without any number", () => {
    const result = makeResult();
    result.object.data.fill(Number.NaN, 0, 2);
    expect(openPng(renderReconstruction(result, { view: "canvas" })).at(imageLeft, imageTop)).toEqual([150, 150, 150]);
    result.object.data.fill(Number.NaN);
    result.probe.data.fill(0);
    expect(openPng(renderReconstruction(result)).at(imageLeft, imageTop)).toEqual([150, 150, 150]);
  });

  test("a probe mode without power is grey, its phase too", () => {
    const result = makeResult(2);
    result.probe.data.fill(1e-9, 2 * 256);
    const drawn = openPng(renderReconstruction(result, { view: "canvas" }));
    const top = imageTop + 7 * 60 + 6 + 3 * 12 + 14 + TITLE_HEIGHT_PX;
    const step = 192 + 8 + 12 + 6 + 47 + 28;
    const colours = [0, 1, 2, 3].map((panel) => drawn.at(16 + panel * step + 5, top + 5));
    expect(colours[0]).toEqual([255, 255, 255]);
    expect(colours[1]).toEqual([...colourAt(cyclicMap, 0.5)]);
    expect(colours.slice(2)).toEqual([
      [150, 150, 150],
      [150, 150, 150],
    ]);
  });

  test("the loss curve takes what room the last row leaves, or the width of the page", () => {
    const reds = (modes: number, probePx: number) => {
      const result = { ...makeResult(modes), probe: complexZeros([1, modes, probePx, probePx]) };
      result.probe.data.fill(1);
      const drawn = openPng(renderReconstruction(result, { view: "canvas" }));
      const columns = Array.from({ length: drawn.width }, (_, x) => x).filter((x) =>
        Array.from({ length: drawn.height }, (_, y) => drawn.at(x, y).join()).includes("178,24,60"),
      );
      return { width: drawn.width, first: columns[0]!, last: columns.at(-1)! };
    };
    // the frame hides the curve's first column
    const beside = reds(1, 320); // two panels of 393 px leave 447 of the page's 1294
    expect(beside.first).toBe(16 + 2 * (320 + 73 + 28) + 49);
    expect(beside.last - beside.first).toBe(239);
    const narrow = reds(1, 410); // two panels of 483 px leave 224 px beside the labels
    expect(narrow.last).toBe(narrow.width - 16);
    const below = reds(1, 450);
    expect(below.first).toBe(16 + 49);
    expect(below.last - below.first).toBe(639);
  });

  test("canvases beyond 1600 pixels are reduced by a whole factor", () => {
    const result = {
      ...makeResult(),
      object: complexZeros([1, 40, 3300]),
      positionsPx: Float64Array.of(1, 1, 30, 3000),
    };
    result.object.data.fill(1);
    const { width } = openPng(renderReconstruction(result, { view: "canvas" }));
    expect(width).toBe(2 * (16 + 1100 + 73) + 28);
  });

  test("a position range that leaves the canvas is cut, not followed", () => {
    const result = { ...makeResult(), positionsPx: Float64Array.of(-50, -50, 200, 200) };
    expect(openPng(renderReconstruction(result)).width).toBe(2 * (16 + 7 * 80 + 73) + 28);
  });
});

describe("renderTruthComparison", () => {
  test("draws truth, result and difference of the box", () => {
    const truth = complexZeros([40, 40]);
    for (let i = 0; i < 1600; i++) truth.data[2 * i] = i % 40 < 20 ? 1 : 0.5;
    const found = complexZeros([1, 50, 50]);
    for (let y = 0; y < 40; y++) {
      found.data.set(truth.data.subarray(80 * y, 80 * y + 80), 2 * ((y + 5) * 50 + 5));
    }
    const box = { top: 0, left: 10, heightPx: 20, widthPx: 20 };
    const canvasOriginPx = [-5, -5] as const;
    const comparison = comparePhase(found, canvasOriginPx, truth, box);
    const png = openPng(renderTruthComparison({ object: found, canvasOriginPx }, truth, comparison));
    // 400 / 20 = 20 screen pixels each; second row of panels holds the amplitudes.
    const panelWidth = 400 + 73 + 28;
    const top = 16 + 2 * TITLE_HEIGHT_PX + 400 + 6 + 2 * 12 + 14;
    expect(png.width).toBe(3 * panelWidth - 28 + 32);
    for (const left of [16, 16 + panelWidth]) {
      expect(png.at(left + 199, top)).toEqual([255, 255, 255]);
      expect(png.at(left + 200, top)).toEqual([0, 0, 0]);
    }
    expect(png.at(16 + 2 * panelWidth + 10, top + 10)).toEqual([...colourAt(divergingMap, 0.5)]);
  });
});

describe("panels", () => {
  const panel: Panel = {
    title: "",
    caption: [],
    heightPx: 2,
    widthPx: 3,
    values: Float64Array.of(0, 0.5, 1, -9, 9, Number.NaN),
    map: greyMap,
    range: [0, 1],
    ticks: [],
    magnification: 10,
    scaleBar: { lengthPx: 1.5, label: "" },
    outline: null,
  };
  const block = createPanelBlock(panel);
  const bitmap = createBitmap(block.widthPx, block.heightPx, [255, 0, 0]);
  block.draw(bitmap, 0, 0);
  const drawn = openPng(encodeBitmap(bitmap));

  test("clip to their range", () => {
    const middles = [0, 1].map((y) => [0, 1, 2].map((x) => drawn.at(10 * x + 5, TITLE_HEIGHT_PX + 10 * y + 5)[0]));
    expect(middles).toEqual([
      [0, 128, 255],
      [0, 255, 150],
    ]);
  });

  test("carry a colour bar with the largest value on top", () => {
    const bar = 30 + 8 + 6;
    expect(drawn.at(bar, TITLE_HEIGHT_PX + 1)[0]).toBeGreaterThan(230);
    expect(drawn.at(bar, TITLE_HEIGHT_PX + 18)[0]).toBeLessThan(25);
  });

  test("carry a scale bar of the right length", () => {
    const row = Array.from({ length: 30 }, (_, x) => drawn.at(x, TITLE_HEIGHT_PX + 20 + 6 + 3)[0] === 24);
    expect(row.lastIndexOf(true)).toBe(14);
    expect(row.slice(0, 15)).toEqual(Array.from({ length: 15 }, () => true));
  });
});

describe("chooseScaleBar", () => {
  test.each([
    [164, null, 50, "50 px"],
    [64, null, 20, "20 px"],
    [4, null, 1, "1 px"],
    [164, 8.3e-9, 200 / 8.3, "200 nm"],
    [300, 1e-8, 100, "1 µm"],
    [600, 1e-8, 200, "2 µm"],
    [100, 4e-12, 25, "100 pm"],
    [1000, 5e-6, 200, "1 mm"],
  ])("%d px of %s m", (widthPx, pixelSizeM, lengthPx, label) => {
    const bar = chooseScaleBar(widthPx, pixelSizeM)!;
    expect(bar.label).toBe(label);
    expect(bar.lengthPx).toBeCloseTo(lengthPx, 9);
  });

  test("is left out where nothing fits", () => {
    expect(chooseScaleBar(2, null)).toBeNull();
  });
});

describe("colour maps", () => {
  /** OKLab of an sRGB colour (B. Ottosson 2020), the inverse of what the maps are made with. */
  const okLab = (colour: readonly number[]) => {
    const [r, g, b] = colour.map((byte) => {
      const value = byte / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
    const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
    const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
    return [
      0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
      1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
      0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
    ] as const;
  };
  /** Perceived size of `steps` equal steps through a map. */
  const stepsThrough = (map: ColourMap, steps: number, closed: boolean) =>
    Array.from({ length: closed ? steps : steps - 1 }, (_, i) => {
      const p = okLab(colourAt(map, (i + 0.5) / steps));
      const q = okLab(colourAt(map, (((i + 1) % steps) + 0.5) / steps));
      return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
    });

  test.each([
    ["cyclic", cyclicMap, true],
    ["diverging", divergingMap, false],
  ] as const)("%s: equal steps look equally large, the seam included", (_, map, closed) => {
    const steps = stepsThrough(map, closed ? 32 : 33, closed);
    const mean = steps.reduce((sum, step) => sum + step) / steps.length;
    for (const step of steps) expect(Math.abs(step / mean - 1)).toBeLessThan(0.12);
  });

  test("cyclic: lightness rises from -pi/2 to pi/2, and no two phases share a colour", () => {
    const lightness = Array.from({ length: 17 }, (_, i) => okLab(colourAt(cyclicMap, 0.25 + i / 32))[0]);
    for (let i = 1; i < 17; i++) expect(lightness[i]!).toBeGreaterThan(lightness[i - 1]!);
    const colours = Array.from({ length: 512 }, (_, i) => colourAt(cyclicMap, (i + 0.5) / 512).join());
    expect(new Set(colours).size).toBeGreaterThan(500);
  });

  test("ends hold beyond the range", () => {
    expect(colourAt(greyMap, -3)).toEqual([0, 0, 0]);
    expect(colourAt(greyMap, 1)).toEqual([255, 255, 255]);
    expect(colourAt(greyMap, 7)).toEqual([255, 255, 255]);
  });
});

describe("text", () => {
  test("draws the dots of its letters", () => {
    const bitmap = createBitmap(20, 10, [255, 255, 255]);
    drawText(bitmap, 1, 1, "Lπ", 1, [0, 0, 0]);
    const picture = Array.from({ length: 9 }, (_, y) =>
      Array.from({ length: 13 }, (_, x) => (bitmap.data[3 * (y * 20 + x)] === 0 ? "#" : ".")).join(""),
    );
    expect(picture).toEqual([
      ".............",
      ".#...........",
      ".#...........",
      ".#.....#####.",
      ".#......#.#..",
      ".#......#.#..",
      ".#......#.#..",
      ".#####.#..##.",
      ".............",
    ]);
  });

  test("is measured and cut to fit", () => {
    expect(measureText("abc", 2)).toBe(34);
    expect(measureText("", 2)).toBe(0);
    expect(fitText("a long caption", 1, 1000)).toBe("a long caption");
    const cut = fitText("a long caption", 1, 50);
    expect(cut).toBe("a lon...");
    expect(measureText(cut, 1)).toBeLessThanOrEqual(50);
  });
});

describe("loss curve", () => {
  const renderLossCurve = (loss: Float64Array) => renderSheet([], [[createLossBlock(loss, 640, 360)]]);

  test("falls with the loss and leaves out what is not a positive number", () => {
    const png = openPng(renderLossCurve(Float64Array.of(1, 0.1, Number.NaN, 0, 0.01)));
    const rows = (x: number) =>
      Array.from({ length: png.height }, (_, y) => y).filter((y) => png.at(x, y).join() === "178,24,60");
    const left = 16 + 48;
    expect(rows(left + 2)[0]!).toBeLessThan(rows(left + 320)[0]!);
    expect(rows(left + 320)[0]!).toBeLessThan(rows(left + 636)[0]!);
    // A first epoch of another scale is left out: the curve begins at the top, one epoch further right.
    const rescaled = openPng(renderLossCurve(Float64Array.of(5000, 0.03, 0.01, 0.003, 0.001)));
    const columns = Array.from({ length: rescaled.width }, (_, x) => x).filter((x) =>
      Array.from({ length: 60 }, (_, y) => rescaled.at(x, 39 + y).join()).includes("178,24,60"),
    );
    expect(columns[0]).toBe(left + 160);
    expect(renderLossCurve(new Float64Array(0)).length).toBeGreaterThan(100);
    expect(renderLossCurve(Float64Array.of(0.3, 0.3)).length).toBeGreaterThan(100);
  });
});
