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

/** Seconds that a run has to leave a checkpoint; schedulers kill after 30. */
export const STOP_SECONDS = 20;

/**
 * Listens until released; `onFirst` is told the name of the first signal. With `deadlineSeconds` the process ends so long
 * after it with the signal's code, whatever it is doing: what is on disk is whole at any instant.
 */
export function listenForStop(onFirst: (name: string) => void, deadlineSeconds: number | null = null): StopRequest {
  const controller = new AbortController();
  let exitCode: number | null = null;
  let deadline: NodeJS.Timeout | undefined;
  const listener = (name: NodeJS.Signals) => {
    // no device.destroy() here: it would wait for work that runs
    if (exitCode !== null) process.exit(CODES[name] ?? 130);
    exitCode = CODES[name] ?? 130;
    const code = exitCode;
    if (deadlineSeconds !== null) deadline = setTimeout(() => process.exit(code), 1000 * deadlineSeconds).unref();
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
      clearTimeout(deadline);
      for (const name of names) process.off(name, listener);
    },
  };
}
