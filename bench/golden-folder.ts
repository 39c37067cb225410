// Replays the golden files of a folder: one row per case and checkpoint, what is not there yet by name, counts at the end.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type GoldenCase, readGoldenCase } from "./golden-case.ts";
import { beyondLimit, isWithin, type Row, type Tolerances } from "./golden-compare.ts";
import { runCase } from "./golden-run.ts";

export interface FolderRun {
  readonly folder: string;
  /** Part of the names of the cases to run; "" = all. */
  readonly part: string;
  readonly print: (line: string) => void;
  /** Called once, when there is a case to look at. */
  readonly openDevice: () => Promise<GPUDevice>;
}

/** What manifest.json says about a case. */
interface ManifestEntry {
  /** Completed epochs that the tolerances belong to; without it they go by the order in the file. */
  readonly checkpoints?: readonly number[];
  readonly tolerance?: Tolerances;
}

type Verdict = "aim" | "required" | "not yet" | "failed";

/** Exit code: 0 when every case passes or is not yet there, 1 otherwise, 66 for a folder that cannot be read. */
export async function replayFolder({ folder, part, print, openDevice }: FolderRun): Promise<number> {
  let manifest: Readonly<Record<string, ManifestEntry>>;
  let files: readonly string[];
  try {
    manifest = await readManifest(folder);
    files = (await readdir(folder)).filter((name) => name.endsWith(".npz") && name.includes(part)).sort();
  } catch (error) {
    print(`${folder}: expected a folder with golden files and manifest.json: ${(error as Error).message}`);
    return 66;
  }
  const counts: Record<Verdict, number> = { aim: 0, required: 0, "not yet": 0, failed: 0 };
  if (files.length > 0) {
    const device = await openDevice();
    for (const file of files) counts[await replay(file, folder, manifest, device, print)] += 1;
  } else {
    print(`${folder}: no golden files${part ? ` with "${part}" in their name` : ""}`);
    counts.failed += 1;
  }
  for (const name of Object.keys(manifest).filter((key) => key.includes(part) && !files.includes(`${key}.npz`)))
    print(`${name}.npz  absent: manifest.json lists it, the folder does not hold it`);
  print(`${counts.aim + counts.required} cases pass required, ${counts.aim} meet aim, ${counts["not yet"]} not yet`);
  return counts.failed > 0 ? 1 : 0;
}

/** Prints the rows of a case and gives its verdict. */
async function replay(
  file: string,
  folder: string,
  manifest: Readonly<Record<string, ManifestEntry>>,
  device: GPUDevice,
  print: (line: string) => void,
): Promise<Verdict> {
  const name = file.replace(/\.npz$/, "");
  const entry = Object.hasOwn(manifest, name) ? manifest[name]! : null;
  try {
    const golden = await readGoldenCase(join(folder, file));
    if ("notYet" in golden) {
      print(`${file}  not yet: ${golden.notYet.join(", ")}${entry ? "" : "; manifest.json does not list it"}`);
      return "not yet";
    }
    if (!entry) throw new Error("manifest.json does not list this case");
    const rows = await runCase(device, golden, alignTolerances(golden, entry));
    for (const row of rows) print(formatRow(row));
    if (!isWithin(rows, "required")) return "failed";
    return isWithin(rows, "aim") ? "aim" : "required";
  } catch (error) {
    print(`${file}  required FAIL: ${(error as Error).message}`);
    return "failed";
  }
}

/** The tolerances in the order of the file's checkpoints. */
function alignTolerances({ checkpoints, epochs }: GoldenCase, { tolerance, checkpoints: listed }: ManifestEntry) {
  if (!tolerance) throw new Error("manifest.json has no tolerance for this case");
  const align = (limit: "required" | "aim") => {
    const given = tolerance[limit];
    const pick = (name: "object" | "probe" | "loss") =>
      checkpoints.map((checkpoint, index) => {
        const value = given?.[name]?.[listed ? listed.indexOf(checkpoint.epochs) : index];
        if (value === undefined && checkpoint.epochs <= epochs)
          throw new Error(`manifest.json has no tolerance ${limit}.${name} after ${checkpoint.epochs} epochs`);
        return value ?? NaN;
      });
    return { ...given, object: pick("object"), probe: pick("probe"), loss: pick("loss") };
  };
  return { required: align("required"), aim: align("aim") };
}

async function readManifest(folder: string): Promise<Readonly<Record<string, ManifestEntry>>> {
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as { cases?: unknown } | null;
  if (typeof manifest?.cases !== "object" || manifest.cases === null) throw new Error("manifest.json has no cases");
  return manifest.cases as Record<string, ManifestEntry>;
}

function formatRow(row: Row): string {
  const errors = row.errors.map(({ name, value }) => `${name} ${formatError(value)}`).join("  ");
  const required = beyondLimit(row, "required");
  const aim = beyondLimit(row, "aim");
  const verdict = required.length > 0 ? `required FAIL (${required.join(", ")})` : "required ok";
  return `${row.label.padEnd(40)}  ${errors}  ${verdict}  ${aim.length > 0 ? `aim above (${aim.join(", ")})` : "aim met"}`;
}

function formatError(value: number): string {
  return Number.isNaN(value) ? "not comparable" : value.toExponential(1);
}
