import { expect, it } from "vitest";
import { settingsNotes } from "../../src/engine/settings-notes.ts";
import { parseOptions, type ReconstructOptionsInput } from "../../src/options.ts";

const codes = (options: ReconstructOptionsInput, scheduled = false) =>
  settingsNotes(parseOptions(options), 40, scheduled).map(({ level, code }) => `${level} ${code}`);

it("nothing is said about settings that do what they say", () => expect(codes({ batchSize: 40 })).toEqual([]));

it("one epoch that only rescales the probe", () => {
  expect(codes({ epochs: 1, batchSize: 10 })).toEqual(["warning EPOCH_ONE"]);
  expect(codes({ epochs: 2, batchSize: 10 })).toEqual([]);
  expect(codes({ epochs: 1, batchSize: 10, rescaleProbeInFirstEpoch: false })).toEqual([]);
});

it("minibatches larger than the scan", () => expect(codes({ batchSize: 41 })).toEqual(["info BATCH_SIZE"]));

it("an explicit schedule takes batch size and seed out of play", () =>
  expect(codes({ batchSize: 41, seed: 4 }, true)).toEqual(["info SCHEDULE_SEED"]));
