// What a refusal for missing members suggests: ones for the object, a new name for what has the fitting shape.
import { expect, it } from "vitest";
import { npyNumbers, npyPickled } from "../support/npz-builder.ts";
import { type Members, readScan, scanFile, scanMembers } from "../support/scan-files.ts";

const plain = scanMembers();
const messageOf = (members: Members) =>
  readScan(scanFile(members)).then(
    () => "accepted",
    (error: Error) => error.message,
  );
/** The plain scan with members under other names, or gone. */
const renamed = (names: Record<string, string | null>, extra: Members = {}): Members => ({
  ...Object.fromEntries(
    Object.entries(plain).flatMap(([name, content]) => {
      const given = names[name];
      return given === null ? [] : [[given ?? name, content]];
    }),
  ),
  ...extra,
});

it("objectGuess alone: ones will do", async () => {
  const message = await messageOf(renamed({ objectGuess: null }));
  expect(message).toMatch(/^scan\.npz: objectGuess: Missing required NPZ keys \(DATA-001\): \['objectGuess'\]/);
  expect(message).toContain("np.ones((rows, columns), np.complex64)");
  expect(message).toContain("--initial-object file only");
  expect(message).not.toContain("diff3d");
});

it("patterns under another name", async () => {
  const message = await messageOf(renamed({ diffraction: "frames" }));
  expect(message).toContain("frames (12, 16, 16) may be the patterns: save it as diffraction");
  expect(message).not.toContain("np.ones");
});

it("positions as pairs, either way round", async () => {
  const pairs = (shape: number[]) => ({ positions: npyNumbers("<f8", shape, new Float64Array(24).fill(3)) });
  const message = await messageOf(renamed({ xcoords: null, ycoords: null }, pairs([12, 2])));
  expect(message).toContain("positions (12, 2) may be the positions");
  expect(message).toContain("ycoords=positions[:, 0], xcoords=positions[:, 1]");
  expect(await messageOf(renamed({ xcoords: null, ycoords: null }, pairs([2, 12])))).toContain(
    "ycoords=positions[0], xcoords=positions[1]",
  );
});

it("coordinates and probe under other names", async () => {
  const message = await messageOf(renamed({ xcoords: "px", ycoords: "py", probeGuess: "illumination" }));
  expect(message).toContain("px (12) and py (12) may be xcoords and ycoords");
  expect(message).toContain("illumination (16, 16) may be the probe: save it as probeGuess");
});

it("members that fit nothing, or cannot be read, are not suggested", async () => {
  const odd = { text: npyPickled(), weights: npyNumbers("<i4", [12], new Array(12).fill(1)), junk: new Uint8Array(9) };
  expect(await messageOf(renamed({ xcoords: null }, odd))).toMatch(/ Add the missing array \[DATA_MISSING_KEY\]$/);
});
