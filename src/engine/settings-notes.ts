// Remarks on options that have less effect than their user may think.

import type { DatasetNote } from "../data/dataset.ts";
import type { ReconstructOptions } from "../options.ts";

/** Remarks on a run of `count` patterns; `scheduled`: its minibatches come from an explicit schedule. */
export function settingsNotes(options: ReconstructOptions, count: number, scheduled: boolean): DatasetNote[] {
  const { epochs, batchSize, rescaleProbeInFirstEpoch } = options;
  const notes: DatasetNote[] = [];
  if (epochs === 1 && rescaleProbeInFirstEpoch) {
    const message =
      "one epoch only rescales the probe: the object stays as it started; ask for more epochs, or pass --no-rescale-probe-in-first-epoch";
    notes.push({ level: "warning", code: "EPOCH_ONE", message });
  }
  if (scheduled) {
    const message = "the minibatches follow the schedule: batching, batch size and seed have no part in them";
    notes.push({ level: "info", code: "SCHEDULE_SEED", message });
  } else if (batchSize > count && count > 1) {
    const message = `the batch size ${batchSize} is above the ${count} patterns: every epoch is one minibatch, so one update`;
    notes.push({ level: "info", code: "BATCH_SIZE", message });
  }
  return notes;
}
