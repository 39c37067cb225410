// What happens between epochs: illumination map and preconditioner before, constraints after (lsqml.md sections 2.1 and 5,
// constraints.md section 1). Encodes only; the small matrices come from the host.

import { KernelLibrary } from "../gpu/kernel-library.ts";
import type { StageRecorder } from "../gpu/timing.ts";
import {
  illumination,
  illuminationMaximum,
  mixModes,
  modeProducts,
  preconditioner,
  probeIntensity,
  regionFactor,
  regionSums,
  scaleWave,
} from "../kernels/constraints.ts";
import { gatherParts } from "../kernels/directions.ts";
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
  /** D alone, from a C that was put back. */
  encodePreconditioner(recorder: StageRecorder): void;
  /** Inner products of the probe modes for the host. */
  encodeModeProducts(recorder: StageRecorder): void;
  /** Probe and, if asked, object times the factors the host has written. */
  encodeHostFactors(recorder: StageRecorder, scaleObject: boolean): void;
  /** Probe modes mixed by the matrix the host has written. */
  encodeMixing(recorder: StageRecorder): void;
  /** Object / nu, probe * nu. */
  encodeAmbiguityRemoval(recorder: StageRecorder): void;
  destroy(): void;
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
  const library = new KernelLibrary(device);

  const powers = problem.totalIntensity;
  let strongest = 0;
  for (let pattern = 0; pattern < powers.length; pattern++) strongest = Math.max(strongest, powers[pattern]!);
  const kappa = strongest / (4 * pixels * pixels);
  const bindMap = (oldWeight: number, newWeight: number) =>
    library.bind(
      { ...illumination, parts: [gatherParts[state.plan.profile.gatheredPixels]] },
      {
        params: {
          height,
          width,
          canvasHeight,
          canvasWidth,
          tilesAcross: tilesAcross(canvasWidth, state.layout.tileSide),
          oldWeight,
          newWeight,
        },
        batch: state.batches,
        buffers: {
          slots: state.allSlots,
          tiles: state.allTiles,
          intensity: state.planeScratch,
          illumination: state.illumination,
        },
      },
      { TILE_SIDE: state.layout.tileSide },
    );
  const bindScale = (wave: GPUBuffer, sampleCount: number, place: number) =>
    library.bind(scaleWave, { params: { sampleCount, factor: place }, buffers: { factors, wave } });
  const [
    squareProbe,
    firstMap,
    laterMap,
    findLargest,
    makePreconditioner,
    makeProducts,
    mix,
    sumRegion,
    solveRegion,
    scaleProbe,
    scaleObject,
    normalizeProbe,
    normalizeObject,
  ] = await Promise.all([
    library.bind(probeIntensity, {
      params: { sampleCount: pixels, usedModes: options.object.preconditionerFromAllModes ? modeCount : 1 },
      buffers: { probe, intensity: state.planeScratch },
    }),
    bindMap(0, 0.5 * (1 + kappa)),
    bindMap(0.5, 0.5),
    library.bind(illuminationMaximum, {
      params: { sampleCount: canvasPixels, laneCount },
      buffers: { illumination: state.illumination, maxima: state.maxima },
    }),
    library.bind(preconditioner, {
      params: { sampleCount: canvasPixels, laneCount, damping: options.preconditionerDamping },
      buffers: { illumination: state.illumination, maxima: state.maxima, preconditioner: state.preconditioner },
    }),
    library.bind(modeProducts, {
      params: { frame: pixels, modeCount, laneCount },
      buffers: { probe, products: state.modeProducts },
    }),
    modeCount > 1
      ? library.bind(
          mixModes,
          { params: { frame: pixels }, buffers: { mixing: state.mixing, probe } },
          { MODE_COUNT: modeCount },
        )
      : null,
    region
      ? library.bind(regionSums, {
          params: { ...region, canvasWidth, laneCount },
          buffers: { object, illumination: state.illumination, partials: state.regionPartials },
        })
      : null,
    library.bind(regionFactor, {
      params: { pixelCount: region ? region.rows * region.columns : 1, laneCount },
      buffers: { partials: state.regionPartials, factors },
    }),
    bindScale(probe, modeCount * pixels, FACTOR.hostProbe),
    bindScale(object, canvasPixels, FACTOR.hostObject),
    bindScale(probe, modeCount * pixels, FACTOR.ambiguityProbe),
    bindScale(object, canvasPixels, FACTOR.ambiguityObject),
  ]).catch((error: unknown): never => {
    library.destroy();
    throw error;
  });

  const encodePreconditioner = (recorder: StageRecorder) => {
    findLargest.encode(recorder.stage("illumination"), laneCount);
    makePreconditioner.encode(recorder.stage("illumination"), canvasPixels);
  };
  return {
    encodePreconditioner,
    encodeIllumination(recorder, first) {
      squareProbe.encode(recorder.stage("illumination"), pixels);
      (first ? firstMap : laterMap).encodeWorkgroups(
        recorder.stage("illumination"),
        state.allPatternTileGroups,
        ALL_PATTERNS_OFFSET,
      );
      encodePreconditioner(recorder);
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
    destroy: () => library.destroy(),
  };
}
