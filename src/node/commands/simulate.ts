// `ptycho simulate --output scan.npz`: a scan with known truth; same options and seed, same bytes.

import { dirname, resolve } from "node:path";
import { decode } from "fast-png";
import type { ComplexArray } from "../../complex.ts";
import { type NpzFile, openNpz } from "../../data/npz.ts";
import { createNpzWriter } from "../../data/npz-writer.ts";
import { InputError, OptionsError } from "../../errors.ts";
import type { GreyImage } from "../../simulate/object.ts";
import { resolveSimulateOptions, simulateOptionsSchema, simulatePresets } from "../../simulate/options.ts";
import { scanToNpzMembers } from "../../simulate/scan-members.ts";
import { type SimulatedScan, type SimulateInputs, simulateScan } from "../../simulate/simulate-scan.ts";
import { readVersions } from "../artifacts.ts";
import { type FileSink, writeFileAtomic } from "../atomic-write.ts";
import { type Command, mergeOptions } from "../command.ts";
import { fileAccess } from "../file-access.ts";
import { type CommandFlag, describeCommandFlags, describeFlags, makeFlags, parseLine } from "../flags.ts";
import { readWholeFile } from "../json-file.ts";
import { assertReplaceable } from "../output-checks.ts";
import { createOutputFolder } from "../output-folder.ts";

const USAGE = "ptycho simulate --output scan.npz [options]";
const LARGEST_IMAGE_BYTES = 2 ** 28;

const commandFlags = {
  output: { kind: "value", value: "FILE", short: "o", help: "the scan to write (needed)" },
  overwrite: { kind: "switch", help: "replace an existing file" },
  seed: { kind: "value", value: "INTEGER", help: "seed of object, positions and noise [0]" },
  preset: {
    kind: "value",
    value: Object.keys(simulatePresets).join("|"),
    help: "a named set of options; flags win over it",
  },
  config: { kind: "value", value: "FILE", help: "options as JSON; flags win over it" },
  "object-from": {
    kind: "value",
    value: "FILE",
    help: "true object: a PNG picture, or an NPZ file (member truth_object, reconstructed_object or objectGuess)",
  },
  "probe-from": {
    kind: "value",
    value: "FILE",
    help: "true probe: an NPZ file (member truth_probe, reconstructed_probe or probeGuess)",
  },
  "positions-from": { kind: "value", value: "FILE", help: "scan positions: an NPZ file with xcoords and ycoords" },
  json: { kind: "switch", help: "one JSON object on standard output" },
  debug: { kind: "switch", help: "stack traces with errors" },
} as const satisfies Record<string, CommandFlag>;

const flags = makeFlags(simulateOptionsSchema);

export const simulateCommand: Command = {
  name: "simulate",
  summary: "make a synthetic scan with known truth",
  help: () =>
    `Usage: ${USAGE}\n\n${describeCommandFlags(commandFlags)}\n\nOptions (also in --config) [default]:\n${describeFlags(flags)}\n`,
  async run(argv, io) {
    const { positionals, command, options: given } = parseLine(argv, flags, commandFlags);
    const text = (name: keyof typeof commandFlags) => (typeof command[name] === "string" ? command[name] : undefined);
    const output = text("output");
    if (output === undefined || positionals.length > 0) {
      throw new OptionsError(
        "CLI_USAGE",
        "an output file and nothing else is needed",
        { remedy: `Usage: ${USAGE}` },
        2,
      );
    }
    const preset = readPreset(text("preset"));
    const options = await mergeOptions(
      text("config"),
      { ...preset, ...given, scan: { ...preset.scan, ...(given.scan as object) } },
      flags,
      (input) => resolveSimulateOptions(input as never),
    );
    const seed = Number(text("seed") ?? 0);
    const overwrite = command.overwrite === true;
    await assertReplaceable(output, overwrite);
    const scan = simulateScan(options, seed, await readInputs(text));
    const folder = await createOutputFolder(dirname(resolve(output)));
    const produce = (sink: FileSink) => writeScan(scan, sink);
    const written = await writeFileAtomic({ path: output, produce }, { overwrite }).catch(async (error) => {
      await folder.discard();
      throw error;
    });
    const facts = { ...written, patterns: scan.positionsPx.length / 2, patternShapePx: scan.patternShapePx, seed };
    io.stdout(
      command.json
        ? `${JSON.stringify(facts)}\n`
        : `${written.path}  ${facts.patterns} patterns, sha256 ${written.sha256}\n`,
    );
    return 0;
  },
};

