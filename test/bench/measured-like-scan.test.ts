// Files that bench:load reads: both storages hold the same scan, and the reader takes it.
import { expect, test } from "vitest";
import { makeScanFiles } from "../../bench/measured-like-scan.ts";
import { bytesAccess, openNpz, parseOptions, readDataset } from "../../src/index.ts";

const scan = { count: 70, size: 16 };

test.each(["float32", "uint16"] as const)("%s: deflated is smaller and holds the same patterns", async (sampleType) => {
  const { stored, deflated } = makeScanFiles({ ...scan, sampleType });
  expect(deflated.length).toBeLessThan(stored.length);
  const quantity = sampleType === "uint16" ? "intensity" : "amplitude";
  const read = async (bytes: Uint8Array) => {
    const { patterns } = await readDataset(bytesAccess(bytes, "scan.npz"), parseOptions({ data: { quantity } }).data);
    const all = new Uint8Array(patterns.count * patterns.patternBytes);
    await patterns.read(
      Array.from({ length: patterns.count }, (_, index) => index),
      all,
    );
    return { count: patterns.count, sampleType: patterns.sampleType, all };
  };
  const [one, other] = [await read(stored), await read(deflated)];
  expect(one).toMatchObject({ count: 70, sampleType });
  expect(other).toEqual(one);
  const patternBytes = one.all.length / 70;
  expect(one.all.subarray(0, 6 * patternBytes)).toEqual(one.all.subarray(64 * patternBytes));
  expect(one.all.subarray(0, patternBytes)).not.toEqual(one.all.subarray(patternBytes, 2 * patternBytes));
});

test("counts are whole numbers and amplitudes their roots", async () => {
  const first = async (sampleType: "float32" | "uint16") => {
    const npz = await openNpz(bytesAccess(makeScanFiles({ ...scan, sampleType }).stored, "scan.npz"));
    return Array.from((await npz.readNumeric("diffraction")).data, Number);
  };
  const [amplitudes, counts] = [await first("float32"), await first("uint16")];
  expect(Math.max(...counts)).toBeGreaterThan(10);
  for (const [index, count] of counts.entries()) expect(amplitudes[index]! ** 2).toBeCloseTo(count, 1);
});
