import { describe, expect, test } from "vitest";
import { measureAsStudy } from "../../src/compare/align-study.ts";
import { COMPARE_DEFAULTS, compareObjects, type PairMetrics } from "../../src/compare/compare-objects.ts";
import type { ReconstructedObject, TrueObject } from "../../src/compare/region.ts";
import { shiftImage } from "../../src/compare/registration.ts";
import { type ComplexArray, complexZeros } from "../../src/complex.ts";
import { createGenerator } from "../../src/schedule/random.ts";
import { expectFigures } from "./expect-figures.ts";
import { expectedFigures, readComplexMember, readVector } from "./fixtures.ts";

const truthObject = await readComplexMember("objects.npz", "truth_object");
const canvas = await readComplexMember("objects.npz", "reconstructed_object");
const rows = await readVector("objects.npz", "ycoords");
const columns = await readVector("objects.npz", "xcoords");
const originPx = Array.from(await readVector("objects.npz", "canvas_origin_px")) as [number, number];
const positionsPx = Float64Array.from({ length: 2 * rows.length }, (_, i) => (i % 2 === 0 ? rows : columns)[i >> 1]!);
const truth: TrueObject = { object: truthObject, positionsPx };
const [truthHeight, truthWidth] = truthObject.shape as [number, number];

function result(object: ComplexArray, more: Partial<ReconstructedObject> = {}): ReconstructedObject {
  return { object, canvasOriginPx: originPx, usedPositionsPx: positionsPx, probe: null, ...more };
}

function change(object: ComplexArray, factorAt: (y: number, x: number) => [number, number]): ComplexArray {
  const width = object.shape[1]!;
  const data = new Float32Array(object.data.length);
  for (let i = 0; i < data.length / 2; i++) {
    const [re, im] = factorAt(Math.floor(i / width), i % width);
    data[2 * i] = object.data[2 * i]! * re - object.data[2 * i + 1]! * im;
    data[2 * i + 1] = object.data[2 * i]! * im + object.data[2 * i + 1]! * re;
  }
  return { shape: object.shape, data };
}

const gauge = (modulus: number, angleAt: (y: number, x: number) => number) => (y: number, x: number) =>
  [modulus * Math.cos(angleAt(y, x)), modulus * Math.sin(angleAt(y, x))] as [number, number];

/** Truth and some noise on a canvas whose pixel [0, 0] lies at (originY, originX); ones where there is no truth. */
function noisyCanvas(origin: readonly [number, number], shape: [number, number], source = truthObject): ComplexArray {
  const object = complexZeros(shape);
  for (let y = 0; y < shape[0]; y++) {
    for (let x = 0; x < shape[1]; x++) {
      const [dataY, dataX] = [y + origin[0], x + origin[1]];
      const i = 2 * (y * shape[1] + x);
      object.data[i] = 0.55;
      if (dataY < 0 || dataX < 0 || dataY >= truthHeight || dataX >= truthWidth) continue;
      object.data[i] = source.data[2 * (dataY * truthWidth + dataX)]!;
      object.data[i + 1] = source.data[2 * (dataY * truthWidth + dataX) + 1]!;
    }
  }
  return object;
}

/** The truth with smooth errors that stay the same wherever it is put. */
const erroneous = (() => {
  const generator = createGenerator(5, 911);
  const waves = Array.from({ length: 40 }, () => Array.from({ length: 4 }, () => generator.nextUnit()));
  return change(truthObject, (y, x) => {
    let [re, im] = [1, 0];
    for (const [a, b, c, d] of waves as [number, number, number, number][]) {
      const angle = 2 * Math.PI * (0.3 * (a - 0.5) * y + 0.3 * (b - 0.5) * x + c);
      re += 0.02 * Math.cos(angle);
      im += 0.02 * Math.sin(angle + d);
    }
    return [re, im];
  });
})();

/** The figures that must agree between gauges, flat. */
function listFigures({ amplitude, phase }: PairMetrics): number[] {
  return [amplitude, phase].flatMap((part) => [
    part.mae,
    part.mse,
    part.psnr! / 100,
    part.psnrLegacy255 / 100,
    part.ssim!,
    part.msSsim!,
    part.msSsimStandard!,
    // the rings beyond hold nothing of the truth, and rounding decides
    ...part.frc.correlation.subarray(0, 10),
    part.frc.halfBit.cyclesPerPx!,
  ]);
}

