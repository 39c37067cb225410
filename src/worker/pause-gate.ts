// Where a run waits while it is paused.

export class PauseGate {
  #release: (() => void) | null = null;
  #closed: Promise<void> | null = null;

  get paused(): boolean {
    return this.#closed !== null;
  }

  pause(): void {
    this.#closed ??= new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  resume(): void {
    this.#release?.();
    this.#release = null;
    this.#closed = null;
  }

  /** Resolves at once unless paused, else at the next `resume`. */
  async pass(): Promise<void> {
    while (this.#closed) await this.#closed;
  }
}
