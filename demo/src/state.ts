// What the page is doing, and which steps lead from one thing to the next. Nothing here touches the page.

export type Stage =
  | "opening" // waiting for an adapter
  | "unavailable" // there is none
  | "empty" // no scan yet
  | "reading"
  | "ready" // a scan, not yet run
  | "running"
  | "paused"
  | "stopping"
  | "finished";

export type Step =
  | "device-opened"
  | "device-refused"
  | "file-chosen"
  | "file-read"
  | "file-refused"
  | "file-kept" // refused, the one before stays
  | "run"
  | "pause"
  | "resume"
  | "stop"
  | "ended"
  | "failed"
  | "worker-gone";

const everywhere: Partial<Record<Step, Stage>> = { "device-refused": "unavailable", "worker-gone": "opening" };

const steps: Readonly<Record<Stage, Partial<Record<Step, Stage>>>> = {
  opening: { "device-opened": "empty" }, // a file that is chosen meanwhile is read afterwards
  unavailable: {},
  empty: { "file-chosen": "reading" },
  reading: { "file-read": "ready", "file-refused": "empty", "file-kept": "ready", "file-chosen": "reading" },
  ready: { run: "running", "file-chosen": "reading" },
  running: { pause: "paused", stop: "stopping", ended: "finished", failed: "ready", "file-chosen": "reading" },
  paused: { resume: "running", stop: "stopping", ended: "finished", failed: "ready", "file-chosen": "reading" },
  stopping: { ended: "finished", failed: "ready", "file-chosen": "reading" },
  finished: { run: "running", "file-chosen": "reading" },
};

/** The stage after `step`; null when the step makes no sense in this stage and is to be ignored. */
export function nextStage(stage: Stage, step: Step): Stage | null {
  return steps[stage][step] ?? everywhere[step] ?? null;
}

/** A run is under way, also while paused. */
export function isActive(stage: Stage): boolean {
  return stage === "running" || stage === "paused" || stage === "stopping";
}

/** Which controls can be used. */
export function controlsOf(stage: Stage): Readonly<Record<"run" | "pause" | "resume" | "stop" | "options", boolean>> {
  return {
    run: stage === "ready" || stage === "finished",
    pause: stage === "running",
    resume: stage === "paused",
    stop: stage === "running" || stage === "paused",
    options: !isActive(stage),
  };
}

/** One sentence for the status line. */
export const stageWords: Readonly<Record<Stage, string>> = {
  opening: "Looking for a graphics adapter",
  unavailable: "No usable graphics adapter",
  empty: "Choose a scan",
  reading: "Reading the scan",
  ready: "Ready to run",
  running: "Running",
  paused: "Paused",
  stopping: "Stopping",
  finished: "Finished",
};
