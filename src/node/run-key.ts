// What a result depends on, as one hash: a checkpoint or a finished result belongs to a run when the keys agree.

import { createHash } from "node:crypto";
import type { ReconstructOptions } from "../options.ts";

/** Everything that decides the arrays of a result, besides the device. */
export interface RunIdentity {
  readonly inputSha256: string;
  /** Of a mask given beside the scan; null without. */
  readonly maskSha256: string | null;
  /** Of the canonical text of an explicit schedule; null when it is drawn from the seed. */
  readonly scheduleSha256: string | null;
  readonly options: ReconstructOptions;
  /** Version of this package. */
  readonly engineVersion: string | null;
}

/**
 * SHA-256 of the identity. The number of epochs is left out: a run may be continued beyond the epochs first asked for.
 * Memory limits are left out, because they do not change the numbers.
 */
export function runKey(identity: RunIdentity): string {
  return hashOf({ ...identity, options: keyOptions(identity.options) });
}

/**
 * The options that decide the arrays of a result. A profile that is left to the adapter is left out: the device is no
 * part of the key, and keys from before there were profiles stay valid.
 */
export function keyOptions(options: ReconstructOptions): Record<string, unknown> {
  const { epochs: _epochs, deviceMemoryBytes: _device, profile, data, ...others } = options;
  const { memoryBudgetBytes: _host, ...reading } = data;
  return { ...others, ...(profile ? { profile } : {}), data: reading };
}

/** SHA-256 of plain data, whatever the order of its keys. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** JSON with sorted keys and no spaces. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(",")}}`;
}