async function writeScan(scan: SimulatedScan, sink: FileSink): Promise<void> {
  const writer = createNpzWriter(sink);
  for (const [name, array] of scanToNpzMembers(scan, readVersions()["ptycho-webgpu"] ?? "unknown")) {
    await writer.addArray(name, array);
  }
  await writer.finish();
}

function readPreset(name: string | undefined): Record<string, unknown> & { scan?: object } {
  if (name === undefined) return {};
  if (Object.hasOwn(simulatePresets, name)) return simulatePresets[name as keyof typeof simulatePresets];
  const expected = Object.keys(simulatePresets).join(", ");
  throw new OptionsError("CLI_VALUE", "not a valid value", { source: "--preset", expected, got: name }, 2);
}

async function readInputs(text: (name: keyof typeof commandFlags) => string | undefined): Promise<SimulateInputs> {
  const objectPath = text("object-from");
  const probePath = text("probe-from");
  const positionsPath = text("positions-from");
  return {
    ...(objectPath === undefined
      ? {}
      : /\.png$/i.test(objectPath)
        ? { image: await readImage(objectPath) }
        : { object: await readComplex(objectPath, ["truth_object", "reconstructed_object", "objectGuess"]) }),
    ...(probePath === undefined
      ? {}
      : { probe: await readComplex(probePath, ["truth_probe", "reconstructed_probe", "probeGuess"]) }),
    ...(positionsPath === undefined ? {} : { positionsPx: await readPositions(positionsPath) }),
  };
}

/** A PNG as grey values 0 ... 1: the mean of its colours, transparency ignored. */
async function readImage(path: string): Promise<GreyImage> {
  const bytes = await readWholeFile(path, LARGEST_IMAGE_BYTES);
  try {
    const { width, height, data, channels, depth, palette } = decode(bytes);
    if (palette) throw new Error("pictures with a palette are not read");
    const colours = channels >= 3 ? 3 : 1;
    const largest = 2 ** depth - 1;
    const values = Float64Array.from({ length: width * height }, (_, pixel) => {
      let sum = 0;
      for (let colour = 0; colour < colours; colour++) sum += data[pixel * channels + colour]!;
      return sum / (colours * largest);
    });
    return { heightPx: height, widthPx: width, values };
  } catch (error) {
    throw new InputError("IMAGE_FORMAT", "the picture cannot be read", {
      source: path,
      expected: "a grey or RGB PNG",
      got: (error as Error).message,
    });
  }
}

async function withNpz<T>(path: string, read: (npz: NpzFile) => Promise<T>): Promise<T> {
  const access = await fileAccess(path);
  try {
    return await read(await openNpz(access));
  } finally {
    await access.close();
  }
}

function readComplex(path: string, names: readonly string[]): Promise<ComplexArray> {
  return withNpz(path, async (npz) => {
    const array = await npz.readNumeric(names.find((name) => npz.has(name)) ?? names[0]!);
    if (array.dtype === "complex64" || array.dtype === "complex128") {
      return { shape: array.shape, data: Float32Array.from(array.data as ArrayLike<number>) };
    }
    throw new InputError("DATA_DTYPE", "the array is not complex", {
      source: path,
      field: names.join(" or "),
      expected: "complex64 or complex128",
      got: array.dtype,
    });
  });
}

function readPositions(path: string): Promise<Float64Array> {
  return withNpz(path, async (npz) => {
    const [x, y] = [await npz.readNumeric("xcoords"), await npz.readNumeric("ycoords")];
    const count = x.data.length;
    if (y.data.length !== count) {
      throw new InputError("DATA_LENGTH_MISMATCH", "xcoords and ycoords differ in length", {
        source: path,
        expected: String(count),
        got: String(y.data.length),
      });
    }
    return Float64Array.from({ length: 2 * count }, (_, index) => Number((index % 2 === 0 ? y : x).data[index >> 1]));
  });
}
