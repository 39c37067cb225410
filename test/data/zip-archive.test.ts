// Rows A1 to A22 of the fault matrix (reliability.md section 8): archives.

import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess, type RandomAccess } from "../../src/data/random-access.ts";
import { openZip } from "../../src/data/zip.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type BuiltMember, buildZip, fields, join, npyNumbers } from "../support/npz-builder.ts";
import { readScan, scanFile, scanMembers } from "../support/scan-files.ts";

const values = Array.from({ length: 3000 }, (_, index) => Math.sin(index) * 100);
const a = npyNumbers("<f8", [3000], values);
const b = npyNumbers("<f4", [2, 3], [1, 2, 3, 4, 5, 6]);
const twoMembers: BuiltMember[] = [
  { name: "a.npy", content: a },
  { name: "b.npy", content: b, method: 8 },
];
const open = (file: Uint8Array, lenient = false) => openNpz(bytesAccess(file, "scan.npz"), { lenient });
const opens = (members: readonly BuiltMember[], archive = {}) => open(buildZip(members, archive));
const reads = async (member: BuiltMember, codecs = {}) => {
  const npz = await openNpz(bytesAccess(buildZip([member]), "scan.npz"), { codecs });
  return npz.readArray("a");
};

/** An access that counts the bytes that are read through it. */
function countingAccess(file: Uint8Array): { access: RandomAccess; readBytes: () => number } {
  const inner = bytesAccess(file, "scan.npz");
  let readBytes = 0;
  const read: RandomAccess["read"] = (offset, length) => {
    readBytes += length;
    return inner.read(offset, length);
  };
  return {
    access: { name: inner.name, sizeBytes: inner.sizeBytes, read, close: inner.close },
    readBytes: () => readBytes,
  };
}

describe("a sound archive", () => {
  it.each([0, 8])("is read with method %i", async (method) => {
    const npz = await opens(twoMembers.map((member) => ({ ...member, method })));
    expect(npz.names).toEqual(["a", "b"]);
    expect([...(await npz.readNumeric("a")).data]).toEqual(values);
    expect(await npz.readArray("b")).toMatchObject({ shape: [2, 3], dtype: "float32" });
    expect(npz.notes).toEqual([]);
  });

  it("may be empty and may carry a comment", async () => {
    expect((await open(buildZip([]))).names).toEqual([]);
    expect((await opens(twoMembers, { comment: new TextEncoder().encode("made today") })).names).toHaveLength(2);
  });

  it("is read through a ZIP64 end record", async () => {
    expect((await opens(twoMembers, { zip64End: {} })).names).toEqual(["a", "b"]);
  });

  it("may hold folders and members that are no arrays", async () => {
    const members = [
      { name: "notes/", content: new Uint8Array() },
      { name: "notes/readme.txt", content: a.slice(5) },
    ];
    const npz = await opens([...twoMembers, ...members]);
    expect(npz.names).toEqual(["a", "b", "notes/readme.txt"]);
  });
});

describe("A1 not an archive", () => {
  const random = Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919 + 13) % 251);
  it.each([
    ["an empty file", new Uint8Array(), "empty file"],
    ["four bytes PK", fields([4, 0x04034b50]), "4 bytes"],
    ["random bytes", random, "numpy.savez"],
    ["a lone .npy array", b, "single .npy"],
    ["an HDF5 file", join(fields([4, 0x46444889]), random), "HDF5"],
  ])("%s", async (_, file, mention) => {
    await expectRefusal(open(file), "ZIP_NOT_ARCHIVE", ["scan.npz", "expected", mention]);
  });
});

