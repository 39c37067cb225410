// Command buffers of an epoch: several minibatches per submit, few at first so that the device does not wait for the host,
// and at most two submits under way, so that queued work stays bounded and a stop takes effect soon.

import { awaitDevice } from "../gpu/device.ts";
import type { StageRecorder } from "../gpu/timing.ts";

export class SubmitQueue {
  readonly #device: GPUDevice;
  readonly #record: (encoder: GPUCommandEncoder) => StageRecorder;
  readonly #minibatchesPerSubmit: number;
  readonly #running: Promise<undefined>[] = [];
  #open: { encoder: GPUCommandEncoder; recorder: StageRecorder } | null = null;
  #minibatches = 0;
  #wanted = 1;

  constructor(device: GPUDevice, record: (encoder: GPUCommandEncoder) => StageRecorder, minibatchesPerSubmit: number) {
    this.#device = device;
    this.#record = record;
    this.#minibatchesPerSubmit = minibatchesPerSubmit;
  }

  /** The encoder that is being filled. Copies on it have to precede the first stage or follow recorder.end(). */
  open(): { encoder: GPUCommandEncoder; recorder: StageRecorder } {
    if (!this.#open) {
      const encoder = this.#device.createCommandEncoder();
      this.#open = { encoder, recorder: this.#record(encoder) };
    }
    return this.#open;
  }

  /** Counts a minibatch; submits when enough have been encoded and waits for the submit before the last. */
  async minibatchDone(): Promise<void> {
    this.#minibatches += 1;
    if (this.#minibatches < this.#wanted) return;
    this.#wanted = Math.min(2 * this.#wanted, this.#minibatchesPerSubmit);
    this.flush();
    const running = this.finished();
    running.catch(() => {}); // told where it is awaited; the last ones may never be
    this.#running.push(running);
    if (this.#running.length > 2) await this.#running.shift();
  }

  /** Resolves when everything submitted so far is done. Throws GpuError when the device failed or gave up. */
  finished(): Promise<undefined> {
    return awaitDevice(this.#device, "minibatches", this.#device.queue.onSubmittedWorkDone());
  }

  /** Submits what has been encoded. */
  flush(): void {
    if (!this.#open) return;
    this.#open.recorder.end();
    this.#device.queue.submit([this.#open.encoder.finish()]);
    this.#open = null;
    this.#minibatches = 0;
  }
}
