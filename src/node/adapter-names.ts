// `--adapter NAME`: any part of any name that we print for an adapter, in capitals or not. Dawn itself compares with the
// driver's device name only, and exactly.

import type { DriverCandidate } from "./vulkan-drivers.ts";

/** Asks one driver for an adapter; with a name, for the one that Dawn knows by it. Rejects when it knows none. */
export type AskAdapter = (dawnName: string | null) => Promise<GPUAdapter | null>;

/** An adapter, or the names that a driver has instead. */
export type NamedAdapter = { readonly adapter: GPUAdapter | null } | { readonly names: readonly string[] };

/** No device is called so: Dawn then lists those it has. */
const NO_NAME = "\u0001";

/** The first adapter of a driver with `wanted` in one of its names. */
export async function findNamedAdapter(ask: AskAdapter, wanted: string, title: string): Promise<NamedAdapter> {
  const first = await ask(null);
  if (first === null || matches(first, wanted, title)) return { adapter: first };
  const names = await listDawnNames(ask);
  for (const name of names) {
    const adapter = await ask(name);
    if (adapter && (contains(name, wanted) || matches(adapter, wanted, ""))) return { adapter };
  }
  return { names: names.length > 0 ? names : [first.info.device || first.info.description] };
}

async function listDawnNames(ask: AskAdapter): Promise<string[]> {
  try {
    await ask(NO_NAME);
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [...new Set([...message.matchAll(/name: '([^']*)'/g)].map((match) => match[1]!))];
  }
}

function matches(adapter: GPUAdapter, wanted: string, title: DriverCandidate["title"]): boolean {
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description, title].some((name) => contains(name, wanted));
}

function contains(name: string, wanted: string): boolean {
  return name.toLowerCase().includes(wanted.trim().toLowerCase());
}