describe("A2 truncated", () => {
  const file = buildZip(twoMembers);
  const directoryAt = new DataView(file.buffer).getUint32(file.length - 6, true);
  it.each([
    ["by 1 byte", file.length - 1],
    ["by 1 kB", file.length - 1000],
    ["to half", Math.floor(file.length / 2)],
    ["inside the directory", directoryAt + 60],
    ["right before the directory", directoryAt],
  ])("%s", async (_, length) => {
    const error = await expectRefusal(open(file.slice(0, length)), "ZIP_TRUNCATED", [
      "scan.npz",
      `got ${length} bytes`,
    ]);
    const expected = Number(/\d+/.exec(error.details.expected!)![0]);
    expect(expected).toBeGreaterThan(length);
    expect(expected).toBeLessThanOrEqual(file.length);
  });

  it("inside its comment", async () => {
    const commented = buildZip(twoMembers, { comment: new Uint8Array(50) });
    const got = `got ${commented.length - 7} bytes`;
    await expectRefusal(open(commented.slice(0, -7)), "ZIP_TRUNCATED", [`expected ${commented.length} bytes`, got]);
  });

  it("with bytes missing in the middle", async () => {
    const cut = join(file.slice(0, 500), file.slice(600));
    await expectRefusal(open(cut), "ZIP_TRUNCATED", [`expected ${file.length} bytes`, `got ${cut.length} bytes`]);
  });
});

describe("A3 ambiguous end", () => {
  const end = buildZip([]);
  it("two end records", async () => {
    await expectRefusal(open(buildZip(twoMembers, { beforeEnd: end })), "ZIP_AMBIGUOUS_END", [
      "scan.npz",
      "end records at",
    ]);
  });

  it("a comment that contains an end record", async () => {
    await expectRefusal(open(buildZip(twoMembers, { comment: end })), "ZIP_AMBIGUOUS_END");
    const inner = join(new Uint8Array(7), end, new Uint8Array(9));
    await expectRefusal(open(buildZip(twoMembers, { comment: inner })), "ZIP_AMBIGUOUS_END");
  });

  it("not by an end signature inside of an array", async () => {
    const content = npyNumbers("<u4", [4], [0x06054b50, 1, 0x06054b50, 2]);
    expect((await opens([{ name: "a.npy", content }])).names).toEqual(["a"]);
  });
});

it("A4 a ZIP64 locator that points elsewhere", async () => {
  await expectRefusal(opens(twoMembers, { zip64End: { locatorOffset: 12 } }), "ZIP_BAD_LOCATOR", ["points to byte 12"]);
});

it("A4 a ZIP64 locator that is needed and missing", async () => {
  const file = buildZip(twoMembers);
  new DataView(file.buffer).setUint32(file.length - 6, 0xffffffff, true);
  await expectRefusal(open(file), "ZIP_BAD_LOCATOR");
});

describe("A5 bytes around the archive", () => {
  it.each([
    ["before the first member", { prefix: new Uint8Array(100) }, "100 bytes before"],
    ["after the end", { suffix: new Uint8Array(33) }, "33 bytes after"],
    ["before a ZIP64 archive", { prefix: new Uint8Array(100), zip64End: {} }, "100 bytes before"],
  ])("%s: refused, and accepted with a warning by --lenient-zip", async (_, archive, mention) => {
    const file = buildZip(twoMembers, archive);
    await expectRefusal(open(file), "ZIP_EXTRA_BYTES", ["scan.npz", mention, "--lenient-zip"]);
    const npz = await open(file, true);
    expect([...(await npz.readNumeric("a")).data]).toEqual(values);
    expect(npz.notes).toMatchObject([{ level: "warning", code: "ZIP_EXTRA_BYTES" }]);
  });

  it("between the start and the first member that offsets count", async () => {
    const inner = buildZip(twoMembers.slice(0, 1));
    const directoryAt = new DataView(inner.buffer).getUint32(inner.length - 6, true);
    const moved = join(new Uint8Array(10), inner);
    const view = new DataView(moved.buffer);
    view.setUint32(10 + directoryAt + 42, 10, true);
    view.setUint32(moved.length - 6, directoryAt + 10, true);
    await expectRefusal(open(moved), "ZIP_EXTRA_BYTES", ["10 bytes before the first member"]);
  });

  it("more junk behind the end than a comment can be", async () => {
    const file = buildZip(twoMembers, { suffix: new Uint8Array(200_000) });
    await expectRefusal(open(file), "ZIP_EXTRA_BYTES", ["200000 bytes after"]);
  });

  it("between directory and end record", async () => {
    const file = buildZip(twoMembers, { beforeEnd: new Uint8Array(8) });
    await expectRefusal(open(file), "ZIP_EXTRA_BYTES", ["8 bytes before the end record"]);
    expect((await open(file, true)).names).toHaveLength(2);
  });
});

