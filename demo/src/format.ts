// Numbers, sizes and times as people read them.

/** Four significant digits; powers of ten outside 0.001 ... 100,000. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e5 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

/** Short enough for the ends of a colour bar. */
export function formatTick(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-2 || size >= 1e4)) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

/** Seconds as "8 s", "3 min 20 s" or "2 h 5 min". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** Bytes as kB or MB of a thousand. */
export function formatBytes(sizeBytes: number): string {
  if (sizeBytes < 1e6) return `${Math.max(1, Math.round(sizeBytes / 1e3))} kB`;
  return `${(sizeBytes / 1e6).toFixed(sizeBytes < 1e7 ? 1 : 0)} MB`;
}

/** "64 × 64". */
export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? "scalar" : shape.join(" × ");
}
