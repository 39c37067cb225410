// One call for programs: the files that `ptycho reconstruct` writes.

import type { Dataset } from "../data/dataset.ts";
import type { ReconstructResult } from "../engine/result.ts";
import { RESULT_NAMES, writeArtifacts } from "./artifacts.ts";
import type { OpenedDevice } from "./gpu-device.ts";
import { checkOutputFolder, createOutputFolder } from "./output-folder.ts";

/** A finished run and what it ran on. */
export interface SavedRun {
  readonly result: ReconstructResult;
  readonly dataset: Dataset;
  readonly opened: Pick<OpenedDevice, "facts">;
  /** File of an explicit schedule or of a mask given beside the scan, for the record. */
  readonly scheduleFile?: string;
  readonly maskFile?: string;
}

/**
 * Writes reconstruction.npz, reconstruction.png and run.json into a folder, which is made where it is missing; all of them
 * or none. Gives their paths. Throws OutputError (74), also when the folder holds a result and `overwrite` is not set.
 */
export async function saveResult(
  folder: string,
  run: SavedRun,
  options: { readonly overwrite?: boolean } = {},
): Promise<string[]> {
  const overwrite = options.overwrite ?? false;
  await checkOutputFolder(folder, Object.values(RESULT_NAMES), overwrite);
  const prepared = await createOutputFolder(folder);
  const { compile, load, compute } = run.result.seconds;
  const facts = {
    result: run.result,
    dataset: run.dataset,
    adapter: run.opened.facts,
    seconds: { read: null, open: null, reconstruct: compile + load + compute },
    key: null,
    resumed: null,
    scheduleFile: run.scheduleFile ?? null,
    maskFile: run.maskFile ?? null,
    finishedAt: new Date(),
  };
  try {
    const { files } = await writeArtifacts(prepared.path, facts, { overwrite });
    return files.map(({ path }) => path);
  } catch (error) {
    await prepared.discard();
    throw error;
  }
}
