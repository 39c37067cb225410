// Keeps the picture of one measured and modelled pattern up to date, as often as costs a small part of the run's time.

import type { PatternSource } from "../data/dataset.ts";
import type { Canvas } from "../engine/canvas.ts";
import { type ComparedPattern, comparePattern } from "./compare-pattern.ts";
import type { Post, RequestId } from "./messages.ts";
import { uploadPatternImage } from "./pattern-image.ts";
import type { Previews } from "./previews.ts";

/** Part of the time that goes into comparing. */
const SHARE = 0.1;

export class PatternWatch {
  readonly #id: RequestId;
  readonly #patterns: PatternSource;
  readonly #previews: Previews;
  readonly #post: Post;
  readonly #signal: AbortSignal;
  #busy: Promise<void> | null = null;
  #nextMs = 0;
  #missed: Canvas | null = null;

  /** Nothing more is compared once `signal` is aborted. */
  constructor(id: RequestId, patterns: PatternSource, previews: Previews, post: Post, signal: AbortSignal) {
    this.#id = id;
    this.#patterns = patterns;
    this.#previews = previews;
    this.#post = post;
    this.#signal = signal;
  }

  /** Compares what the previews show once `shown` resolves, unless that is under way or was done just before. */
  look(canvas: Canvas, shown: Promise<void>): void {
    this.#missed = canvas;
    if (this.#busy || performance.now() < this.#nextMs) return;
    this.#missed = null;
    const begin = performance.now();
    this.#busy = shown
      .then(() => this.#compare(canvas))
      .catch(() => {}) // what is wrong with device or file is told by the run
      .then(() => {
        const now = performance.now();
        this.#nextMs = now + (now - begin) / SHARE;
        this.#busy = null;
      });
  }

  /** Waits for a comparison under way, and makes up for the last one that was left out. */
  async finish(): Promise<void> {
    await this.#previews.shown;
    await this.#busy;
    if (!this.#missed || this.#signal.aborted) return;
    this.#nextMs = 0;
    this.look(this.#missed, this.#previews.shown);
    await this.#busy;
  }

  async #compare(canvas: Canvas): Promise<void> {
    const { arrays, device } = this.#previews;
    if (!arrays || !device) return;
    const asked = this.#previews.settingsOf("pattern").mode;
    const pattern = Math.min(asked ?? nearestToMiddle(canvas.positionsPx), this.#patterns.count - 1);
    const compared = await comparePattern(device, arrays, this.#patterns, canvas.placement, pattern, this.#signal);
    const shape = [this.#patterns.heightPx, this.#patterns.widthPx] as const;
    this.#previews.showPattern(await uploadPatternImage(device, compared, shape));
    this.#send(pattern, compared, shape);
  }

  #send(pattern: number, { measured, modelled }: ComparedPattern, shape: readonly [number, number]): void {
    this.#post({ type: "arrays", id: this.#id, what: "pattern", pattern, measured, modelled, shape }, [
      measured.buffer,
      modelled.buffer,
    ]);
  }
}

/** Number of the position [position, 2] that lies nearest to the middle of all. */
function nearestToMiddle(positionsPx: Float64Array): number {
  const middle = [0, 0];
  const count = positionsPx.length / 2;
  for (const [index, value] of positionsPx.entries()) middle[index % 2]! += value / count;
  let nearest = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < count; index++) {
    const distance = Math.hypot(positionsPx[2 * index]! - middle[0]!, positionsPx[2 * index + 1]! - middle[1]!);
    if (distance < smallest) [smallest, nearest] = [distance, index];
  }
  return nearest;
}
