// Bytes and operations by model (performance.md sections 1.3 and 3.3), u = 8 N^2 bytes: one complex plane of a pattern.
// A stage's bytes are what its own inputs and outputs come to when each is moved once, with transforms in two passes;
// what all patterns share (probe, object) counts once per minibatch, because caches hold it.

/** What the cost of an epoch depends on. */
export interface Workload {
  /** Pixels per side of a pattern. */
  readonly size: number;
  readonly modes: number;
  readonly noise: "gaussian" | "poisson";
  /** Bytes of a measured pixel. */
  readonly sampleBytes: number;
  readonly canvasPixels: number;
  /** Per minibatch: its patterns, and object pixels that any of them touches. */
  readonly minibatches: readonly { readonly patterns: number; readonly objectPixels: number }[];
}

export interface Cost {
  readonly bytes: number;
  readonly flops: number;
}

/** Bytes of a complex plane of N x N numbers: the unit u. */
export function planeBytes(size: number): number {
  return 8 * size * size;
}

/** Least bytes of a 2-D transform in two passes: rows read and written, columns read and written. */
export function fftBytes(size: number): number {
  return 4 * planeBytes(size);
}

/** Operations of a complex 2-D transform as they are usually counted: 5 n log2 n per axis. */
export function fftFlops(size: number): number {
  return 10 * size * size * Math.log2(size);
}

/**
 * Planes that a fused engine has to read and write per pattern, sub-pixel shift of mode 0 included (performance.md 3.3):
 * with transforms in two passes, or with a pattern that stays on chip.
 */
export function leastPlanes(modes: number, design: "two-pass" | "resident"): number {
  const gradient = modes > 1 ? 1 : 0; // of the patch, summed over modes
  return design === "two-pass" ? 6 * modes + 2.5 + gradient + 4 : 2 * modes + 2.5 + gradient + 2;
}

/** One minibatch in the terms of the formulas below. */
interface Terms {
  /** Patterns. */
  readonly B: number;
  readonly M: number;
  /** Pixels of a pattern. */
  readonly P: number;
  /** Bytes of a plane. */
  readonly u: number;
  /** Touched object pixels. */
  readonly C: number;
  /** Bytes of the minibatch's measured patterns. */
  readonly data: number;
  /** Operations of one transform. */
  readonly fft: number;
  readonly poisson: boolean;
}

interface StageModel {
  /** How often per epoch; the terms are then those of a minibatch, or of the whole canvas. */
  readonly per: "minibatch" | "epoch";
  readonly bytes: (terms: Terms) => number;
  readonly flops: (terms: Terms) => number;
}

/** Operations of a phase ramp (lib/shift-ramp.wgsl): frequency 3, angle and square 2, sine 9, versine 9, the square 6. */
const RAMP = 29;

/** By the names that the engine gives its stages. A stage that is not here has no model. */
export const STAGE_MODELS: Readonly<Record<string, StageModel>> = {
  "probe spectrum": { per: "minibatch", bytes: ({ u }) => 4 * u, flops: ({ fft }) => fft },
  // spectrum read, ramps computed; columns written
  "shift probe": {
    per: "minibatch",
    bytes: ({ B, u }) => B * u + u,
    flops: ({ B, P, fft }) => B * (fft / 2 + (RAMP + 12) * P),
  },
  // columns read, shifted probe and rows written; other modes: probe read, rows written; object read
  "exit wave": {
    per: "minibatch",
    bytes: ({ B, M, u, C }) => B * (2 + M) * u + (M - 1) * u + 8 * C,
    flops: ({ B, M, P, fft }) => B * ((fft / 2) * (M + 1) + 6 * M * P),
  },
  // rows read, written back as columns; Poisson: waves wait, intensity written and read, waves read and written twice more
  detector: {
    per: "minibatch",
    bytes: ({ B, M, u, P, data, poisson }) => B * 2 * M * u + data + 4 * P + (poisson ? B * (5 * M + 1) * u + data : 0),
    flops: ({ B, M, P, fft, poisson }) => B * (M * fft + P * (6 * M + 10 + (poisson ? 6 : 0))),
  },
  losses: { per: "minibatch", bytes: ({ B }) => 8 * B, flops: ({ B }) => 2 * B },
  // two rounds over modelled intensity and measured patterns
  "poisson steps": {
    per: "minibatch",
    bytes: ({ B, u, data }) => 2 * (B * 0.5 * u + data),
    flops: ({ B, P }) => 2 * 12 * B * P,
  },
  // columns read, chi written; mode 0: object read, rows of the gradient written
  chi: {
    per: "minibatch",
    bytes: ({ B, M, u, C }) => B * (2 * M + 1) * u + 8 * C,
    flops: ({ B, M, P, fft }) => B * ((fft / 2) * (M + 1) + 6 * P),
  },
  // rows of the gradient read, ramps computed; chi of other modes and object read; one transform and the directions written
  "probe direction": {
    per: "minibatch",
    bytes: ({ B, M, u, C }) => B * M * u + (M > 1 ? 8 * C : 0) + M * u + 4 * u,
    flops: ({ B, M, P, fft }) => B * (fft / 2 + P * (RAMP + 14 + 8 * (M - 1))) + fft,
  },
  // chi, shifted probe, other modes and preconditioner read; directions written, of mode 0 and of all if there are more
  "object gradient": {
    per: "minibatch",
    bytes: ({ B, M, u, C }) => B * (M + 1) * u + (M - 1) * u + (4 + 8 * Math.min(M, 2)) * C,
    flops: ({ B, M, P, C }) => 8 * B * M * P + 4 * C,
  },
  // chi and shifted probe of mode 0, object and directions read
  "step sums": {
    per: "minibatch",
    bytes: ({ B, u, C }) => 2 * B * u + 16 * C + u,
    flops: ({ B, P }) => 32 * B * P,
  },
  // six sums, two steps and a few words of each pattern
  "step sizes": { per: "minibatch", bytes: ({ B }) => 64 * B, flops: ({ B }) => 40 * B },
  // object and probe read, added to, written
  "apply update": {
    per: "minibatch",
    bytes: ({ M, u, C }) => 32 * C + 3 * M * u,
    flops: ({ M, P, C }) => 4 * (C + M * P),
  },
  // products of modes, factors and mixing of the probe; sums over the object, and its scaling
  constraints: {
    per: "epoch",
    bytes: ({ M, u, C }) => (M > 1 ? 7 : 5) * M * u + 28 * C,
    flops: ({ M, P, C }) => (4 * M * (M + 1) + (M > 1 ? 8 * M * M : 0) + 4 * M) * P + 8 * C,
  },
};

/** Cost of a stage in one epoch; null for a stage without a model. */
export function stageCost(stage: string, workload: Workload): Cost | null {
  const model = Object.hasOwn(STAGE_MODELS, stage) ? STAGE_MODELS[stage]! : null;
  if (!model) return null;
  const parts = model.per === "epoch" ? [{ patterns: 0, objectPixels: workload.canvasPixels }] : workload.minibatches;
  let [bytes, flops] = [0, 0];
  for (const { patterns, objectPixels } of parts) {
    const terms = termsOf(workload, patterns, objectPixels);
    bytes += model.bytes(terms);
    flops += model.flops(terms);
  }
  return { bytes, flops };
}

function termsOf({ size, modes, noise, sampleBytes }: Workload, patterns: number, objectPixels: number): Terms {
  return {
    B: patterns,
    M: modes,
    P: size * size,
    u: planeBytes(size),
    C: objectPixels,
    data: patterns * size * size * sampleBytes,
    fft: fftFlops(size),
    poisson: noise === "poisson",
  };
}
