// What to do about members that a scan lacks: add them, or rename a member that has the fitting shape.

import { isComplex, isFloat, type NumericType } from "./npy-dtype.ts";
import type { NpzFile } from "./npz.ts";

interface UnusedMember {
  readonly name: string;
  readonly dtype: NumericType;
  readonly shape: readonly number[];
}

/** Files may hold thousands of members; the likely ones are among the first. */
const lookedAt = 64;

/** Remedy, in sentences, for the keys `missing`; `contractKeys` are those whose members are not up for renaming. */
export async function remedyForMissing(
  npz: NpzFile,
  missing: readonly string[],
  contractKeys: readonly string[],
): Promise<string> {
  const unused = await listUnused(npz, contractKeys);
  const patternsMissing = missing.includes("diffraction");
  const hints = [
    ...(patternsMissing ? patternHints(unused) : []),
    ...coordinateHints(unused, missing),
    ...(missing.includes("probeGuess") ? probeHints(unused) : []),
    ...(missing.includes("objectGuess") ? [objectHint] : []),
  ];
  const arrays = missing.length > 1 ? "arrays" : "array";
  const alias = patternsMissing ? "; diff3d is accepted for diffraction" : "";
  return [`Add the missing ${arrays}${alias}`, ...hints].join(". ");
}

const objectHint =
  "For objectGuess ones will do, at least as large as scan range + probe: np.ones((rows, columns), np.complex64); its values are used with --initial-object file only";

async function listUnused(npz: NpzFile, contractKeys: readonly string[]): Promise<UnusedMember[]> {
  const unused: UnusedMember[] = [];
  for (const name of npz.names.filter((candidate) => !contractKeys.includes(candidate)).slice(0, lookedAt)) {
    const header = await npz.peekHeader(name).catch(() => null); // nobody needs it, so it may be anything
    if (header?.type.kind === "numeric") unused.push({ name, dtype: header.type.name, shape: header.shape });
  }
  return unused;
}

function patternHints(unused: readonly UnusedMember[]): string[] {
  const found = unused.find(({ dtype, shape }) => shape.length === 3 && !isComplex(dtype) && Math.min(...shape) > 1);
  return found ? [`${describe(found)} may be the patterns: save it as diffraction`] : [];
}

function coordinateHints(unused: readonly UnusedMember[], missing: readonly string[]): string[] {
  const wanted = ["xcoords", "ycoords"].filter((key) => missing.includes(key));
  if (wanted.length === 0) return [];
  const pairs = unused.find(({ dtype, shape }) => shape.length === 2 && isFloat(dtype) && shape.includes(2));
  if (pairs) {
    const { name, shape } = pairs;
    const [first, second] = shape[1] === 2 ? [`${name}[:, 0]`, `${name}[:, 1]`] : [`${name}[0]`, `${name}[1]`];
    return [
      `${describe(pairs)} may be the positions: if it is (y, x) in pixels, save ycoords=${first}, xcoords=${second}`,
    ];
  }
  const vectors = unused.filter(({ dtype, shape }) => shape.length === 1 && isFloat(dtype) && shape[0]! > 1);
  if (vectors.length < wanted.length) return [];
  const shown = vectors.slice(0, wanted.length).map(describe).join(" and ");
  return [
    `${shown} may be ${wanted.join(" and ")}: save under the name${wanted.length > 1 ? "s" : ""} of the contract`,
  ];
}

/** The smallest complex image: larger ones are objects. */
function probeHints(unused: readonly UnusedMember[]): string[] {
  const area = ({ shape }: UnusedMember) => shape.at(-1)! * shape.at(-2)!;
  const images = unused.filter(({ dtype, shape }) => isComplex(dtype) && shape.length >= 2 && shape.length <= 4);
  const found = images.sort((a, b) => area(a) - area(b))[0];
  return found ? [`${describe(found)} may be the probe: save it as probeGuess`] : [];
}

function describe({ name, shape }: UnusedMember): string {
  return `${name} (${shape.join(", ")})`;
}
