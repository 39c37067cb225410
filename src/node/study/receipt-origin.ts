// What a finished result was made with, against what a call asks for.

import { resolve } from "node:path";
import { type PresetName, presetNames, presetOptions } from "../../jobs/presets.ts";
import { parseOptions, type ReconstructOptions } from "../../options.ts";
import { type HashMemory, sameStamp, stampFile } from "../file-hash.ts";
import { hashOf, keyOptions, runKey } from "../run-key.ts";
import type { Receipt } from "../run-receipt.ts";
import { CELL_NAMES } from "./cell-files.ts";

/** What a call asks of a cell; null = not known. */
export interface WantedRun {
  readonly dose: number;
  readonly seed: number;
  readonly preset: string | null;
  readonly epochs: number | null;
  readonly engineVersion: string | null;
  readonly inputNpz: string | null;
}

/** The preset whose options a result has; null when it is of none that this version knows. */
export function presetOf({ record }: Receipt, dose: number): PresetName | null {
  const found = hashOf(keyOptions(record.options as unknown as ReconstructOptions));
  const fits = (preset: PresetName) => found === presetHash(preset, dose, record.seed);
  return presetNames.find(fits) ?? null;
}

/**
 * How a result differs from what a call asks for, as far as that is known, in words; empty when it does not. Nothing is
 * hashed: of an input counts what `memory` knows of the file as it is now.
 */
export async function describeMismatch(receipt: Receipt, wanted: WantedRun, memory: HashMemory): Promise<string[]> {
  const { record } = receipt;
  const { dose, seed, preset, epochs, engineVersion } = wanted;
  const differs: string[] = [];
  const found = presetOf(receipt, dose);
  const known = presetNames.find((name) => name === preset);
  if (known && found !== known) differs.push(found === null ? "other options" : `preset ${found}, not ${known}`);
  if (record.seed !== seed) differs.push(`seed ${record.seed}, not ${seed}`);
  if (epochs !== null && receipt.epochs !== epochs) differs.push(`${receipt.epochs} epochs, not ${epochs}`);
  const version = versionOf(receipt);
  if (version !== null && engineVersion !== null && version !== engineVersion) {
    differs.push(`engine version ${version}, not ${engineVersion}`);
  }
  if (await hasOtherInput(receipt, wanted.inputNpz, memory)) differs.push("the input has changed");
  // the parts agree with themselves only when nobody has edited the record and no mask or schedule came in
  if (receipt.inputSha256 !== null && version !== null && keyOfRecord(receipt, version) !== receipt.key) {
    differs.push("a key that is not that of its record");
  }
  if (!Object.hasOwn(receipt.files, CELL_NAMES.arrays)) differs.push("files of another command");
  return differs;
}

function presetHash(preset: PresetName, dose: number, seed: number): string {
  // the number of epochs is no part of it
  return hashOf(keyOptions(parseOptions(presetOptions(preset, { dose, epochs: 1, seed }))));
}

function versionOf({ record }: Receipt): string | null {
  const version = (record.versions as Record<string, unknown> | undefined)?.["ptycho-webgpu"];
  return typeof version === "string" ? version : null;
}

function keyOfRecord({ record, inputSha256 }: Receipt, engineVersion: string): string {
  const options = record.options as unknown as ReconstructOptions;
  return runKey({ inputSha256: inputSha256!, maskSha256: null, scheduleSha256: null, options, engineVersion });
}

async function hasOtherInput(receipt: Receipt, path: string | null, memory: HashMemory): Promise<boolean> {
  const stamp = path === null ? null : await stampFile(path).catch(() => null);
  if (!stamp) return false;
  const { sizeBytes } = receipt.record.input;
  if (typeof sizeBytes === "number" && sizeBytes !== stamp.sizeBytes) return true;
  const known = memory.get(resolve(path!));
  return known !== undefined && sameStamp(known, stamp) && known.sha256 !== receipt.inputSha256;
}
