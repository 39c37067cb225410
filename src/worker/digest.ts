// SHA-256 where the platform lends it: browsers do on secure pages only.

/** Larger inputs would have to be held in memory whole. */
const LARGEST_BYTES = 2 ** 28;

/** Lower-case hex; null where there is no way to tell. */
export async function sha256Hex(content: Blob | Uint8Array | string): Promise<string | null> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  const sizeBytes = content instanceof Blob ? content.size : content.length;
  if (!subtle || sizeBytes > LARGEST_BYTES) return null;
  const bytes =
    content instanceof Blob
      ? await content.arrayBuffer()
      : typeof content === "string"
        ? new TextEncoder().encode(content)
        : (content as Uint8Array<ArrayBuffer>);
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
