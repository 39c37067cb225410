// Membership of UNIFORM minibatches: crowded points are pushed to later pieces (spec: batching.md section 3, with exact
// distances).

const PASSES = 2;

/**
 * Swaps members between neighbouring pieces so that each piece spreads over the scan. `pieces`: a permutation, cut;
 * `positionsPx`: [position, 2] (y, x). Returns new pieces of the same sizes.
 */
export function spreadMembership(pieces: readonly Uint32Array[], positionsPx: Float64Array): Uint32Array[] {
  const spread = pieces.map((piece) => piece.slice());
  for (let i = 0; i + 1 < spread.length; i++) {
    const piece = spread[i]!;
    const next = spread[i + 1]!;
    const crowding = new CrowdingTable(piece, positionsPx);
    for (let pass = 0; pass < PASSES; pass++) {
      for (let k = 0; k < next.length; k++) {
        const member = crowding.mostCrowded();
        if (member === null) break;
        const pushed = piece[member]!;
        piece[member] = next[k]!;
        next[k] = pushed;
        crowding.replace(member);
      }
    }
  }
  return spread;
}

/**
 * Sums over a piece of 1 / distance^2 for every member (coinciding points count as infinitely far). Each member's sum
 * is the root of a binary tree, so that replacing a member costs O(size log size) and leaves no rounding behind.
 */
class CrowdingTable {
  readonly #piece: Uint32Array;
  readonly #positionsPx: Float64Array;
  readonly #leafBase: number;
  /** [member, node]: node 1 is the root, leaves start at #leafBase. */
  readonly #trees: Float64Array;

  constructor(piece: Uint32Array, positionsPx: Float64Array) {
    this.#piece = piece;
    this.#positionsPx = positionsPx;
    this.#leafBase = 2 ** Math.ceil(Math.log2(Math.max(1, piece.length)));
    this.#trees = new Float64Array(piece.length * 2 * this.#leafBase);
    for (let a = 0; a < piece.length; a++) this.#fillTree(a);
  }

  /** Member with the smallest score 1 / sum, the first on ties; null when every score is infinite. */
  mostCrowded(): number | null {
    let best: number | null = null;
    let bestScore = Number.POSITIVE_INFINITY;
    for (let a = 0; a < this.#piece.length; a++) {
      const score = 1 / this.#trees[a * 2 * this.#leafBase + 1]!;
      if (score < bestScore) {
        best = a;
        bestScore = score;
      }
    }
    return best;
  }

  /** Takes note that another pattern now stands at `member` of the piece. */
  replace(member: number): void {
    this.#fillTree(member);
    const leafBase = this.#leafBase;
    const trees = this.#trees;
    for (let a = 0; a < this.#piece.length; a++) {
      const root = a * 2 * leafBase;
      trees[root + leafBase + member] = this.#nearness(a, member);
      for (let node = (leafBase + member) >> 1; node >= 1; node >>= 1) {
        trees[root + node] = trees[root + 2 * node]! + trees[root + 2 * node + 1]!;
      }
    }
  }

  #fillTree(member: number): void {
    const leafBase = this.#leafBase;
    const tree = this.#trees.subarray(member * 2 * leafBase, (member + 1) * 2 * leafBase);
    for (let c = 0; c < this.#piece.length; c++) tree[leafBase + c] = this.#nearness(member, c);
    for (let node = leafBase - 1; node >= 1; node--) tree[node] = tree[2 * node]! + tree[2 * node + 1]!;
  }

  #nearness(a: number, c: number): number {
    const first = 2 * this.#piece[a]!;
    const second = 2 * this.#piece[c]!;
    const dy = this.#positionsPx[first]! - this.#positionsPx[second]!;
    const dx = this.#positionsPx[first + 1]! - this.#positionsPx[second + 1]!;
    const squared = dy * dy + dx * dx;
    return squared === 0 ? 0 : 1 / squared;
  }
}
