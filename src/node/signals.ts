// INT, TERM, HUP: the first asks the run to stop after its minibatch, the second ends the process at once. USR2 does the
// same for schedulers that warn before they pre-empt; its exit code says "run again later".

const CODES: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, SIGUSR2: 75 };

export interface StopRequest {
  readonly signal: AbortSignal;
  /** Exit code of the signal that came; null when none did. */
  readonly exitCode: number | null;
  /** Gives the signals back their usual meaning. */
  release(): void;
}

/** Listens until released; `onFirst` is told the name of the first signal. */
export function listenForStop(onFirst: (name: string) => void): StopRequest {
  const controller = new AbortController();
  let exitCode: number | null = null;
  const listener = (name: NodeJS.Signals) => {
    // no device.destroy() here: it would wait for work that runs
    if (exitCode !== null) process.exit(CODES[name] ?? 130);
    exitCode = CODES[name] ?? 130;
    onFirst(name);
    controller.abort();
  };
  const names = Object.keys(CODES) as NodeJS.Signals[];
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    release: () => {
      for (const name of names) process.off(name, listener);
    },
  };
}
