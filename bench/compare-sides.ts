// The engines of a comparison as worker processes: ours, and pty-chi in several configurations.

import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { openNpz } from "../src/index.ts";
import { fileAccess } from "../src/node/index.ts";
import type { EngineState } from "./compare-gate.ts";
import type { CompareJob, ReferenceSettings } from "./compare-job.ts";
import type { EpochSpan } from "./compare-rows.ts";
import { JsonLineWorker, type Reply } from "./json-lines.ts";
import { pythonScript } from "./python.ts";

/** How the two sides are started. */
export interface SideChoices {
  readonly python: string;
  readonly device: string;
  readonly adapter: string | null;
  readonly driver: string | null;
  /** Where pty-chi computes. */
  readonly referenceDevice: "cpu" | "cuda";
}

export type VariantName = "default" | "best" | "double";

/** Configurations of pty-chi, by the names that tables use. */
export const variantTitles: Readonly<Record<VariantName, string>> = {
  default: "as it comes (its loader, data on the host, its default FFT precision)",
  best: "best configuration (data on the device, minibatches gathered at once, float32 FFT)",
  double: "as it comes, with double-precision FFT",
};

export function settingsOf(variant: VariantName, device: "cpu" | "cuda"): ReferenceSettings {
  return {
    device,
    threads: availableParallelism(),
    fft: variant === "best" ? "float32" : variant === "double" ? "float64" : "default",
    dataOnDevice: variant === "best" && device === "cuda",
    gathered: variant === "best",
  };
}

/** One engine in a process of its own. */
export class Side {
  readonly name: string;
  /** Null = ours. */
  readonly variant: VariantName | null;
  readonly worker: JsonLineWorker;
  readonly loss: number[] = [];
  readonly #choices: SideChoices;

  constructor(variant: VariantName | null, choices: SideChoices, env: NodeJS.ProcessEnv = process.env) {
    this.variant = variant;
    this.#choices = choices;
    this.name = variant === null ? "ours" : `pty-chi ${variant}`;
    const ours = [join(import.meta.dirname, "compare-ours.js")];
    const theirs = [pythonScript("lsqml_worker.py")];
    this.worker =
      variant === null
        ? new JsonLineWorker(this.name, process.execPath, ours, env)
        : new JsonLineWorker(this.name, choices.python, theirs, env);
  }

  ready(): Promise<Reply> {
    return this.worker.ready();
  }

  /** Loads the data and starts anew. */
  async prepare(job: JobWork): Promise<Reply> {
    this.loss.length = 0;
    const { device, adapter, driver, referenceDevice } = this.#choices;
    const reference = settingsOf(this.variant ?? "default", referenceDevice);
    const whole: CompareJob = { ...job, device, adapter, driver, reference };
    return await this.worker.call("prepare", { job: whole });
  }

  /** Seconds per epoch, and of minibatch code alone where the engine can tell. */
  async run(span: EpochSpan): Promise<{ seconds: number[]; computeSeconds: number[] | null }> {
    if (span.count === 0) return { seconds: [], computeSeconds: [] };
    const reply = await this.worker.call("epochs", { ...span });
    this.loss.push(...(reply.loss as number[]));
    return { seconds: reply.seconds as number[], computeSeconds: reply.computeSeconds as number[] | null };
  }

  async state(): Promise<EngineState> {
    const folder = await mkdtemp(join(tmpdir(), "ptycho-state-"));
    try {
      const path = join(folder, "state.npz");
      await this.worker.call("state", { path });
      const access = await fileAccess(path);
      const arrays = await openNpz(access);
      const read = async (name: string) => (await arrays.readNumeric(name)).data as Float32Array;
      const state = { object: await read("object"), probe: await read("probe"), loss: [...this.loss] };
      await access.close();
      return state;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async memory(): Promise<{ peakBytes: number; deviceBytes: number | null }> {
    const { peakBytes, deviceBytes } = await this.worker.call("memory");
    return { peakBytes: peakBytes as number, deviceBytes: deviceBytes as number | null };
  }

  close(): Promise<void> {
    return this.worker.close();
  }
}

/** What a job says about the work; the rest is how the sides are set up. */
export type JobWork = Omit<CompareJob, "device" | "adapter" | "driver" | "reference">;