describe("A6 member count", () => {
  it.each([
    ["too high", 3],
    ["far too high", 60_000],
    ["too low", 1],
    ["the ZIP64 sentinel without ZIP64", 65_535],
  ])("%s", async (_, count) => {
    await expectRefusal(opens(twoMembers, { count }), "ZIP_COUNT", ["scan.npz"]);
  });
});

it("A7 100,000 members: refused before any is read", async () => {
  const directoryBytes = 100_000 * 60;
  const file = join(new Uint8Array(directoryBytes), buildZip([], { zip64End: {} }));
  const view = new DataView(file.buffer);
  view.setBigUint64(directoryBytes + 24, 100_000n, true);
  view.setBigUint64(directoryBytes + 32, 100_000n, true);
  view.setBigUint64(directoryBytes + 40, BigInt(directoryBytes), true);
  view.setBigUint64(directoryBytes + 56 + 8, BigInt(directoryBytes), true);
  const { access, readBytes } = countingAccess(file);
  await expectRefusal(openZip(access), "ZIP_TOO_MANY_MEMBERS", ["100000 members", "at most 1024"]);
  expect(readBytes()).toBeLessThan(100_000);
});

describe("A8 overlapping members", () => {
  const kernel = deflateRawSync(new Uint8Array(2 ** 20));
  it("1,000 members over the same bytes: refused from the directory, no member is touched", async () => {
    const members = Array.from({ length: 1000 }, (_, index) => ({
      name: `m${index}.npy`,
      content: new Uint8Array(2 ** 20),
      method: 8,
      stored: kernel,
      headerOffset: 0,
      listedOnly: index > 0,
    }));
    const file = buildZip(members);
    const { access, readBytes } = countingAccess(file);
    await expectRefusal(openZip(access), "ZIP_OVERLAP", ["scan.npz", /m\d+\.npy/]);
    expect(readBytes()).toBeLessThan(200_000); // the end of the file and its directory
  });

  it("a member that reaches into its neighbour by one byte", async () => {
    const stretched = { ...twoMembers[0]!, compressedBytes: a.length + 1, sizeBytes: a.length + 1 };
    await expectRefusal(opens([stretched, twoMembers[1]!]), "ZIP_OVERLAP", ["a.npy", "b.npy"]);
  });

  it("a quoted member inside of a longer local header", async () => {
    const file = buildZip(twoMembers);
    new DataView(file.buffer).setUint16(28, 60, true); // the extra field grows, so the data moves into the next member
    await expectRefusal(open(file), "ZIP_OVERLAP", ["a.npy"]);
  });
});

describe("A9 local header and directory differ", () => {
  it.each([
    ["name", { name: "z.npy" }],
    ["CRC", { crc: 1 }],
    ["size", { sizeBytes: a.length - 1 }],
    ["compressed size", { compressedBytes: a.length - 1 }],
    ["method", { method: 8 }],
    ["flags", { flags: 1 }],
  ])("in %s", async (field, local) => {
    const members = [{ name: "a.npy", content: a, local }, twoMembers[1]!];
    await expectRefusal(opens(members), "ZIP_MISMATCH", ["scan.npz: a.npy", `differ in ${field}`, "expected", "got"]);
  });

  it("in the signature", async () => {
    const file = buildZip(twoMembers);
    file[0] = 0;
    await expectRefusal(open(file), "ZIP_MISMATCH", ["signature"]);
  });
});

it.each([0, 8])("A10 numpy's local sizes with a ZIP64 field are accepted (method %i)", async (method) => {
  const member = { name: "a.npy", content: a, method, numpyStyle: true };
  expect([...((await reads(member)) as { data: Float64Array }).data]).toEqual(values);
});

describe("A11 data descriptors", () => {
  const forms = [true, false].flatMap((signature) => [true, false].map((wide) => ({ signature, wide })));
  it.each(forms)("accepted: $signature signature, $wide wide", async (descriptor) => {
    for (const method of [0, 8]) {
      const member = { name: "a.npy", content: a, method, descriptor, numpyStyle: descriptor.wide };
      const npz = await opens([member, twoMembers[1]!]);
      expect([...(await npz.readNumeric("a")).data]).toEqual(values);
    }
  });

  it("refused when they contradict the directory", async () => {
    const descriptor = { signature: true, wide: false, crc: 7 };
    await expectRefusal(opens([{ name: "a.npy", content: a, descriptor }]), "ZIP_MISMATCH", [
      "a.npy",
      "data descriptor",
    ]);
  });
});

