// Runs LSQML epochs on a device: tables up, minibatches encoded, one read-back per epoch, constraints
// (lsqml.md section 2). Owns all buffers of a run.

import type { ComplexArray } from "../complex.ts";
import { BufferPool } from "../gpu/buffers.ts";
import { type DeviceWatch, watchDevice, withErrorScopes } from "../gpu/device.ts";
import { mapBuffer, readBuffer } from "../gpu/readback.ts";
import { recordTogether, type StageRecorder } from "../gpu/timing.ts";
import { planActive } from "../options.ts";
import { createGenerator, streamPurpose } from "../schedule/random.ts";
import type { EngineSnapshot } from "./checkpoint.ts";
import { type EpochOutcome, judgeEpoch, NO_BAD_MINIBATCH, sumModeProducts } from "./epoch-outcome.ts";
import { createEpochSteps, type EpochSteps, HOST_FACTORS_OFFSET } from "./epoch-steps.ts";
import { buildEpochTables, type EpochTables, type MinibatchEntry } from "./epoch-tables.ts";
import { createLsqmlSteps, type LsqmlSteps } from "./lsqml.ts";
import { orthogonalizingMatrix } from "./orthogonalize.ts";
import { loadPatterns, PatternRing } from "./pattern-upload.ts";
import type { LsqmlProblem } from "./problem.ts";
import type { PreviewSources } from "./result.ts";
import { allocateState, type EngineSettings, type LsqmlState, SAVED_NAMES } from "./state.ts";
import { SubmitQueue } from "./submit-queue.ts";

export interface EpochHooks {
  readonly onMinibatch?: (minibatch: number, minibatchCount: number, indices: Uint32Array) => void;
  readonly signal?: AbortSignal;
  /** Timed passes for benchmarks. */
  readonly record?: (encoder: GPUCommandEncoder) => StageRecorder;
  /** Stops after this many minibatches and skips the end of the epoch: for looking at intermediate results. */
  readonly stopAfterMinibatches?: number;
}

export class LsqmlEngine {
  readonly state: LsqmlState;
  /** Seconds spent compiling and loading patterns. */
  readonly seconds: { readonly compile: number; readonly load: number };
  readonly #device: GPUDevice;
  readonly #watch: DeviceWatch;
  readonly #problem: LsqmlProblem;
  readonly #epochs: number;
  readonly #steps: LsqmlSteps;
  readonly #epochSteps: EpochSteps;
  readonly #ring: PatternRing | null;
  readonly #probePower: number | null;
  readonly #staging: GPUBuffer;
  #illuminationBuilt = false;
  /** Tables of the epoch that is likely to follow, made while the device was busy. */
  #ahead: { readonly epoch: number; readonly tables: EpochTables } | null = null;

  /**
   * Allocates, compiles and loads. `epochs`: how many epochs the plan will be asked for.
   * Throws GpuError (69, 70, 75) or OptionsError; nothing is left allocated then.
   */
  static async create(
    device: GPUDevice,
    problem: LsqmlProblem,
    epochs: number,
    settings: EngineSettings = {},
  ): Promise<LsqmlEngine> {
    const watch = watchDevice(device);
    const sizes = largestEpoch(problem, epochs);
    const pool = new BufferPool(device);
    const made: { destroy(): void }[] = [pool];
    try {
      const state = await withErrorScopes(device, "buffers of the reconstruction", () =>
        allocateState(device, pool, problem, { sizes }, settings),
      );
      const begin = performance.now();
      const steps = createLsqmlSteps(device, problem, state, settings.capture ?? false);
      const epochSteps = createEpochSteps(device, problem, state);
      for (const part of await Promise.allSettled([steps, epochSteps]))
        if (part.status === "fulfilled") made.push(part.value);
      const parts = { state, steps: await steps, epochSteps: await epochSteps };
      const compiled = performance.now();
      if (state.patternsResident) await loadPatterns(device, problem.patterns, state.patterns[0]![0]!, settings.signal);
      watch.assertAlive();
      const loaded = performance.now();
      const seconds = { compile: (compiled - begin) / 1000, load: (loaded - compiled) / 1000 };
      return new LsqmlEngine(device, watch, problem, epochs, parts, seconds);
    } catch (error) {
      for (const part of made) part.destroy();
      throw error;
    }
  }

