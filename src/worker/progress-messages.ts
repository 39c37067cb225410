// Progress of a run as messages: at once when the phase changes, otherwise not more often than a page can draw.

import type { RunProgress } from "../engine/result.ts";
import type { Post, RequestId, RunPhase } from "./messages.ts";

const EVERY_MS = 30;

export class ProgressMessages {
  readonly #id: RequestId;
  readonly #epochs: number;
  readonly #post: Post;
  #phase: RunPhase = "loading";
  #epoch = 0;
  #losses: number[] = [];
  #lastLoss = Number.NaN;
  #patternsPerSecond = Number.NaN;
  #etaSeconds = Number.NaN;
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

  /** An epoch has ended; the engine leaves pauses out of its times. */
  finishEpoch({ epoch, loss, patternsPerSecond, etaSeconds }: RunProgress): void {
    this.#etaSeconds = etaSeconds;
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
      etaSeconds: this.#etaSeconds,
      phase: this.#phase,
    });
    this.#losses = [];
  }
}
