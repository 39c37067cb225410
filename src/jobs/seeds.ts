// Seeds of cells, exactly specified, so that every cell has its own order of minibatches and a rerun the same one.

/** How a cell's seed comes about; written into the manifest. */
export const seedRule =
  'murmur3 fmix32 of FNV-1a-32 over the UTF-8 bytes of "ptycho-study|<base seed>|<dose>|<view>|<split>"';

/**
 * Seed of one cell: FNV-1a with 32 bits (offset basis 2166136261, prime 16777619) over the text
 * `ptycho-study|<baseSeed>|<dose>|<view>|<split>`, numbers as ECMAScript prints them (1000, 0.5), then the finaliser of
 * MurmurHash3 (x ^= x >>> 16, x *= 0x85ebca6b, x ^= x >>> 13, x *= 0xc2b2ae35, x ^= x >>> 16), all modulo 2^32.
 * `baseSeed`: integer in [0, 2^32). The same for every preset and machine.
 */
export function deriveSeed(baseSeed: number, dose: number, view: string, split: string): number {
  const text = `ptycho-study|${baseSeed}|${dose}|${view}|${split}`;
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
