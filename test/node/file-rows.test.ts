// Rows A23 to A25 of the fault matrix (reliability.md section 8) on real files: larger than 4 GiB, changed while they are
// read, and things that are no files.
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDataset } from "../../src/data/contract.ts";
import type { RandomAccess } from "../../src/data/random-access.ts";
import { fileAccess, nodeReaderTools } from "../../src/node/file-access.ts";
import { expectRefusal } from "../support/expect-refusal.ts";
import { npyFile, npyNumbers } from "../support/npz-builder.ts";
import { runHere as run } from "../support/run-here.ts";
import { dataOptions, scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";
import { writeSparseArchive } from "../support/sparse-archive.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("A23 archives beyond 4 GiB", () => {
  const path = join(folder, "large.npz");
  const count = 4100; // frames of 512 kB: just above 2 GiB
  const side = 512;
  const frameBytes = 2 * side * side;
  const frame = (value: number) => new Uint8Array(new Uint16Array(side * side).fill(value).buffer);
  const coordinates = (value: (index: number) => number) =>
    npyNumbers(
      "<f8",
      [count],
      Array.from({ length: count }, (_, index) => value(index)),
    );
  let sizeBytes = 0;
  beforeAll(() => {
    const header = npyFile("<u2", [count, side, side], new Uint8Array());
    const patches = npyFile("<c8", [count, 320, 320], new Uint8Array());
    const object = npyFile("<c8", [20_000, 20_000], new Uint8Array());
    const small = (name: string, content: Uint8Array) => ({ name, pieces: [content], checked: true });
    sizeBytes = writeSparseArchive(path, [
      { name: "ground_truth_patches.npy", pieces: [patches, 8 * count * 320 * 320], checked: false },
      small(
        "xcoords.npy",
        coordinates((index) => 8 * (index % 66)),
      ),
      small(
        "ycoords.npy",
        coordinates((index) => 8 * Math.floor(index / 66)),
      ),
      small("probeGuess.npy", npyFile("<c8", [side, side], new Uint8Array(8 * side * side).fill(63))),
      small("objectGuess.npy", npyNumbers("<c8", [1, 1], [1, 0])),
      { name: "diffraction.npy", pieces: [header, frame(7), (count - 2) * frameBytes, frame(9)], checked: true },
    ]);
    writeSparseArchive(join(folder, "huge-object.npz"), [
      ...["diffraction", "probeGuess", "xcoords", "ycoords"].map((name) => small(`${name}.npy`, scanMembers()[name]!)),
      { name: "objectGuess.npy", pieces: [object, 8 * 20_000 * 20_000], checked: false },
    ]);
  });

  it("A23 two arrays of more than 2 GiB each are read by slices, also behind 4 GiB", async () => {
    expect(sizeBytes).toBeGreaterThan(5 * 2 ** 30);
    expect(512 * statSync(path).blocks).toBeLessThan(100e6);
    const { codecs } = nodeReaderTools(); // the hash of holes would take longer than the rest
    const before = process.memoryUsage().arrayBuffers;
    const dataset = await readDataset(await fileAccess(path), dataOptions({ quantity: "intensity" }), { codecs });
    try {
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6);
      expect(dataset.patterns.count).toBe(count);
      expect(dataset.totalIntensity[0]).toBe(7 * side * side);
      expect(dataset.totalIntensity[count - 1]).toBe(9 * side * side);
      expect(dataset.provenance.patterns).toMatchObject({ servedFrom: "range" });
      const read = new Uint8Array(2 * frameBytes);
      await dataset.patterns.read([count - 1, 0], read);
      expect(new Uint16Array(read.buffer)[5]).toBe(9);
      expect(new Uint16Array(read.buffer)[side * side + 5]).toBe(7);
    } finally {
      await dataset.patterns.close();
    }
  });

  it("A23 inspect --quick describes it from its headers", async () => {
    const { code, out } = await run("inspect", path, "--quick", "--json", "--intensity");
    expect(code).toBe(0);
    const { members, patterns } = JSON.parse(out);
    expect(members).toContainEqual(expect.objectContaining({ name: "diffraction", shape: [count, side, side] }));
    expect(patterns.count).toBe(count);
  });

  it("A23 an array of 3.2 GB that has to be held whole: MEMORY_BUDGET before it is read", async () => {
    const output = join(folder, "out");
    const { code, err } = await run(
      "reconstruct",
      join(folder, "huge-object.npz"),
      "--output",
      output,
      "--memory-budget",
      "1GB",
    );
    expect(code, err).toBe(65);
    expect(err).toMatch(
      /^ptycho: \S+huge-object\.npz: objectGuess: .*3200000000 bytes.*--memory-budget.*\[MEMORY_BUDGET\]\n$/,
    );
    expect(readdirSync(folder)).not.toContain("out");
  });
});

