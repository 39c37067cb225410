// What the bindings of a run's kernels share.

import type { BoundKernel } from "../gpu/kernel.ts";
import type { KernelLibrary } from "../gpu/kernel-library.ts";
import { sumPartials } from "../kernels/far-field.ts";
import type { LineKernels } from "../kernels/lines.ts";
import type { LsqmlProblem } from "./problem.ts";
import type { LsqmlState } from "./state.ts";

/** What every binding shares. */
export interface KernelContext {
  readonly library: KernelLibrary;
  readonly lines: LineKernels;
  readonly problem: LsqmlProblem;
  readonly state: LsqmlState;
  readonly storeIntensity: boolean;
  readonly poisson: boolean;
  readonly pixels: number;
  readonly frame: { readonly height: number; readonly width: number };
  readonly canvas: { readonly canvasHeight: number; readonly canvasWidth: number };
  readonly tiles: { readonly tilesAcross: number };
  readonly tileSide: { readonly TILE_SIDE: number };
  readonly modes: { readonly MODE_COUNT: number };
  readonly weighted: { readonly SCALE_BY_FAR_STEP: number };
  /** Steps of the exit waves before and after each of the two Poisson passes. */
  readonly farSteps: readonly { readonly previous: GPUBuffer; readonly next: GPUBuffer }[];
}

/** Second stage of a sum per pattern. */
export function bindSum(
  { library, state }: KernelContext,
  laneCount: number,
  quantityCount: number,
  sums: GPUBuffer,
  intoStatistics: boolean,
): Promise<BoundKernel> {
  return library.bind(sumPartials, {
    params: { laneCount, quantityCount, intoStatistics: intoStatistics ? 1 : 0 },
    batch: state.batches,
    buffers: { partials: state.partials, sums },
  });
}

type AllAwaited<T> = { readonly [Key in keyof T]: Awaited<T[Key]> };

/** Awaits every value of an object at the same time. */
export async function awaitAll<T extends Record<string, unknown>>(pending: T): Promise<AllAwaited<T>> {
  const entries = await Promise.all(Object.entries(pending).map(async ([key, value]) => [key, await value] as const));
  return Object.fromEntries(entries) as AllAwaited<T>;
}
