// Whether the probe windows of a scan hang together: patterns that overlap with nothing cannot be reconstructed together.

/**
 * Sizes of the groups of patterns whose windows of `heightPx` x `widthPx` overlap, directly or through others, largest
 * first. positionsPx [position, 2] (y, x).
 */
export function overlapGroups(positionsPx: Float64Array, heightPx: number, widthPx: number): number[] {
  const count = positionsPx.length / 2;
  const groups = new DisjointSets(count);
  const cells = sortIntoCells(positionsPx, heightPx / 2, widthPx / 2);
  for (const cell of cells.values()) {
    const first = cell.members[0]!;
    // Cells are half a window wide, so that everything in one overlaps.
    for (const member of cell.members) groups.join(first, member);
    for (let rows = 0; rows <= 2; rows++) {
      for (let columns = rows === 0 ? 1 : -2; columns <= 2; columns++) {
        const other = cells.get(cellKey(cell.row + rows, cell.column + columns));
        if (!other || groups.find(first) === groups.find(other.members[0]!)) continue;
        if (anyOverlap(positionsPx, cell.members, other.members, heightPx, widthPx)) {
          groups.join(first, other.members[0]!);
        }
      }
    }
  }
  return groups.sizes().sort((a, b) => b - a);
}

/** Enough positions for a mean; all of a large raster would take minutes. */
const sampledPositions = 4096;

/** Mean distance of a position to its nearest neighbour at another place, in px; null when all are at one place. */
export function meanNeighbourDistance(positionsPx: Float64Array): number | null {
  const count = positionsPx.length / 2;
  const stride = Math.ceil(count / sampledPositions);
  const order = Uint32Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => positionsPx[2 * a]! - positionsPx[2 * b]!,
  );
  let sum = 0;
  let measured = 0;
  for (let at = 0; at < count; at += stride) {
    let nearest = Number.POSITIVE_INFINITY;
    for (const step of [1, -1]) {
      for (let next = at + step; next >= 0 && next < count; next += step) {
        const dy = positionsPx[2 * order[next]!]! - positionsPx[2 * order[at]!]!;
        if (dy * dy >= nearest) break;
        const dx = positionsPx[2 * order[next]! + 1]! - positionsPx[2 * order[at]! + 1]!;
        const squared = dy * dy + dx * dx;
        if (squared > 0 && squared < nearest) nearest = squared;
      }
    }
    if (nearest === Number.POSITIVE_INFINITY) continue;
    sum += Math.sqrt(nearest);
    measured++;
  }
  return measured > 0 ? sum / measured : null;
}

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly members: number[];
}

function cellKey(row: number, column: number): string {
  return `${row},${column}`;
}

function sortIntoCells(positionsPx: Float64Array, cellHeight: number, cellWidth: number): Map<string, Cell> {
  const cells = new Map<string, Cell>();
  for (let index = 0; 2 * index < positionsPx.length; index++) {
    const row = Math.floor(positionsPx[2 * index]! / cellHeight);
    const column = Math.floor(positionsPx[2 * index + 1]! / cellWidth);
    const key = cellKey(row, column);
    const cell = cells.get(key);
    if (cell) cell.members.push(index);
    else cells.set(key, { row, column, members: [index] });
  }
  return cells;
}

function anyOverlap(
  positionsPx: Float64Array,
  first: readonly number[],
  second: readonly number[],
  heightPx: number,
  widthPx: number,
): boolean {
  return first.some((a) =>
    second.some((b) => {
      const dy = Math.abs(positionsPx[2 * a]! - positionsPx[2 * b]!);
      const dx = Math.abs(positionsPx[2 * a + 1]! - positionsPx[2 * b + 1]!);
      return dy < heightPx && dx < widthPx;
    }),
  );
}

class DisjointSets {
  private readonly parents: Uint32Array;

  constructor(count: number) {
    this.parents = Uint32Array.from({ length: count }, (_, index) => index);
  }

  find(index: number): number {
    let root = index;
    while (this.parents[root] !== root) root = this.parents[root]!;
    for (let at = index; at !== root; ) {
      const next = this.parents[at]!;
      this.parents[at] = root;
      at = next;
    }
    return root;
  }

  join(first: number, second: number): void {
    this.parents[this.find(second)] = this.find(first);
  }

  sizes(): number[] {
    const sizes = new Map<number, number>();
    for (let index = 0; index < this.parents.length; index++) {
      const root = this.find(index);
      sizes.set(root, (sizes.get(root) ?? 0) + 1);
    }
    return [...sizes.values()];
  }
}
