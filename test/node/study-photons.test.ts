// The dry run says where a cell's photon counts will come from: the values, or the dose where they do not show single counts.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeTinyStudy } from "../support/finished-cells.ts";
import { npyNumbers } from "../support/npz-builder.ts";
import { runHere } from "../support/run-here.ts";
import { scanFile, scanMembers, scanNumbers } from "../support/scan-files.ts";
import { eventsOf, readManifest } from "../support/study-run.ts";

const folder = mkdtempSync(join(tmpdir(), "ptycho-photons-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  writeTinyStudy(folder);
  const { count, heightPx, widthPx, patterns } = scanNumbers();
  const counts = patterns.map((_, index) => Math.sqrt((index * 7) % 5) / 30);
  const diffraction = npyNumbers("<f4", [count, heightPx, widthPx], counts);
  writeFileSync(join(folder, "phase_c/dose_1000/patched_test.npz"), scanFile({ ...scanMembers(), diffraction }));
});
const dryRun = (...argv: string[]) =>
  runHere(
    ...["study", "run", "--data-root", folder, "--artifact-root", join(folder, "out"), "--dry-run"],
    ...["--dose", "1000", "--view", "baseline", "--device", "gpu", ...argv],
  );

it("best: by the dose where single counts cannot be seen, said and recorded; fit all the same", async () => {
  const { code, out } = await dryRun();
  expect(code).toBe(0);
  expect(out).toContain("[DRY RUN] single counts cannot be seen: photons by the dose, 1000 per pattern on average\n");
  expect(out).toContain("[DRY RUN] photons as the values show them\n");
  expect(readManifest(join(folder, "out")).execution_results.map(({ photon_scale }) => photon_scale)).toEqual([
    "dose",
    "counts",
  ]);
});

it("study: the data's own scale, nothing to tell", async () => {
  const { out } = await dryRun("--preset", "study", "--json");
  const cells = eventsOf(out).filter(({ event }) => event === "dry-run");
  expect(cells.map(({ photonScale }) => photonScale)).toEqual([null, null]);
});
