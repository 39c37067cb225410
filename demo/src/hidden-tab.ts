// A run waits for its reader: timers of hidden tabs are slowed down.

export interface HiddenTabRun {
  isRunning(): boolean;
  isPaused(): boolean;
  pause(): void;
  resume(): void;
}

export interface HiddenTab {
  /** Somebody has decided otherwise: what was paused here is not resumed here. */
  forget(): void;
}

/** Pauses `run` when the tab is hidden, and resumes what it paused when the tab is seen again. */
export function pauseWhileHidden(run: HiddenTabRun): HiddenTab {
  let paused = false;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && run.isRunning()) {
      run.pause();
      paused = true;
    } else if (!document.hidden) {
      if (paused && run.isPaused()) run.resume();
      paused = false;
    }
  });
  return {
    forget() {
      paused = false;
    },
  };
}