function expectSame(found: PairMetrics, reference: PairMetrics, within: number): void {
  const [a, b] = [listFigures(found), listFigures(reference)];
  expect(a.length).toBe(b.length);
  a.forEach((value, i) => {
    expect(Math.abs(value - b[i]!), `figure ${i}: ${value} for ${b[i]}`).toBeLessThan(within);
  });
}

const compareOne = (found: ReconstructedObject, options: Partial<typeof COMPARE_DEFAULTS> = {}, against = truth) =>
  compareObjects([found], against, { ...COMPARE_DEFAULTS, ...options }).results[0]!;

describe("against an independent computation", () => {
  test("by the recorded origin, without registration", () => {
    const { region, results } = compareObjects([result(canvas)], truth, { ...COMPARE_DEFAULTS, registerWithinPx: 0 });
    const { own } = expectedFigures;
    const [top, left, heightPx, widthPx] = own.box;
    expect(region).toEqual({
      box: { top, left, heightPx, widthPx },
      positionsFrom: "result",
      patterns: positionsPx.length / 2,
    });
    const { metrics, alignment } = results[0]!;
    expect(Math.abs(alignment!.removed.scale - own.scale)).toBeLessThan(1e-6);
    expect(Math.abs(alignment!.removed.rampRadPerPx[0] - own.ramp[0])).toBeLessThan(1e-7);
    expect(Math.abs(alignment!.removed.rampRadPerPx[1] - own.ramp[1])).toBeLessThan(1e-7);
    expectFigures(metrics!.amplitude, own.amplitude);
    expectFigures(metrics!.phase, own.phase);
  });

  test("the study's alignment and figures", () => {
    const { study } = expectedFigures;
    const found = measureAsStudy(canvas, truthObject, positionsPx, 1)!;
    expect(found.shapePx).toEqual(study.shape);
    expect(found.offsetPx[0]).toBeCloseTo(study.offset[0], 6);
    expect(found.offsetPx[1]).toBeCloseTo(study.offset[1], 6);
    expect(Math.abs(found.amplitudeFactor - study.amplitude_factor)).toBeLessThan(1e-6);
    for (const component of ["amplitude", "phase"] as const) {
      const [is, should] = [found[component], study[component]];
      expect(Math.abs(is.mae - should.mae), `${component} mae`).toBeLessThan(1e-6);
      expect(Math.abs(is.mse - should.mse), `${component} mse`).toBeLessThan(1e-6);
      expect(Math.abs(is.psnrLegacy255 - should.psnr_legacy_255)).toBeLessThan(1e-4);
      expect(Math.abs(is.ssim! - should.ssim), `${component} ssim`).toBeLessThan(1e-6);
      expect(Math.abs(is.msSsim! - should.ms_ssim), `${component} ms-ssim`).toBeLessThan(1e-6);
      expect(is.frc50).toBe(should.frc50);
    }
  });

  test("registration finds the shift that the fixture was made with", () => {
    const { alignment, metrics } = compareOne(result(canvas));
    expect(Math.abs(alignment!.offsetPx[0] + 0.44)).toBeLessThan(0.03);
    expect(Math.abs(alignment!.offsetPx[1] - 0.7)).toBeLessThan(0.03);
    expect(alignment!.atBound).toBe(false);
    expect(metrics!.phase.mae).toBeLessThan(0.6 * expectedFigures.own.phase.mae);
  });
});

