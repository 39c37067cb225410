// A finished run as the page gets it: arrays, reconstruction.npz, run.json.

import { writeNpz } from "../data/write-npz.ts";
import { formatRecord } from "../results/json-text.ts";
import { firstOprMode, resultMembers } from "../results/result-members.ts";
import { buildRunRecord, type RunFacts } from "../results/run-record.ts";
import { packageVersion } from "../results/version.generated.ts";
import { serializePlan } from "../schedule/explicit.ts";
import { sha256Hex } from "./digest.ts";
import type { FinishedResult } from "./messages.ts";

/** Pattern-epochs of a schedule that is still written out to be hashed. */
const LARGEST_SCHEDULE = 5e6;

/** Everything a page shows or saves of a run; `facts.dataset` may be closed. */
export async function buildFinishedResult(facts: RunFacts): Promise<FinishedResult> {
  const { result, dataset } = facts;
  const begin = performance.now();
  const npz = writeNpz(resultMembers(facts));
  const record = buildRunRecord(facts, {
    input: { name: dataset.name, path: null },
    scheduleSha256: await hashSchedule(facts),
    versions: { "ptycho-webgpu": packageVersion },
    writeSeconds: (performance.now() - begin) / 1000,
    files: { "reconstruction.npz": { sizeBytes: npz.length, sha256: await sha256Hex(npz) } },
    pictureError: null,
  });
  const runText = formatRecord(record).join("");
  const probe = firstOprMode(result.probe);
  const { diagnosis } = result;
  return {
    object: { shape: result.object.shape, data: result.object.data },
    probe: { shape: probe.shape, data: probe.data },
    loss: result.loss,
    npz,
    run: JSON.parse(runText) as Record<string, unknown>,
    runText,
    notes: [...dataset.notes, ...result.notes].map(({ message }) => message),
    seconds: facts.seconds.reconstruct,
    epochsCompleted: result.epochsCompleted,
    diagnosis: diagnosis && `${diagnosis.quantity} in epoch ${diagnosis.epoch + 1}: ${diagnosis.likelyCause}`,
  };
}

/** The buffers of a result that move to the page. */
export function transferOf({ object, probe, loss, npz }: FinishedResult): Transferable[] {
  return [...new Set([object.data, probe.data, loss, npz].map(({ buffer }) => buffer as ArrayBuffer))];
}

async function hashSchedule({ result, dataset }: RunFacts): Promise<string | null> {
  const epochs = Math.max(1, result.epochsCompleted);
  if (epochs * dataset.patterns.count > LARGEST_SCHEDULE) return null;
  return await sha256Hex([...serializePlan(result.plan, dataset.patterns.count, epochs)].join(""));
}
