// Progress of a run as messages: at once when the phase changes, otherwise not more often than a page can draw.

import type { EpochProgress } from "../engine/result.ts";
import type { Post, RequestId, RunPhase } from "./messages.ts";

const EVERY_MS = 30;
/** Weight of the newest epoch in the mean that the remaining time comes from. */
const NEWEST = 0.3;

export class RunProgress {
  readonly #id: RequestId;
  readonly #epochs: number;
  readonly #post: Post;
  #phase: RunPhase = "loading";
  #epoch = 0;
  #losses: number[] = [];
  #lastLoss = Number.NaN;
  #patternsPerSecond = Number.NaN;
  #secondsPerEpoch = Number.NaN;
  #postedMs = Number.NEGATIVE_INFINITY;

  constructor(id: RequestId, epochs: number, post: Post) {
    this.#id = id;
    this.#epochs = epochs;
    this.#post = post;
  }

  enter(phase: RunPhase): void {
    this.#phase = phase;
    this.flush();
  }

  /** An epoch has ended; its seconds leave pauses out. */
  finishEpoch({ epoch, loss, seconds, patternsPerSecond }: EpochProgress): void {
    const before = this.#secondsPerEpoch;
    this.#secondsPerEpoch = Number.isNaN(before) ? seconds : before + NEWEST * (seconds - before);
    this.#epoch = epoch + 1;
    this.#lastLoss = loss;
    this.#losses.push(loss);
    this.#patternsPerSecond = patternsPerSecond;
    if (performance.now() - this.#postedMs >= EVERY_MS || this.#epoch === this.#epochs) this.flush();
  }

  flush(): void {
    this.#postedMs = performance.now();
    this.#post({
      type: "progress",
      id: this.#id,
      epoch: this.#epoch,
      epochs: this.#epochs,
      loss: this.#lastLoss,
      losses: this.#losses,
      patternsPerSecond: this.#patternsPerSecond,
      etaSeconds: this.#secondsPerEpoch * (this.#epochs - this.#epoch),
      phase: this.#phase,
    });
    this.#losses = [];
  }
}
