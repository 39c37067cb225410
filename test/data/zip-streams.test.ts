// Rows A17, A18, A20 to A22: bombs, and what is wrong inside of a member, with both decoders.
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inspectDataset } from "../../src/data/inspect.ts";
import { openNpz } from "../../src/data/npz.ts";
import { bytesAccess } from "../../src/data/random-access.ts";
import { inflateRaw } from "../../src/node/file-access.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { type BuiltMember, buildZip, join, npyFile, npyNumbers } from "../support/npz-builder.ts";
import { bombMember, builtMembers, dataOptions, readScan, scanFile, scanMembers } from "../support/scan-files.ts";

const values = Array.from({ length: 3000 }, (_, index) => Math.sin(index) * 100);
const a = npyNumbers("<f8", [3000], values);
const b = npyNumbers("<f4", [2, 3], [1, 2, 3, 4, 5, 6]);
const twoMembers: BuiltMember[] = [
  { name: "a.npy", content: a },
  { name: "b.npy", content: b, method: 8 },
];
const reads = async (member: BuiltMember, codecs = {}) => {
  const npz = await openNpz(bytesAccess(buildZip([member]), "scan.npz"), { codecs });
  return npz.readArray("a");
};

const decoders = [
  ["fflate", {}],
  ["zlib", { inflate: inflateRaw }],
] as const;

describe.each(decoders)("streams decoded by %s", (_, codecs) => {
  const stream = deflateRawSync(a);
  it.each([1, 5, 12, 70_000])("A20 %i bytes left over after the end", async (extra) => {
    const stored = join(stream, new Uint8Array(extra));
    const member = { name: "a.npy", content: a, method: 8, stored };
    await expectRefusal(reads(member, codecs), "ZIP_TRAILING_COMPRESSED", ["scan.npz: a.npy"]);
  });

  it("A21 a CRC that is wrong by one bit of the payload", async () => {
    const content = a.slice();
    content[a.length - 100]! ^= 1;
    for (const method of [0, 8]) {
      const member = { name: "a.npy", content: a, method, stored: method ? deflateRawSync(content) : content };
      await expectRefusal(reads(member, codecs), "ZIP_CRC", ["scan.npz: a.npy", "expected 0x", "got 0x"]);
    }
  });

  it("A22 corrupt DEFLATE: bad block type, code lengths, distance, missing end", async () => {
    const reserved = Uint8Array.of(7, 0, 0);
    const badLengths = Uint8Array.of(0x05, 0xe0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    const badDistance = Uint8Array.of(0x03, 0x02, 0x00); // a copy before anything was written
    for (const stored of [reserved, badLengths, badDistance, stream.subarray(0, 40), new Uint8Array()]) {
      const member = {
        name: "a.npy",
        content: a,
        method: 8,
        stored,
        sizeBytes: Math.min(a.length, stored.length * 1000),
      };
      await expectRefusal(reads(member, codecs), stored.length ? "ZIP_DEFLATE" : "NPY_MAGIC", ["scan.npz: a"]);
    }
  });

  it("A22 a stream that breaks after the array's header", async () => {
    for (const at of [0.3, 0.6, 0.9]) {
      const stored = Uint8Array.from(stream); // a Buffer's slice would share its bytes
      stored.fill(0xff, Math.floor(at * stream.length), Math.floor(at * stream.length) + 64);
      const error = await reads({ name: "a.npy", content: a, method: 8, stored }, codecs).catch((caught) => caught);
      expect(["ZIP_DEFLATE", "ZIP_CRC", "ZIP_SIZE"]).toContain(error.code);
    }
    const cut = { name: "a.npy", content: a, method: 8, stored: stream.subarray(0, stream.length - 30) };
    await expectRefusal(reads(cut, codecs), "ZIP_DEFLATE", ["a.npy", "does not end"]);
  });

  it("any single damaged byte gives an InputError or the right numbers", async () => {
    const file = buildZip([
      { name: "a.npy", content: a.subarray(0, 1200), method: 8, stored: deflateRawSync(b) },
      ...twoMembers.slice(1),
    ]);
    for (let at = 0; at < file.length; at++) {
      const damaged = file.slice();
      damaged[at]! ^= 1 << (at % 8);
      try {
        const npz = await openNpz(bytesAccess(damaged, "scan.npz"), { codecs });
        expect([...(await npz.readNumeric("b")).data]).toEqual([1, 2, 3, 4, 5, 6]);
      } catch (error) {
        expect((error as { exitCode?: number }).exitCode, `byte ${at}: ${error}`).toBe(65);
      }
    }
  });
});

describe("A17, A18 an honest bomb: 0.5 MB that become 512 MiB", () => {
  const zeroBytes = 2 ** 29;
  const frames = zeroBytes / 4 / 4096;
  const header = npyFile("<f4", [frames, 64, 64], new Uint8Array());
  const lying = npyFile("<f4", [frames, 64, 65], new Uint8Array());

  it("A17 is skipped when it is not needed", async () => {
    const extra = [bombMember("ground_truth_patches.npy", header, zeroBytes)];
    const dataset = await readScan(scanFile(scanMembers(), { extra }));
    expect(dataset.provenance.ignoredMembers).toEqual(["ground_truth_patches"]);
  });

  it.each([
    ["ground_truth_patches", header],
    ["ground_truth_patches", lying],
    ["_metadata", lying],
    ["measurement_domain", npyFile("<U134217728", [], new Uint8Array())],
  ])("A17 only its header is read when %s is inspected", async (name, start) => {
    const members = [...builtMembers(), bombMember(`${name}.npy`, start, zeroBytes)];
    let inflatedBytes = 0;
    const inflate: typeof inflateRaw = async function* (compressed) {
      for await (const piece of inflateRaw(compressed)) {
        inflatedBytes += piece.length;
        yield piece;
      }
      return "complete";
    };
    const layOutCanvas = () => ({ shape: [80, 80] as const, notes: [] });
    const options = { data: dataOptions(), layOutCanvas, quick: false };
    const report = await inspectDataset(bytesAccess(buildZip(members), "scan.npz"), options, { codecs: { inflate } });
    expect(report.members.find((member) => member.name === name)).toMatchObject({
      sizeBytes: zeroBytes + start.length,
    });
    expect(report.findings.filter(({ level }) => level === "error")).toEqual([]);
    expect(inflatedBytes).toBeLessThan(10e6);
  });

  it("A18 is refused over budget before anything is allocated", async () => {
    const coordinates = npyNumbers(
      "<f8",
      [frames],
      Float64Array.from({ length: frames }, (_, index) => index % 200),
    );
    const probe = npyNumbers("<c8", [64, 64], new Float32Array(8192).fill(1));
    const rest = { ...scanMembers(), xcoords: coordinates, ycoords: coordinates, probeGuess: probe };
    const extra = [bombMember("diffraction.npy", header, zeroBytes)];
    const file = scanFile(rest, { without: ["diffraction"], extra });
    const before = process.memoryUsage().arrayBuffers;
    const attempt = readScan(file, { memoryBudgetBytes: 100e6 });
    await expectRefusal(attempt, "MEMORY_BUDGET", ["scan.npz: diffraction", `${zeroBytes} bytes`, "--memory-budget"]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
  });
});