describe("what no experiment knows changes nothing", () => {
  const place: [number, number] = [-12, -9];
  const shape: [number, number] = [114, 112];
  const base = noisyCanvas(place, shape, erroneous);
  const found = (object: ComplexArray, origin: readonly [number, number] = place) =>
    compareOne(result(object, { canvasOriginPx: origin }));
  const reference = found(base);

  test("the reference itself has errors to keep", () => {
    expect(reference.metrics!.phase.mae).toBeGreaterThan(0.02);
    expect(reference.metrics!.phase.msSsim!).toBeLessThan(0.995);
    expect(Math.max(...reference.alignment!.offsetPx.map(Math.abs))).toBeLessThan(0.05);
  });

  test.each([
    ["a global phase", gauge(1, () => 2.8)],
    ["a scale", gauge(3.7, () => 0)],
    ["a small scale", gauge(0.2, () => -3)],
    ["a ramp", gauge(1, (y, x) => 0.013 * y - 0.021 * x)],
    ["a ramp of many turns", gauge(1, (y, x) => 1.1 * y + 0.7 * x)],
  ] as const)("%s", (_, factor) => {
    expectSame(found(change(base, factor)).metrics!, reference.metrics!, 2e-3);
  });

  test.each([
    [3, -2],
    [-4, 4],
  ])("a shift by whole pixels (%d, %d), reported", (y, x) => {
    const shifted = found(base, [place[0] + y, place[1] + x]);
    expect(Math.abs(shifted.alignment!.offsetPx[0] - reference.alignment!.offsetPx[0] + y)).toBeLessThan(0.005);
    expect(Math.abs(shifted.alignment!.offsetPx[1] - reference.alignment!.offsetPx[1] + x)).toBeLessThan(0.005);
    expectSame(shifted.metrics!, reference.metrics!, 5e-3);
  });

  test("a shift by a fraction, reported", () => {
    const shifted = found(shiftImage(base, [0.37, -1.61]));
    expect(Math.abs(shifted.alignment!.offsetPx[0] - reference.alignment!.offsetPx[0] + 0.37)).toBeLessThan(0.005);
    expect(Math.abs(shifted.alignment!.offsetPx[1] - reference.alignment!.offsetPx[1] - 1.61)).toBeLessThan(0.005);
    expectSame(shifted.metrics!, reference.metrics!, 5e-3);
  });

  test("an origin between pixels is shifted away and is no offset", () => {
    const shifted = found(shiftImage(base, [0.37, -0.2]), [place[0] - 0.37, place[1] + 0.2]);
    expect(Math.abs(shifted.alignment!.offsetPx[0] - reference.alignment!.offsetPx[0])).toBeLessThan(0.005);
    expect(Math.abs(shifted.alignment!.offsetPx[1] - reference.alignment!.offsetPx[1])).toBeLessThan(0.005);
    expectSame(shifted.metrics!, reference.metrics!, 1e-2);
    const unregistered = compareOne(
      result(shiftImage(base, [0.37, -0.2]), { canvasOriginPx: [place[0] - 0.37, place[1] + 0.2] }),
      { registerWithinPx: 0 },
    );
    expectSame(
      unregistered.metrics!,
      compareOne(result(base, { canvasOriginPx: place }), { registerWithinPx: 0 }).metrics!,
      1e-2,
    );
  });

  test("what lies around the box does not leak into it when it is shifted", () => {
    const beside = shiftImage(base, [0.4, 0.4]);
    const bright = change(beside, (y) => [1 + Math.max(0, y + place[0] - 70) ** 2 / 20, 0]);
    const [one, other] = [found(bright).metrics!, found(beside).metrics!];
    for (const component of ["amplitude", "phase"] as const) {
      expect(Math.abs(one[component].mae - other[component].mae), component).toBeLessThan(2e-3);
      expect(Math.abs(one[component].ssim! - other[component].ssim!), component).toBeLessThan(5e-3);
    }
  });

  test("registration keeps to its bound and says so", () => {
    const { alignment } = compareOne(result(base, { canvasOriginPx: [place[0] + 3, place[1]] }), {
      registerWithinPx: 2,
    });
    expect(Math.abs(alignment!.offsetPx[0])).toBeLessThanOrEqual(2);
    expect(alignment!.atBound).toBe(true);
  });
});

