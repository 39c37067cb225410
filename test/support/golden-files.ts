// Golden files that are not as they should be: a fixture, cut to its first epochs, with fields and options changed.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesAccess, type NpzFile, openNpz } from "../../src/index.ts";
import { buildZip, type Numbers, npyNumbers, npyText } from "./npz-builder.ts";

const fixtures = join(import.meta.dirname, "../../fixtures/golden");

/** A field as it will be written. */
export interface Field {
  /** `<f4`, `<c8`, ... */
  readonly descr: string;
  readonly shape: readonly number[];
  /** Complex numbers as pairs. */
  readonly numbers: Float64Array;
}

/** The fields of a case; a Uint8Array is an .npy file as it stands. */
export class CraftedCase {
  readonly fields = new Map<string, Field | Uint8Array>();
  settings: { num_epochs: number; options: Record<string, unknown>; [name: string]: unknown };

  constructor(settings: CraftedCase["settings"]) {
    this.settings = settings;
  }

  field(name: string): Field {
    return this.fields.get(name) as Field;
  }

  /** Replaces the numbers of a field, or its type and shape as well. */
  set(name: string, change: Partial<Field> | ((field: Field) => Partial<Field>)): void {
    const known = this.fields.get(name) as Field;
    this.fields.set(name, { ...known, ...(typeof change === "function" ? change(known) : change) });
  }

  /** Every number of a field through `change`. */
  map(name: string, change: (value: number, index: number) => number): void {
    this.set(name, (field) => ({ numbers: field.numbers.map(change) }));
  }

  /** Keeps the first epochs, with the checkpoints among them. */
  shorten(epochs: number): void {
    this.settings.num_epochs = epochs;
    const checkpoints = this.field("ckpt_epochs").numbers.filter((completed) => completed <= epochs).length;
    for (const name of this.fields.keys()) {
      if (name === "loss" || name === "schedule") this.keepFirst(name, epochs);
      if (name.startsWith("ckpt_")) this.keepFirst(name, checkpoints);
    }
  }

  /** Cuts the first axis. */
  keepFirst(name: string, length: number): void {
    this.set(name, ({ shape, numbers }) => ({
      shape: [length, ...shape.slice(1)],
      numbers: numbers.slice(0, (numbers.length / shape[0]!) * length),
    }));
  }

  bytes(): Uint8Array {
    if (!this.fields.has("options_json")) this.fields.set("options_json", npyText(JSON.stringify(this.settings)));
    return buildZip(
      Array.from(this.fields, ([name, field]) => ({
        name: `${name}.npy`,
        content: field instanceof Uint8Array ? field : npyNumbers(field.descr, field.shape, field.numbers as Numbers),
      })),
    );
  }
}

/** A fixture as fields that can be changed. */
export async function craftCase(fixture: string): Promise<CraftedCase> {
  const npz = await openNpz(bytesAccess(readFileSync(join(fixtures, `${fixture}.npz`)), fixture));
  const text = await npz.readArray("options_json");
  const made = new CraftedCase(JSON.parse(text.dtype === "str" ? text.data[0]! : "null"));
  for (const name of npz.names.filter((field) => field !== "options_json" && !field.startsWith("truth_")))
    made.fields.set(name, await readField(npz, name));
  return made;
}

async function readField(npz: NpzFile, name: string): Promise<Field> {
  const { data, shape } = await npz.readNumeric(name);
  const { descr } = await npz.header(name);
  return { descr, shape, numbers: Float64Array.from(data as Float32Array) };
}

/** What the fixtures' manifest says about a case. */
export function fixtureEntry(fixture: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(fixtures, "manifest.json"), "utf8")).cases[fixture];
}

/** Writes a folder with a manifest; its path. */
export function writeGoldenFolder(
  cases: Readonly<Record<string, CraftedCase | Uint8Array>>,
  manifest: Readonly<Record<string, unknown>>,
): string {
  const folder = mkdtempSync(join(tmpdir(), "ptycho-golden-"));
  for (const [name, made] of Object.entries(cases))
    writeFileSync(join(folder, `${name}.npz`), made instanceof Uint8Array ? made : made.bytes());
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ cases: manifest }));
  return folder;
}
