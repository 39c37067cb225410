// Row C15 of the fault matrix (reliability.md section 8): a million frames.
import { expect, it } from "vitest";
import { npyNumbers } from "../support/npz-builder.ts";
import { ones, probeNumbers, readScan, scanFile } from "../support/scan-files.ts";

it("C15 a million frames are checked and read by index", async () => {
  const many = 1_000_000;
  const bytes = new Uint8Array(many * 64).fill(3);
  bytes[(many - 1) * 64 + 5] = 200;
  const raster = (value: (index: number) => number) => Float64Array.from({ length: many }, (_, index) => value(index));
  const members = {
    diffraction: npyNumbers("|u1", [0, 8, 8], []),
    objectGuess: npyNumbers("<c8", [16, 16], ones(256)),
    probeGuess: npyNumbers("<c8", [8, 8], probeNumbers(8, 8)),
    xcoords: npyNumbers(
      "<f8",
      [many],
      raster((index) => 2 * (index % 1000)),
    ),
    ycoords: npyNumbers(
      "<f8",
      [many],
      raster((index) => 2 * Math.floor(index / 1000)),
    ),
  };
  const empty = new TextDecoder("latin1")
    .decode(members.diffraction)
    .replace("(0, 8, 8), }      ", `(${many}, 8, 8), }`);
  const diffraction = new Uint8Array(empty.length + bytes.length);
  diffraction.set(Uint8Array.from(empty, (character) => character.charCodeAt(0)));
  diffraction.set(bytes, empty.length);
  const dataset = await readScan(scanFile({ ...members, diffraction }), { quantity: "intensity" });
  expect(dataset.patterns.count).toBe(many);
  expect(dataset.totalIntensity[many - 1]).toBe(63 * 3 + 200);
  const last = new Uint8Array(dataset.patterns.patternBytes);
  await dataset.patterns.read([many - 1], last);
  expect(new Uint16Array(last.buffer)[5]).toBe(200);
});