describe("A12 duplicate names", () => {
  it.each([
    ["the same member twice", ["a.npy", "a.npy"]],
    ["a and a.npy", ["a", "a.npy"]],
  ])("%s", async (_, names) => {
    const members = names.map((name) => ({ name, content: b }));
    await expectRefusal(opens(members), "ZIP_DUPLICATE_NAME", ["scan.npz: a"]);
  });

  it("only different by case: a warning", async () => {
    const npz = await opens(["Mask.npy", "mask.npy"].map((name) => ({ name, content: b })));
    expect(npz.notes).toMatchObject([{ level: "warning", code: "ZIP_DUPLICATE_NAME" }]);
  });
});

it.each(["../x.npy", "a/../../x.npy", "/x.npy", "C:\\x", "C:x.npy", "a\\b.npy", "a\0b.npy", "x".repeat(256), ""])(
  "A13 a bad name: %j",
  async (name) => {
    await expectRefusal(opens([{ name, content: b }]), "ZIP_BAD_NAME", ["scan.npz"]);
  },
);

it("A13 a name that is not UTF-8", async () => {
  const file = buildZip([{ name: "ab.npy", content: b }]);
  const bytes = Buffer.from(file);
  for (let at = bytes.indexOf("ab.npy"); at >= 0; at = bytes.indexOf("ab.npy", at + 1)) file[at] = 0xff;
  await expectRefusal(open(file), "ZIP_BAD_NAME", ["UTF-8"]);
});

it("A14 names of Object.prototype are plain names", async () => {
  const names = ["__proto__", "constructor", "toString"];
  const npz = await opens(
    names.map((name, index) => ({ name: `${name}.npy`, content: npyNumbers("<f8", [1], [index]) })),
  );
  expect(npz.names).toEqual(names);
  for (const [index, name] of names.entries()) expect([...(await npz.readNumeric(name)).data]).toEqual([index]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  expect((await opens(twoMembers)).has("constructor")).toBe(false);
  const extra = names.map((name) => ({ name: `${name}.npy`, content: npyNumbers("<f8", [1], [0]) }));
  const dataset = await readScan(scanFile(scanMembers(), { extra }));
  expect(dataset.provenance.ignoredMembers).toEqual(names);
});

it("A15 an encrypted member is refused when it is needed, and only then", async () => {
  const npz = await opens([{ name: "a.npy", content: a, flags: 1 }, twoMembers[1]!]);
  await expectRefusal(npz.readArray("a"), "ZIP_ENCRYPTED", ["scan.npz: a.npy", "without a password"]);
  await npz.readArray("b");
});

it.each([12, 14, 93, 95])("A16 method %i is refused when it is needed, and only then", async (method) => {
  const npz = await opens([{ name: "a.npy", content: a, method, stored: a.slice(9) }, twoMembers[1]!]);
  await expectRefusal(npz.readArray("a"), "ZIP_METHOD", ["scan.npz: a.npy", `got ${method}`, "numpy.savez"]);
  await npz.readArray("b");
});

describe("A19 wrong declared sizes", () => {
  const sizes = [0, 1, a.length - 1, a.length + 1, 2 ** 32 - 2, 2n ** 63n];
  it.each(sizes)("deflated, %s bytes", async (sizeBytes) => {
    await expectRefusal(reads({ name: "a.npy", content: a, method: 8, sizeBytes }), "ZIP_SIZE", ["scan.npz: a.npy"]);
  });

  it.each(sizes)("stored, %s bytes", async (sizeBytes) => {
    await expectRefusal(reads({ name: "a.npy", content: a, sizeBytes }), "ZIP_SIZE", ["scan.npz: a.npy"]);
  });

  it("a size below the array's, with a header that fits it", async () => {
    // Header and declared size agree on less than the stream holds: the cap applies, whatever was promised.
    const shorter = npyNumbers("<f8", [2999], values.slice(0, 2999));
    const content = join(shorter, new Uint8Array(8));
    await expectRefusal(reads({ name: "a.npy", content, method: 8, sizeBytes: shorter.length }), "ZIP_SIZE", ["more"]);
  });
});