describe("A24 the file changes while it is read", () => {
  const path = join(folder, "changing.npz");
  const scan = (value = 1) =>
    scanFile(scanMembers({ ...scanNumbers(400), patterns: scanNumbers(400).patterns.map((v) => value * v) }));
  const changes: [string, () => void][] = [
    ["is shortened", () => truncateSync(path, 100_000)],
    ["is emptied", () => truncateSync(path, 0)],
    ["grows", () => appendFileSync(path, new Uint8Array(10))],
    ["is overwritten in place by a scan of the same size", () => writeFileSync(path, scan(0.5), { flag: "r+" })],
    [
      "is replaced by another scan",
      () => {
        writeFileSync(`${path}.new`, scan(0.5));
        renameSync(`${path}.new`, path);
      },
    ],
    ["is removed", () => rmSync(path)],
  ];
  /** Opens the file and calls `change` before the read with the given number. */
  const changingAccess = async (change: () => void, readNumber: number, onRead = () => {}): Promise<RandomAccess> => {
    writeFileSync(path, scan());
    utimesSync(path, 1e9, 1e9); // so that a change within the clock's resolution shows
    const access = await fileAccess(path);
    let reads = 0;
    const count = () => {
      onRead();
      if (reads++ === readNumber) change();
    };
    return {
      ...access,
      read: (offset, length) => {
        count();
        return access.read(offset, length);
      },
      readInto: (offset, target) => {
        count();
        return access.readInto!(offset, target);
      },
    };
  };

  it.each(changes)("A24 it %s during the pass: INPUT_CHANGED, whatever looked wrong first", async (_, change) => {
    let total = 0;
    const counting = await changingAccess(
      () => {},
      -1,
      () => {
        total++;
      },
    );
    await (await readDataset(counting, dataOptions(), nodeReaderTools())).patterns.close();
    expect(total).toBeGreaterThan(20);
    for (let readNumber = 1; readNumber < total; readNumber += 3) {
      const access = await changingAccess(change, readNumber);
      const attempt = readDataset(access, dataOptions(), nodeReaderTools());
      await expectRefusal(attempt, "INPUT_CHANGED", ["changing.npz", "changed while it was being read"]);
    }
  });

  it.each(changes)("A24 it %s after it was opened: the next minibatch says so", async (_, change) => {
    const access = await changingAccess(() => {}, -1);
    const dataset = await readDataset(access, dataOptions(), nodeReaderTools());
    const target = new Uint8Array(2 * dataset.patterns.patternBytes);
    await dataset.patterns.read([0, 399], target);
    change();
    await expectRefusal(dataset.patterns.read([0, 399], target), "INPUT_CHANGED", ["changing.npz"]);
    await dataset.patterns.close();
  });

  it("A24 patterns that were decoded into memory no longer need the file", async () => {
    writeFileSync(path, scanFile(scanMembers(), { method: 8 }));
    const dataset = await readDataset(await fileAccess(path), dataOptions(), nodeReaderTools());
    rmSync(path);
    await dataset.patterns.read([3], new Uint8Array(dataset.patterns.patternBytes));
    await dataset.patterns.close();
  });
});

describe("A25 the input is no file", () => {
  const inside = (name: string) => join(folder, name);
  const server = createServer();
  beforeAll(async () => {
    mkdirSync(inside("folder"));
    execFileSync("mkfifo", [inside("pipe")]);
    symlinkSync(inside("nowhere"), inside("dangling"));
    symlinkSync(inside("folder"), inside("link-to-folder"));
    symlinkSync(inside("loop"), inside("loop"));
    await new Promise<void>((resolve) => server.listen(inside("socket"), resolve));
  });
  afterAll(() => server.close());

  it.each([
    ["folder", "a directory"],
    ["pipe", "a pipe"],
    ["dangling", "a link to nothing"],
    ["link-to-folder", "a directory"],
    ["loop", "a link to nothing"],
    ["socket", "a socket"],
    ["/dev/zero", "a device"],
  ])("A25 %s: INPUT_NOT_FILE, exit 66, nothing left", async (name, got) => {
    const path = name.startsWith("/") ? name : inside(name);
    const before = readdirSync(folder);
    for (const command of [
      ["reconstruct", path, "--output", inside("out")],
      ["inspect", path],
      ["inspect", path, "--quick"],
    ]) {
      const { code, out, err } = await run(...command);
      expect(code, err).toBe(66);
      expect(out).toBe("");
      expect(err).toBe(
        `ptycho: ${path}: the input is not a file (expected a regular file, got ${got}). Give the path of an NPZ file [INPUT_NOT_FILE]\n`,
      );
    }
    expect(readdirSync(folder)).toEqual(before);
  });

  it("A25 the same for a mask, a schedule and options", async () => {
    writeFileSync(inside("scan.npz"), scanFile());
    for (const flag of ["--mask", "--schedule", "--config"]) {
      for (const name of ["folder", "pipe", "dangling"]) {
        const { code, err } = await run(
          "reconstruct",
          inside("scan.npz"),
          "--output",
          inside("out"),
          flag,
          inside(name),
        );
        expect(code, err).toBe(66);
        expect(err).toContain(`${inside(name)}: the input is not a file`);
      }
    }
  });

  it("A25 a link to a scan is a scan", async () => {
    writeFileSync(inside("scan.npz"), scanFile());
    symlinkSync(inside("scan.npz"), inside("link"));
    expect((await run("inspect", inside("link"))).code).toBe(0);
  });

  it("A25 nothing there at all: INPUT_MISSING, exit 66", async () => {
    for (const path of [inside("none.npz"), join(inside("scan.npz"), "below")]) {
      const { code, err } = await run("reconstruct", path, "--output", inside("out"));
      expect(code).toBe(66);
      expect(err).toMatch(/no such file.*\[INPUT_MISSING\]\n$/);
    }
    expect(readdirSync(folder)).not.toContain("out");
  });
});
