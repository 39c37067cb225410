// Photon counts behind amplitudes: a look at the start of a file says what a run will find, and what a run does without them.
import { describe, expect, test } from "vitest";
import { peekCountScale } from "../../src/data/count-scale.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { planDataset } from "../../src/data/dataset-plan.ts";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { resolveIntensityScale } from "../../src/engine/intensity-scale.ts";
import { parseOptions } from "../../src/options.ts";
import { makeTinyScan, packPatterns } from "../engine/tiny-scan.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { npyNumbers } from "../support/npz-builder.ts";
import { readScan, scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";

const plain = scanNumbers();
const size = plain.patterns.length;
/** sqrt(0 ... 4) / 30, and the same blurred. */
const photons = Float32Array.from({ length: size }, (_, k) => Math.sqrt((k * 7) % 5) / 30);
const blurred = photons.map((value, k) => value + 0.001 * (k % 3));

describe("a look at the start of a file", () => {
  const stack = [plain.count, plain.heightPx, plain.widthPx];
  const kinds: [name: string, stack: (values: Float32Array) => Uint8Array, method: number][] = [
    ["float32, stored", (values) => npyNumbers("<f4", stack, values), 0],
    ["float32, deflated", (values) => npyNumbers("<f4", stack, values), 8],
    ["float64", (values) => npyNumbers("<f8", stack, Array.from(values)), 8],
    ["big-endian", (values) => npyNumbers(">f4", stack, values), 0],
  ];
  test.each(kinds)("%s: says what a run finds", async (_, pack, method) => {
    for (const [values, counts] of [
      [photons, 900],
      [blurred, null],
    ] as const) {
      const file = scanFile({ ...scanMembers(plain), diffraction: pack(values) }, { method });
      const { data } = parseOptions({});
      const npz = await openNpz(bytesAccess(file, "scan.npz"));
      const plan = await planDataset(npz, data, { quantity: null, axisOrder: null }, []);
      const seen = await peekCountScale(npz, plan, plain.count);
      const dataset = await readScan(file);
      const options = parseOptions({ intensityScale: "counts", photonsPerPattern: 50 });
      const { scale, notes } = await resolveIntensityScale(dataset, options);
      if (counts === null) {
        expect(seen).toBeNull();
        expect(notes[0]!.level).toBe("warning");
      } else {
        expect(seen).toBe(scale);
        expect(scale / counts).toBeCloseTo(1, 5);
        expect(notes[0]!.level).toBe("info");
      }
    }
  });
});

describe("photons of a run", () => {
  const scan = makeTinyScan();
  const patterns = packPatterns(
    scan.counts.map((pattern) => pattern.map((value, pixel) => value + 0.3 + 0.1 * Math.sin(pixel))),
    [16, 16],
  );
  const unseen: Dataset = { ...scan.dataset, patterns };

  test("that the values do not show are the given mean per pattern, with a note", async () => {
    const options = parseOptions({ intensityScale: "counts", photonsPerPattern: 1000 });
    const { scale, notes } = await resolveIntensityScale(unseen, options);
    const photonsOf = Array.from(unseen.totalIntensity, (total) => scale * total);
    expect(photonsOf.reduce((sum, value) => sum + value) / photonsOf.length).toBeCloseTo(1000, 9);
    expect(notes).toEqual([
      {
        level: "warning",
        code: "INTENSITY_SCALE",
        message: expect.stringMatching(/1000 photons per pattern on average/),
      },
    ]);
  });

  test("that the values show are taken from them, whatever is given", async () => {
    const options = parseOptions({ intensityScale: "counts", photonsPerPattern: 7 });
    const { scale, notes } = await resolveIntensityScale(scan.dataset, options);
    expect(scale).toBeCloseTo(1, 5);
    expect(notes[0]!.level).toBe("info");
  });

  test("that nothing tells are refused, naming both flags", async () => {
    const refused = resolveIntensityScale(unseen, parseOptions({ intensityScale: "counts" }));
    await expectRefusal(refused, "INTENSITY_SCALE", ["--intensity-scale", "--photons-per-pattern"]);
  });
});