describe("files that do not know their origin", () => {
  const mean = [0, 1].map((axis) => {
    const values = positionsPx.filter((_, i) => i % 2 === axis);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }) as [number, number];
  const shape: [number, number] = [114, 112];

  test.each([
    ["ptychi", 0],
    ["ptychi-before-2.1", 1],
  ] as const)("are placed by the rule %s", (canvasRule, more) => {
    // canvas row = data row - mean(y) + round(H / 2) [+ 1]: what lies there is the truth moved by a fraction.
    const rule = [mean[0] - 57 - more, mean[1] - 56 - more] as const;
    const whole: [number, number] = [Math.round(rule[0]), Math.round(rule[1])];
    const object = shiftImage(noisyCanvas(whole, shape, erroneous), [whole[0] - rule[0], whole[1] - rule[1]]);
    const found = compareOne(result(object, { canvasOriginPx: null, usedPositionsPx: null }), { canvasRule });
    expect(found.place.source).toBe("rule");
    expect(found.place.originPx[0]).toBeCloseTo(rule[0], 9);
    expect(found.place.originPx[1]).toBeCloseTo(rule[1], 9);
    expect(Math.max(...found.alignment!.offsetPx.map(Math.abs))).toBeLessThan(0.05);
  });

  test("are centred on the scan and registered", () => {
    const found = compareOne(result(noisyCanvas([-12, -10], shape), { canvasOriginPx: null, usedPositionsPx: null }));
    expect(found.place.source).toBe("centred");
    const lies = found.place.originPx.map((origin, axis) => origin + found.alignment!.offsetPx[axis]!);
    expect(Math.abs(lies[0]! + 12)).toBeLessThan(0.02);
    expect(Math.abs(lies[1]! + 10)).toBeLessThan(0.02);
    expect(found.metrics!.phase.mae).toBeLessThan(0.01);
  });

  test("without positions the shared part of the images is scored", () => {
    const object = noisyCanvas([0, 0], [truthHeight, truthWidth], erroneous);
    const { region, results } = compareObjects([result(object, { canvasOriginPx: null, usedPositionsPx: null })], {
      object: truthObject,
      positionsPx: null,
    });
    expect(region).toEqual({
      box: { top: 7, left: 7, heightPx: truthHeight - 14, widthPx: truthWidth - 14 },
      positionsFrom: "none",
      patterns: null,
    });
    expect(results[0]!.study).toBeNull();
    expect(results[0]!.metrics!.phase.ssim).toBeGreaterThan(0.5);
  });
});

describe("regions", () => {
  const object = noisyCanvas([-12, -9], [114, 112], erroneous);
  const found = result(object, { canvasOriginPx: [-12, -9] });
  const probe = complexZeros([1, 16, 16]);
  for (let i = 0; i < 256; i++) probe.data[2 * i] = (Math.floor(i / 16) - 8) ** 2 + ((i % 16) - 8) ** 2 < 36 ? 1 : 0;

  test("patterns used, not the scan file's, span the box", () => {
    const used = positionsPx.subarray(0, 20);
    const { region } = compareObjects([{ ...found, usedPositionsPx: used }], truth);
    const ys = used.filter((_, i) => i % 2 === 0);
    expect(region.patterns).toBe(10);
    expect(region.box.top).toBe(Math.ceil(Math.min(...ys)));
    expect(region.box.heightPx).toBe(Math.floor(Math.max(...ys)) - Math.ceil(Math.min(...ys)) + 1);
    const trimmed = compareObjects([{ ...found, usedPositionsPx: used }], truth, { ...COMPARE_DEFAULTS, trimPx: 3 });
    expect(trimmed.region.box.heightPx).toBe(region.box.heightPx - 6);
    const first = compareObjects([{ ...found, usedPositionsPx: null }], truth, {
      ...COMPARE_DEFAULTS,
      firstPatterns: 10,
    });
    expect(first.region).toEqual({ ...region, positionsFrom: "scan file" });
  });

  test("the illuminated pixels alone", () => {
    const few = positionsPx.subarray(0, 16);
    const lit = { ...found, usedPositionsPx: few, probe };
    const box = compareObjects([lit], truth);
    expect(box.illuminatedShare).toBeGreaterThan(0.1);
    expect(box.illuminatedShare).toBeLessThan(0.9);
    const masked = compareObjects([lit], truth, { ...COMPARE_DEFAULTS, region: "illuminated" });
    const [all, some] = [box.results[0]!.metrics!, masked.results[0]!.metrics!];
    expect(some.phase.mae).not.toBe(all.phase.mae);
    expect(some.phase.ssim).toBe(all.phase.ssim);
    expect(masked.pointRegion).toBe("illuminated");
    expect(() => compareObjects([found], truth, { ...COMPARE_DEFAULTS, region: "illuminated" })).toThrow(
      /COMPARE_MASK/,
    );
  });

  test("several results share one region and are set against each other", () => {
    const other = result(canvas, { usedPositionsPx: positionsPx.subarray(0, 60) });
    const compared = compareObjects([found, other], truth);
    expect(compared.results.map(({ refused }) => refused)).toEqual([null, null]);
    const ys = positionsPx.subarray(0, 60).filter((_, i) => i % 2 === 0);
    expect(compared.region.box.top).toBe(Math.ceil(Math.min(...ys)));
    const { between, results } = compared;
    expect(between!.phase.mae).toBeGreaterThan(0.01);
    expect(between!.phase.mae).toBeLessThan(results[0]!.metrics!.phase.mae + results[1]!.metrics!.phase.mae);
  });

  test("a truth elsewhere", () => {
    expect(() => compareObjects([result(object, { canvasOriginPx: [400, 400] })], truth)).toThrow(/COMPARE_REGION/);
  });
});