  private constructor(
    device: GPUDevice,
    watch: DeviceWatch,
    problem: LsqmlProblem,
    epochs: number,
    { state, steps, epochSteps }: { state: LsqmlState; steps: LsqmlSteps; epochSteps: EpochSteps },
    seconds: { readonly compile: number; readonly load: number },
  ) {
    this.#device = device;
    this.#watch = watch;
    this.#problem = problem;
    this.#epochs = epochs;
    this.state = state;
    this.#steps = steps;
    this.#epochSteps = epochSteps;
    this.seconds = seconds;
    this.#ring = state.patternsResident ? null : new PatternRing(device, problem.patterns, state.patterns);
    this.#staging = state.pool.readBack(
      "epoch results",
      state.losses.size + state.flags.size + state.modeProducts.size,
    );
    const { power } = problem.options.probe;
    this.#probePower = !power.enabled
      ? null
      : power.target === "median-total-intensity"
        ? median(problem.totalIntensity)
        : power.target;
  }

  /** Runs epoch `epoch` (0-based). Epochs have to be run in order. */
  async runEpoch(epoch: number, hooks: EpochHooks = {}): Promise<EpochOutcome> {
    const { options } = this.#problem;
    const device = this.#device;
    const record = hooks.record ?? recordTogether;
    const minibatches = this.#uploadTables(epoch);
    const measureOnly = epoch === 0 && options.rescaleProbeInFirstEpoch;
    const actions = {
      update: !measureOnly,
      updateObject: options.object.optimize && planActive(options.object.plan, epoch),
      updateProbe: options.probe.optimize && planActive(options.probe.plan, epoch),
    };
    const queue = new SubmitQueue(device, record, this.#minibatchesPerSubmit());
    const { encoder, recorder } = queue.open();
    const saved = this.state.saved[epoch % 2]!;
    for (const name of SAVED_NAMES) {
      encoder.copyBufferToBuffer(this.state[name], 0, saved[name], 0, saved[name].size);
    }
    if (this.#illuminationDue(epoch)) {
      this.#epochSteps.encodeIllumination(recorder, !this.#illuminationBuilt);
      this.#illuminationBuilt = true;
    }
    const stop = hooks.stopAfterMinibatches ?? Infinity;
    this.#ring?.prefetch(minibatches[0]);
    for (const minibatch of minibatches.slice(0, stop)) {
      if (hooks.signal?.aborted) return this.#abandon(queue);
      const patternSet = this.#ring ? await this.#ring.upload(minibatch) : 0;
      this.#steps.encodeMinibatch(queue.open().recorder, minibatch, { ...actions, patternSet });
      hooks.onMinibatch?.(minibatch.number, minibatches.length, minibatch.indices);
      const done = queue.minibatchDone();
      this.#ring?.prefetch(minibatches[minibatch.number + 1]);
      await done;
    }
    const needsProducts = this.#needsModeProducts(epoch);
    if (needsProducts) this.#epochSteps.encodeModeProducts(queue.open().recorder);
    const reading = this.#readEpoch(queue);
    reading.catch(() => {}); // told where it is awaited
    if (hooks.stopAfterMinibatches === undefined && epoch + 1 < this.#epochs)
      this.#ahead = { epoch: epoch + 1, tables: this.#buildTables(epoch + 1) };
    const results = await reading;
    const pixels = this.state.size.frame[0] * this.state.size.frame[1];
    const outcome = judgeEpoch(minibatches.slice(0, stop), pixels, results);
    if (outcome.firstBad || stop < Infinity) return outcome;
    this.#endEpoch(epoch, record, minibatches, results);
    return outcome;
  }

  /** [1, y, x]. `startOf`: as it was at the start of that epoch, one of the last two that were begun. */
  async readObject(startOf: number | null = null): Promise<ComplexArray> {
    const buffer = startOf === null ? this.state.object : this.state.saved[startOf % 2]!.object;
    return { shape: [1, ...this.state.size.canvasShape], data: await this.readFloats(buffer) };
  }

  /** [1, mode, y, x]. `startOf` as for the object. */
  async readProbe(startOf: number | null = null): Promise<ComplexArray> {
    const buffer = startOf === null ? this.state.probe : this.state.saved[startOf % 2]!.probe;
    return { shape: [1, this.state.size.modeCount, ...this.state.size.frame], data: await this.readFloats(buffer) };
  }

  /** Object and probe where they lie, as of the commands submitted so far. */
  arraysOnDevice(): Pick<PreviewSources, "object" | "objectShape" | "probe" | "probeShape"> {
    const { object, probe, size } = this.state;
    return { object, objectShape: size.canvasShape, probe, probeShape: [size.modeCount, ...size.frame] };
  }

  /** What a later run needs to go on from here, or from the start of an epoch as in `readObject`. */
  async readSnapshot(startOf: number | null = null): Promise<EngineSnapshot> {
    const buffers = startOf === null ? this.state : this.state.saved[startOf % 2]!;
    return {
      object: await this.readObject(startOf),
      probe: await this.readProbe(startOf),
      illumination: await this.readFloats(buffers.illumination),
      farStep: await this.readFloats(buffers.farStep),
    };
  }

  /** Puts the engine where it was after at least one finished epoch; the next epoch gives the same bits as then. */
  restore(snapshot: EngineSnapshot): void {
    const { object, probe, illumination, farStep } = this.state;
    const write = (buffer: GPUBuffer, data: Float32Array) =>
      this.#device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    write(object, snapshot.object.data);
    write(probe, snapshot.probe.data);
    write(illumination, snapshot.illumination);
    write(farStep, snapshot.farStep);
    const encoder = this.#device.createCommandEncoder({ label: "restore" });
    const recorder = recordTogether(encoder);
    this.#epochSteps.encodePreconditioner(recorder);
    recorder.end();
    this.#device.queue.submit([encoder.finish()]);
    this.#illuminationBuilt = true;
  }

  /** Contents of any buffer of the state. */
  async readFloats(buffer: GPUBuffer): Promise<Float32Array> {
    return new Float32Array(await readBuffer(this.#device, this.#watch, buffer));
  }

  /** Releases every buffer; the device stays the caller's. */
  destroy(): void {
    this.#steps.destroy();
    this.#epochSteps.destroy();
    this.#ring?.destroy();
    this.state.pool.destroy();
  }

  #buildTables(epoch: number): EpochTables {
    return buildEpochTables(this.state.layout, this.#problem.plan.minibatches(epoch), this.#stepNoise(epoch));
  }

  /** The tables themselves are not kept: those of a long scan are large. */
  #uploadTables(epoch: number): readonly MinibatchEntry[] {
    const { options } = this.#problem;
    const tables = this.#ahead?.epoch === epoch ? this.#ahead.tables : this.#buildTables(epoch);
    this.#ahead = null;
    const { queue } = this.#device;
    const write = (buffer: GPUBuffer, data: Uint8Array | Uint32Array | Float32Array) =>
      queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    write(this.state.slots, tables.slots);
    write(this.state.tiles, tables.tiles);
    // the two fixed entries stay as they are
    queue.writeBuffer(
      this.state.batches,
      512,
      tables.batches.buffer as ArrayBuffer,
      512,
      tables.batches.byteLength - 512,
    );
    write(this.state.flags, Uint32Array.of(NO_BAD_MINIBATCH, NO_BAD_MINIBATCH, 0, 0));
    if (!(epoch === 0 && options.rescaleProbeInFirstEpoch)) {
      write(this.state.patternSteps, new Float32Array(2 * this.state.size.patternCount).fill(1));
    }
    return tables.minibatches;
  }

  /** Normal perturbation of the Poisson step by pattern, from the run's seed (Box-Muller). */
  #stepNoise(epoch: number): ((pattern: number) => number) | undefined {
    const { noiseModel, poissonStepNoise, seed } = this.#problem.options;
    if (noiseModel !== "poisson" || poissonStepNoise === 0) return undefined;
    const generator = createGenerator(seed, streamPurpose.poissonStepNoise, epoch);
    const values = Float64Array.from({ length: this.state.size.patternCount }, () => {
      const radius = Math.sqrt(-2 * Math.log(1 - generator.nextUnit()));
      return poissonStepNoise * radius * Math.cos(2 * Math.PI * generator.nextUnit());
    });
    return (pattern) => values[pattern]!;
  }

  /** lsqml.md section 2.1: at first, then while d < 10 and every tenth, counted from the start of the probe's plan. */
  #illuminationDue(epoch: number): boolean {
    if (!this.#illuminationBuilt) return true;
    const since = epoch - this.#problem.options.probe.plan.start;
    return since > 0 && (since < 10 || since % 10 === 0);
  }

  #needsModeProducts(epoch: number): boolean {
    const { probe } = this.#problem.options;
    const orthogonalize =
      this.state.size.modeCount > 1 &&
      probe.orthogonalizeModes.enabled &&
      planActive(probe.orthogonalizeModes.plan, epoch);
    return orthogonalize || (this.#probePower !== null && planActive(probe.power.plan, epoch));
  }

  /** On a processor a minibatch takes long; on a GPU several go together. */
  #minibatchesPerSubmit(): number {
    if (!this.state.patternsResident) return 1;
    const [height, width] = this.state.size.frame;
    const work = this.state.layout.sliceSize * this.state.slices.length * height * width * this.state.size.modeCount;
    const wanted = this.state.plan.profile.invocations > 1 ? 2 ** 25 : 2 ** 23;
    return Math.max(1, Math.min(8, Math.floor(wanted / work)));
  }

  async #readEpoch(queue: SubmitQueue): Promise<{ losses: Float32Array; flags: Uint32Array; products: Float32Array }> {
    const { losses, flags, modeProducts } = this.state;
    const { encoder, recorder } = queue.open();
    recorder.end();
    let offset = 0;
    for (const buffer of [losses, flags, modeProducts]) {
      encoder.copyBufferToBuffer(buffer, 0, this.#staging, offset, buffer.size);
      offset += buffer.size;
    }
    queue.flush();
    const bytes = await mapBuffer(this.#watch, this.#staging);
    return {
      losses: new Float32Array(bytes, 0, losses.size / 4),
      flags: new Uint32Array(bytes, losses.size, flags.size / 4),
      products: new Float32Array(bytes, losses.size + flags.size, modeProducts.size / 4),
    };
  }

  async #abandon(queue: SubmitQueue): Promise<EpochOutcome> {
    queue.flush();
    await queue.finished();
    return { loss: NaN, minibatchLoss: new Float64Array(0), firstBad: null, unsolvedSteps: 0, finished: false };
  }

  #endEpoch(
    epoch: number,
    record: (encoder: GPUCommandEncoder) => StageRecorder,
    minibatches: readonly MinibatchEntry[],
    results: { losses: Float32Array; products: Float32Array },
  ): void {
    const { options } = this.#problem;
    const { probe, object } = options;
    const device = this.#device;
    const { modeCount } = this.state.size;
    let probeFactor = 1;
    let objectFactor = 1;
    if (epoch === 0 && options.rescaleProbeInFirstEpoch)
      probeFactor = this.#measuredFactor(minibatches, results.losses);
    const products = sumModeProducts(results.products, modeCount);
    if (this.#probePower !== null && planActive(probe.power.plan, epoch)) {
      let energy = 0;
      for (let mode = 0; mode < modeCount; mode++) energy += products[2 * (mode * modeCount + mode)]!;
      const factor = Math.sqrt(this.#probePower / (energy * probeFactor ** 2));
      if (Number.isFinite(factor) && factor > 0) {
        probeFactor *= factor;
        if (probe.power.scaleObject) objectFactor = 1 / factor;
      }
    }
    const encoder = device.createCommandEncoder({ label: `end of epoch ${epoch}` });
    const recorder = record(encoder);
    if (probeFactor !== 1 || objectFactor !== 1) {
      device.queue.writeBuffer(this.state.factors, HOST_FACTORS_OFFSET, Float32Array.of(probeFactor, objectFactor));
      this.#epochSteps.encodeHostFactors(recorder, objectFactor !== 1);
    }
    if (modeCount > 1 && probe.orthogonalizeModes.enabled && planActive(probe.orthogonalizeModes.plan, epoch)) {
      const { method, sortByOccupancy } = probe.orthogonalizeModes;
      const mixing = orthogonalizingMatrix({ size: modeCount, values: products }, method, sortByOccupancy);
      device.queue.writeBuffer(this.state.mixing, 0, Float32Array.from(mixing));
      this.#epochSteps.encodeMixing(recorder);
    }
    const ambiguity = object.removeObjectProbeAmbiguity;
    if (ambiguity.enabled && planActive(ambiguity.plan, epoch)) this.#epochSteps.encodeAmbiguityRemoval(recorder);
    recorder.end();
    device.queue.submit([encoder.finish()]);
  }

  /** sqrt(sum of measured / sum of modelled intensity) over the patterns of the epoch (lsqml.md step 3). */
  #measuredFactor(minibatches: readonly MinibatchEntry[], losses: Float32Array): number {
    let measured = 0;
    let modelled = 0;
    let slot = 0;
    for (const minibatch of minibatches) {
      for (const pattern of minibatch.indices) {
        measured += this.#problem.totalIntensity[pattern]!;
        modelled += losses[2 * slot++ + 1]!;
      }
    }
    return modelled > 0 ? Math.sqrt(measured / modelled) : 1;
  }
}

/** Minibatch sizes of the epoch that needs most room; every epoch of a plan is looked at once. */
function largestEpoch(problem: LsqmlProblem, epochs: number): number[] {
  const sizes: number[] = [];
  for (let epoch = 0; epoch < (problem.plan.sameSizes ? Math.min(1, epochs) : epochs); epoch++) {
    for (const [number, indices] of problem.plan.minibatches(epoch).entries()) {
      sizes[number] = Math.max(sizes[number] ?? 0, indices.length);
    }
  }
  return sizes;
}

function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
