// The mean pattern from a few patterns, for questions that need no more: where the light lies.

import type { DatasetNote, PatternSource } from "./dataset.ts";
import type { Centring } from "./inspect-patterns.ts";

const sampledPatterns = 16;

/** Sum of the intensity per pixel, in storage order, over patterns spread over the scan. */
export async function sampleIntensity(patterns: PatternSource): Promise<Float64Array> {
  const { count, sampleType, quantity, heightPx, widthPx, patternBytes } = patterns;
  const sum = new Float64Array(heightPx * widthPx);
  const sampled = Math.min(sampledPatterns, count);
  const bytes = new Uint8Array(patternBytes);
  const values = sampleType === "uint16" ? new Uint16Array(bytes.buffer) : new Float32Array(bytes.buffer);
  for (let sample = 0; sample < sampled; sample++) {
    await patterns.read([Math.floor((sample * count) / sampled)], bytes);
    for (let pixel = 0; pixel < sum.length; pixel++) {
      const value = values[pixel]!;
      sum[pixel]! += quantity === "amplitude" ? value * value : value;
    }
  }
  return sum;
}

/** A warning when the patterns look as if they still needed an fftshift. */
export function cornerNotes(centring: Centring | null, field: string): DatasetNote[] {
  if (!centring?.cornerCentred) return [];
  const message = `${field}: the corners of the mean pattern are brighter than its middle, but zero frequency is taken at (${centring.expectedPx.join(", ")}): apply np.fft.fftshift to the two pixel axes and save the file again`;
  return [{ level: "warning", code: "PATTERN_CORNERS", message }];
}
