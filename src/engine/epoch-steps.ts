// What happens between epochs: illumination map and preconditioner before, constraints after (lsqml.md sections 2.1 and 5,
// constraints.md section 1). Encodes only; the small matrices come from the host.

import { compileKernel, type KernelSpec } from "../gpu/kernel.ts";
import type { StageRecorder } from "../gpu/timing.ts";
import {
  illumination,
  illuminationMaximum,
  mixModes,
  modeProducts,
  preconditioner,
  regionFactor,
  regionSums,
  scaleWave,
} from "../kernels/constraints.ts";
import { ALL_PATTERNS_OFFSET, tilesAcross } from "./epoch-tables.ts";
import type { LsqmlProblem } from "./problem.ts";
import { type LsqmlState, REDUCTION_LANES } from "./state.ts";

/** Places in the factors buffer. */
const FACTOR = { ambiguityObject: 0, ambiguityProbe: 1, hostProbe: 2, hostObject: 3 } as const;
/** Byte offset of the host's two factors (probe, object). */
export const HOST_FACTORS_OFFSET = 4 * FACTOR.hostProbe;

export interface EpochSteps {
  /** C and D; `first` builds the map from nothing with the weight (1 + kappa) / 2 (lsqml.md section 2.1). */
  encodeIllumination(recorder: StageRecorder, first: boolean): void;
  /** Inner products of the probe modes for the host. */
  encodeModeProducts(recorder: StageRecorder): void;
  /** Probe and, if asked, object times the factors the host has written. */
  encodeHostFactors(recorder: StageRecorder, scaleObject: boolean): void;
  /** Probe modes mixed by the matrix the host has written. */
  encodeMixing(recorder: StageRecorder): void;
  /** Object / nu, probe * nu. */
  encodeAmbiguityRemoval(recorder: StageRecorder): void;
}

export async function createEpochSteps(
  device: GPUDevice,
  problem: LsqmlProblem,
  state: LsqmlState,
): Promise<EpochSteps> {
  const { options } = problem;
  const { frame, canvasShape, modeCount } = state.size;
  const [height, width] = frame;
  const [canvasHeight, canvasWidth] = canvasShape;
  const pixels = height * width;
  const canvasPixels = canvasHeight * canvasWidth;
  const laneCount = REDUCTION_LANES;
  const { region, factors, probe, object } = state;
  const compile = <Name extends string>(spec: KernelSpec<Name>, constants: Record<string, number> = {}) =>
    compileKernel(device, spec, constants);
  const [map, largest, conditioner, sums, factor, scale, products, mixer] = await Promise.all([
    compile(illumination),
    compile(illuminationMaximum),
    compile(preconditioner),
    compile(regionSums),
    compile(regionFactor),
    compile(scaleWave),
    compile(modeProducts),
    modeCount > 1 ? compile(mixModes, { MODE_COUNT: modeCount }) : null,
  ]);

  const powers = problem.totalIntensity;
  let strongest = 0;
  for (let pattern = 0; pattern < powers.length; pattern++) strongest = Math.max(strongest, powers[pattern]!);
  const kappa = strongest / (4 * pixels * pixels);
  const bindMap = (oldWeight: number, newWeight: number) =>
    map.bind({
      params: {
        height,
        width,
        canvasHeight,
        canvasWidth,
        tilesAcross: tilesAcross(canvasWidth),
        oldWeight,
        newWeight,
        usedModes: options.object.preconditionerFromAllModes ? modeCount : 1,
      },
      batch: state.batches,
      buffers: { slots: state.allSlots, tiles: state.allTiles, probe, illumination: state.illumination },
    });
  const firstMap = bindMap(0, 0.5 * (1 + kappa));
  const laterMap = bindMap(0.5, 0.5);
  const findLargest = largest.bind({
    params: { sampleCount: canvasPixels, laneCount },
    buffers: { illumination: state.illumination, maxima: state.maxima },
  });
  const makePreconditioner = conditioner.bind({
    params: { sampleCount: canvasPixels, laneCount, damping: options.preconditionerDamping },
    buffers: { illumination: state.illumination, maxima: state.maxima, preconditioner: state.preconditioner },
  });
  const makeProducts = products.bind({
    params: { frame: pixels, modeCount, laneCount },
    buffers: { probe, products: state.modeProducts },
  });
  const mix = mixer?.bind({ params: { frame: pixels }, buffers: { mixing: state.mixing, probe } });
  const sumRegion = region
    ? sums.bind({
        params: { ...region, canvasWidth, laneCount },
        buffers: { object, illumination: state.illumination, partials: state.regionPartials },
      })
    : null;
  const solveRegion = factor.bind({
    params: { pixelCount: region ? region.rows * region.columns : 1, laneCount },
    buffers: { partials: state.regionPartials, factors },
  });
  const bindScale = (wave: GPUBuffer, sampleCount: number, place: number) =>
    scale.bind({ params: { sampleCount, factor: place }, buffers: { factors, wave } });
  const scaleProbe = bindScale(probe, modeCount * pixels, FACTOR.hostProbe);
  const scaleObject = bindScale(object, canvasPixels, FACTOR.hostObject);
  const normalizeProbe = bindScale(probe, modeCount * pixels, FACTOR.ambiguityProbe);
  const normalizeObject = bindScale(object, canvasPixels, FACTOR.ambiguityObject);

  return {
    encodeIllumination(recorder, first) {
      (first ? firstMap : laterMap).encodeWorkgroups(
        recorder.stage("illumination"),
        state.allPatternTileCount,
        ALL_PATTERNS_OFFSET,
      );
      findLargest.encode(recorder.stage("illumination"), laneCount);
      makePreconditioner.encode(recorder.stage("illumination"), canvasPixels);
    },
    encodeModeProducts(recorder) {
      makeProducts.encode(recorder.stage("constraints"), ((modeCount * (modeCount + 1)) / 2) * laneCount);
    },
    encodeHostFactors(recorder, withObject) {
      scaleProbe.encode(recorder.stage("constraints"), modeCount * pixels);
      if (withObject) scaleObject.encode(recorder.stage("constraints"), canvasPixels);
    },
    encodeMixing(recorder) {
      mix?.encode(recorder.stage("constraints"), pixels);
    },
    encodeAmbiguityRemoval(recorder) {
      // an empty region (all points in one row or column) leaves nothing to normalise (constraints.md 3.11)
      if (!sumRegion) return;
      sumRegion.encode(recorder.stage("constraints"), laneCount);
      solveRegion.encodeWorkgroups(recorder.stage("constraints"), 1);
      normalizeObject.encode(recorder.stage("constraints"), canvasPixels);
      normalizeProbe.encode(recorder.stage("constraints"), modeCount * pixels);
    },
  };
}
