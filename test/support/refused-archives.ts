// Archives that have to be refused (reliability.md section 8, A), at least one for every row.

import { deflateRawSync } from "node:zlib";
import { type BuiltMember, buildZip, join, npyFile, npyNumbers } from "./npz-builder.ts";
import { bombMember, builtMembers, probeNumbers, scanFile } from "./scan-files.ts";

export interface RefusedFile {
  /** Row of the fault matrix, 7.3, 7.4, or a word for what is in none. */
  readonly row: string;
  readonly what: string;
  file(): Uint8Array;
  readonly code: string;
  /** What the message says besides file and code: the key, numbers, the flag that helps. */
  readonly names: readonly string[];
  readonly flags?: readonly string[];
}

/** A row of a table of refusals. */
export function row(
  name: string,
  what: string,
  file: () => Uint8Array,
  code: string,
  names: readonly string[] = [],
  flags: readonly string[] = [],
): RefusedFile {
  return { row: name, what, file, code, names, flags };
}

function tooManyMembers(): Uint8Array {
  const directoryBytes = 100_000 * 60;
  const file = join(new Uint8Array(directoryBytes), buildZip([], { zip64End: {} }));
  const view = new DataView(file.buffer, directoryBytes);
  view.setBigUint64(24, 100_000n, true);
  view.setBigUint64(32, 100_000n, true);
  view.setBigUint64(40, BigInt(directoryBytes), true);
  view.setBigUint64(56 + 8, BigInt(directoryBytes), true);
  return file;
}

function overlapping(): Uint8Array {
  const content = npyNumbers("<f8", [8], [0, 1, 2, 3, 4, 5, 6, 7]);
  const members = Array.from({ length: 1000 }, (_, index) => ({ name: `m${index}.npy`, content, headerOffset: 0 }));
  return buildZip(members.map((member, index) => ({ ...member, listedOnly: index > 0 })));
}

const whole = () => scanFile();
const probe = npyNumbers("<c8", [16, 16], probeNumbers(16, 16));
const deflated = deflateRawSync(probe);
const wrongBit = probe.with(probe.length - 100, probe.at(-100)! ^ 1);
const bomb = () =>
  buildZip([
    ...builtMembers().filter(({ name }) => name !== "objectGuess.npy"),
    bombMember("objectGuess.npy", npyFile("<c8", [8192, 8192], new Uint8Array()), 2 ** 29),
  ]);
const withProbe = (changes: Partial<BuiltMember>) => () => buildZip(builtMembers({ probeGuess: changes }));

/** Refused archives. */
export const refusedArchives: readonly RefusedFile[] = [
  row("A1", "empty", () => new Uint8Array(), "ZIP_NOT_ARCHIVE", ["empty file"]),
  row("A1", "four bytes", () => Uint8Array.of(0x50, 0x4b, 3, 4), "ZIP_NOT_ARCHIVE", ["4 bytes"]),
  row("A1", "random bytes", () => Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919) % 251), "ZIP_NOT_ARCHIVE"),
  row("A2", "one byte short", () => whole().slice(0, -1), "ZIP_TRUNCATED", ["expected", "got"]),
  row("A2", "half", () => whole().slice(0, whole().length / 2), "ZIP_TRUNCATED", ["expected", "got"]),
  row(
    "A3",
    "two end records",
    () => scanFile(undefined, { archive: { beforeEnd: buildZip([]) } }),
    "ZIP_AMBIGUOUS_END",
  ),
  row(
    "A4",
    "locator elsewhere",
    () => scanFile(undefined, { archive: { zip64End: { locatorOffset: 9 } } }),
    "ZIP_BAD_LOCATOR",
  ),
  row("A5", "bytes before", () => join(new Uint8Array(7), whole()), "ZIP_EXTRA_BYTES", [
    "7 bytes before",
    "--lenient-zip",
  ]),
  row("A5", "bytes after", () => join(whole(), new Uint8Array(7)), "ZIP_EXTRA_BYTES", [
    "7 bytes after",
    "--lenient-zip",
  ]),
  row("A6", "one member too many declared", () => scanFile(undefined, { archive: { count: 6 } }), "ZIP_COUNT"),
  row("A7", "100,000 members", tooManyMembers, "ZIP_TOO_MANY_MEMBERS", ["100000", "1024"]),
  row("A8", "overlapping members", overlapping, "ZIP_OVERLAP"),
  row("A9", "local CRC differs", withProbe({ local: { crc: 1 } }), "ZIP_MISMATCH", ["probeGuess", "CRC"]),
  row(
    "A12",
    "xcoords and xcoords.npy",
    () => scanFile(undefined, { extra: [{ name: "xcoords", content: probe }] }),
    "ZIP_DUPLICATE_NAME",
    ["xcoords"],
  ),
  row("A13", "../x.npy", () => scanFile(undefined, { extra: [{ name: "../x.npy", content: probe }] }), "ZIP_BAD_NAME", [
    "../x.npy",
  ]),
  row("A15", "encrypted", withProbe({ flags: 1 }), "ZIP_ENCRYPTED", ["probeGuess"]),
  row("A16", "method 14", withProbe({ method: 14, stored: deflated }), "ZIP_METHOD", [
    "probeGuess",
    "14",
    "numpy.savez",
  ]),
  row(
    "A18",
    "a bomb over budget",
    bomb,
    "MEMORY_BUDGET",
    ["objectGuess", String(2 ** 29)],
    ["--memory-budget", "100MB"],
  ),
  row("A19", "declared size 0", withProbe({ method: 8, sizeBytes: 0 }), "ZIP_SIZE", ["probeGuess"]),
  row("A19", "declared size too small", withProbe({ method: 8, sizeBytes: probe.length - 1 }), "ZIP_SIZE", [
    "probeGuess",
  ]),
  row(
    "A20",
    "bytes after the stream",
    withProbe({ method: 8, stored: join(deflated, new Uint8Array(9)) }),
    "ZIP_TRAILING_COMPRESSED",
    ["probeGuess"],
  ),
  row("A21", "wrong bit, stored", withProbe({ stored: wrongBit }), "ZIP_CRC", ["probeGuess"]),
  row("A21", "wrong bit, deflated", withProbe({ method: 8, stored: deflateRawSync(wrongBit) }), "ZIP_CRC", [
    "probeGuess",
  ]),
  row(
    "A22",
    "corrupt DEFLATE",
    withProbe({ method: 8, stored: Uint8Array.of(7, 0, 0), sizeBytes: 2184 }),
    "ZIP_DEFLATE",
    ["probeGuess"],
  ),
];
