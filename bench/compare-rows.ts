// Which rows `npm run bench:compare` measures: names, the sets for a GPU and for a processor, and which epochs count.

export interface LsqmlRow {
  readonly kind: "lsqml";
  readonly id: string;
  /** Targets that the row belongs to. */
  readonly targets: readonly string[];
  readonly size: number;
  readonly modes: number;
  readonly patterns: number;
  readonly noise: "gaussian" | "poisson";
  /** best: each engine takes the batch size it is fastest with. */
  readonly batch: number | "best";
  /** Only minibatch code is compared. */
  readonly computeOnly: boolean;
}

/** From an NPZ on disk to an object in memory. */
export interface ImageRow {
  readonly kind: "image";
  readonly id: string;
  readonly targets: readonly string[];
  readonly size: number;
  readonly modes: number;
  readonly patterns: number;
  readonly storage: "stored" | "deflated";
}

/** What a minibatch costs the host, ours alone. */
export interface HostRow {
  readonly kind: "host";
  readonly id: string;
  readonly targets: readonly string[];
  readonly size: number;
  readonly modes: number;
  readonly patterns: number;
}

export type CompareRow = LsqmlRow | ImageRow | HostRow;

export const BATCH_SIZE = 96;
const TARGETS: Readonly<Record<string, readonly string[]>> = {
  "n64-m1-b96-gaussian": ["H1", "H11", "H14"],
  "n128-m1-b96-gaussian": ["H2", "H6", "H11", "H14"],
  "n128-m4-b96-gaussian": ["H3"],
  "n256-m4-b96-gaussian": ["H4", "H6"],
  "n256-m1-b96-gaussian": ["H11"],
};

function lsqml(work: Pick<LsqmlRow, "size" | "modes" | "patterns" | "noise" | "batch">): LsqmlRow {
  const batch = work.batch === "best" ? "best" : `b${work.batch}`;
  const id = `n${work.size}-m${work.modes}-${batch}-${work.noise}`;
  return { kind: "lsqml", id, targets: TARGETS[id] ?? [], ...work, computeOnly: false };
}

const computeRow: LsqmlRow = {
  ...lsqml({ size: 256, modes: 1, patterns: 4096, noise: "gaussian", batch: 512 }),
  targets: ["H5"],
  computeOnly: true,
};

const imageRows = (["stored", "deflated"] as const).map(
  (storage): ImageRow => ({
    kind: "image",
    id: `image-${storage}`,
    targets: ["H8"],
    size: 128,
    modes: 1,
    patterns: 2000,
    storage,
  }),
);

const hostRows = [64, 128].map(
  (size): HostRow => ({ kind: "host", id: `host-n${size}`, targets: ["H12"], size, modes: 1, patterns: 2000 }),
);

/** Everything; what a processor takes hours for is only measured when it is asked for by name. */
export function listRows(software: boolean): readonly CompareRow[] {
  const rows: CompareRow[] = [];
  for (const batch of [BATCH_SIZE, "best"] as const)
    for (const noise of ["gaussian", "poisson"] as const)
      for (const size of [64, 128, 256])
        for (const modes of [1, 4]) {
          const patterns = size < 256 ? 2000 : software ? 500 : 1000;
          rows.push(lsqml({ size, modes, patterns, noise, batch }));
        }
  return [...rows, computeRow, ...imageRows, ...hostRows];
}

/** What runs without being asked for: all on a GPU; on a processor what the committed table holds. */
export function isDefaultRow(row: CompareRow, software: boolean): boolean {
  if (!software) return true;
  if (row.kind === "host") return true;
  if (row.kind === "image" || row.computeOnly) return false;
  if (row.size === 256) return row.modes === 1 && row.noise === "gaussian" && row.batch === BATCH_SIZE;
  return row.batch === BATCH_SIZE ? row.noise === "gaussian" || row.modes === 1 : row.noise === "gaussian";
}

/** The row of `--quick`: whether everything works, and roughly how the two compare. */
export const quickRow: LsqmlRow = {
  ...lsqml({ size: 64, modes: 1, patterns: 384, noise: "gaussian", batch: BATCH_SIZE }),
  id: "quick",
  targets: [],
};

/**
 * Rows by target (H1), name, or the start of a name up to a hyphen (n64, n128-m4). Throws RangeError naming what fits no
 * row.
 */
export function chooseRows(rows: readonly CompareRow[], asked: readonly string[]): readonly CompareRow[] {
  const fits = (row: CompareRow, name: string) =>
    row.targets.includes(name.toUpperCase()) || `${row.id}-`.startsWith(`${name}-`);
  const unknown = asked.filter((name) => !rows.some((row) => fits(row, name)));
  if (unknown.length > 0)
    throw new RangeError(
      `no row ${unknown.join(", ")}. Rows: ${rows.map(({ id }) => id).join(" ")}; targets: ${listTargets(rows).join(" ")}`,
    );
  return rows.filter((row) => asked.some((name) => fits(row, name)));
}

function listTargets(rows: readonly CompareRow[]): string[] {
  const names = new Set(rows.flatMap(({ targets }) => targets));
  return [...names].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

/** A run of consecutive epochs, the same on both sides. */
export interface EpochSpan {
  readonly first: number;
  readonly count: number;
}

/** Epochs before the timed ones: two that warm up and a third, after which the gate is; then on until the steady ones. */
export interface EpochPlan {
  readonly warmUp: EpochSpan;
  readonly untimed: EpochSpan;
  /** What every turn runs before its timed epochs (count 0: nothing), and the timed ones. */
  readonly turns: readonly { readonly before: EpochSpan; readonly timed: EpochSpan }[];
  readonly total: number;
}

/**
 * Epochs 1 to 9 and every tenth rebuild the illumination map, and every tenth removes the ambiguity: a long run mostly has
 * others. With `steady` the timed ones are those of a decade without its first; else they follow epoch 2 directly, all
 * below 10 with the map rebuilt in each.
 */
export function planEpochs(turns: number, perTurn: number, steady: boolean): EpochPlan {
  const start = steady ? 11 : 3;
  if (perTurn > 9) throw new RangeError("at most 9 epochs a turn lie between two that rebuild the illumination map");
  let next = start;
  const planned = Array.from({ length: turns }, () => {
    const from = next;
    // the timed ones must not cross a tenth
    if (Math.floor(from / 10) !== Math.floor((from + perTurn - 1) / 10) || from % 10 === 0)
      next = 10 * Math.ceil(from / 10) + 1;
    const timed = { first: next, count: perTurn };
    next += perTurn;
    return { before: { first: from, count: timed.first - from }, timed };
  });
  return {
    warmUp: { first: 0, count: 2 },
    untimed: { first: 3, count: start - 3 },
    turns: planned,
    total: next,
  };
}