describe("degenerate images are not scored", () => {
  const good = noisyCanvas([-12, -9], [114, 112], erroneous);
  const ones = { shape: [114, 112], data: Float32Array.from({ length: 2 * 114 * 112 }, (_, i) => 1 - (i & 1)) };
  const at = (object: ComplexArray) => compareOne(result(object, { canvasOriginPx: [-12, -9] }));
  const spoil = (value: number) => {
    const data = good.data.slice();
    data[2 * (60 * 112 + 60)] = value;
    return { shape: good.shape, data };
  };

  test.each([
    ["NaN in the region", spoil(Number.NaN), "NOT_FINITE"],
    ["Inf in the region", spoil(Number.POSITIVE_INFINITY), "NOT_FINITE"],
    ["zeros", complexZeros([114, 112]), "FLAT"],
    ["ones", ones, "FLAT"],
    [
      "a ramp and nothing else",
      change(
        ones,
        gauge(1, (y, x) => 0.4 * y - 0.1 * x),
      ),
      "FLAT",
    ],
    ["a factor of 887", change(good, () => [1 / 887, 0]), "SCALE"],
    ["a factor of 0.05", change(good, () => [20, 0]), "SCALE"],
  ] as [string, ComplexArray, string][])("%s", (_, object, code) => {
    const { refused, metrics, study, alignment } = at(object);
    expect(refused!.code).toBe(code);
    expect(refused!.reason.length).toBeGreaterThan(10);
    expect([metrics, study, alignment]).toEqual([null, null, null]);
  });

  test("a wider scale bound lets it pass", () => {
    const small = result(
      change(good, () => [1 / 20, 0]),
      { canvasOriginPx: [-12, -9] },
    );
    expect(compareOne(small, { scaleBound: 30 }).refused).toBeNull();
  });

  test("light that moved from the object into the probe explains a scale", () => {
    const wave = (factor: number) => ({ shape: [4, 6], data: new Float32Array(48).fill(factor) });
    // unitary truth against plain transform: the root of 24 pixels, times 7 for the probe
    const probe = wave(7);
    const faint = {
      ...result(
        change(good, () => [1 / 34, 0]),
        { canvasOriginPx: [-12, -9] },
      ),
      probe,
    };
    const lit = { ...truth, probe: wave(1) };
    expect(compareObjects([faint], truth).results[0]!.refused!.reason).toMatch(/by 3\d\.\d+, not 0\.1 \.\.\. 10$/);
    expect(compareObjects([faint], lit).results[0]!.refused).toBeNull();
    const dark = { ...faint, probe: wave(0.01) };
    expect(compareObjects([dark], lit).results[0]!.refused!.reason).toContain("or 0.0049 ... 0.49");
  });

  test("a result beside a refused one is still scored", () => {
    const results = [spoil(Number.NaN), good].map((object) => result(object, { canvasOriginPx: [-12, -9] }));
    const compared = compareObjects(results, truth);
    expect(compared.results.map(({ refused }) => refused?.code ?? null)).toEqual(["NOT_FINITE", null]);
    expect(compared.between).toBeNull();
  });

  test("what lies outside of the region may be anything", () => {
    const data = good.data.slice();
    data[0] = Number.NaN;
    const { refused, study } = at({ shape: good.shape, data });
    expect(refused).toBeNull();
    expect(study).toBeNull();
  });

  test.each([
    ["flat", () => 1],
    ["not finite", (value: number, i: number) => (i === 2 * (40 * truthWidth + 40) ? Number.NaN : value)],
  ] as [string, (value: number, i: number) => number][])("a truth that is %s", (_, spoilTruth) => {
    const object = { shape: truthObject.shape, data: truthObject.data.map(spoilTruth) };
    expect(() => compareOne(result(good, { canvasOriginPx: [-12, -9] }), {}, { ...truth, object })).toThrow(
      /COMPARE_TRUTH/,
    );
  });
});
