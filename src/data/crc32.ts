// CRC-32 of ZIP (reflected polynomial 0xEDB88320), eight bytes per step.

/** Continues a CRC-32: `previous` is the value over the bytes so far, 0 at the start. */
export type Crc32 = (bytes: Uint8Array, previous: number) => number;

const slices = 8;
const tables = buildTables();

/** CRC-32 of `bytes` after `previous`; unsigned 32-bit. */
export function crc32(bytes: Uint8Array, previous = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let crc = ~previous;
  let at = 0;
  for (const whole = bytes.length - (bytes.length % slices); at < whole; at += slices) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[at + 4]!]! ^
      t2[bytes[at + 5]!]! ^
      t1[bytes[at + 6]!]! ^
      t0[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = t0[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function buildTables(): Uint32Array[] {
  const first = new Uint32Array(256);
  for (let value = 0; value < 256; value++) {
    let crc = value;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    first[value] = crc;
  }
  const all = [first];
  for (let slice = 1; slice < slices; slice++) {
    const before = all[slice - 1]!;
    all.push(before.map((crc) => first[crc & 0xff]! ^ (crc >>> 8)));
  }
  return all;
}
