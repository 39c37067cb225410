// Files of one cell of the study.

import type { ResultNames } from "../artifacts.ts";

/** Names that Phase G looks for (study.md sections 5.7 and 6.1), and the receipt. */
export const CELL_NAMES: ResultNames = {
  arrays: "ptychi_reconstruction.npz",
  picture: "reconstruction_visualization.png",
  record: "run.json",
};

export const CELL_LOG = "ptychi.log";
