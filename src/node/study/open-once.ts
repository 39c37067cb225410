// Something that is opened when first asked for and then kept.

/** Opens at the first call and gives the same to all others; after a failure the next call tries again. */
export function openOnce<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    if (opened) return opened;
    const attempt = open();
    opened = attempt;
    attempt.catch(() => {
      opened = null;
    });
    return attempt;
  };
}
