// Numbers and fields of the ZIP format (APPNOTE 6.3.10) that reader and writer share.

export const localSignature = 0x04034b50;
export const centralSignature = 0x02014b50;
export const endSignature = 0x06054b50;
export const zip64EndSignature = 0x06064b50;
export const zip64LocatorSignature = 0x07064b50;
export const descriptorSignature = 0x08074b50;

export const localHeaderBytes = 30;
export const centralHeaderBytes = 46;
export const endBytes = 22;
export const zip64EndBytes = 56;
export const zip64LocatorBytes = 20;

export const methodStored = 0;
export const methodDeflated = 8;
export const flagEncrypted = 1;
export const flagDescriptor = 8;
export const zip64ExtraId = 1;
export const sentinel16 = 0xffff;
export const sentinel32 = 0xffffffff;

/** A view over the bytes of an array, wherever they lie in its buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An unsigned 64-bit field as a number, or null from 2^53 on, where numbers stop being exact. */
export function readUint64(view: DataView, at: number): number | null {
  const value = view.getBigUint64(at, true);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null;
}

/**
 * The 64-bit values of a ZIP64 extra field, in file order; null when there is none. `wanted` limits how many are read,
 * because the fields after them have other widths.
 */
export function readZip64Extra(extra: Uint8Array, wanted: number): (number | null)[] | null {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === zip64ExtraId && at + 4 + length <= extra.length) {
      const values: (number | null)[] = [];
      for (let index = 0; index < wanted && (index + 1) * 8 <= length; index++) {
        values.push(readUint64(view, at + 4 + index * 8));
      }
      return values;
    }
    at += 4 + length;
  }
  return null;
}
