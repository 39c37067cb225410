// Run, pause, resume, stop, and how far the run is.

import { button, element } from "./dom.ts";
import { formatNumber, formatSeconds } from "./format.ts";
import type { Message } from "./protocol.ts";
import { controlsOf, type Stage, stageWords } from "./state.ts";

export interface RunPanel {
  readonly root: HTMLElement;
  setStage(stage: Stage, detail?: string): void;
  setProgress(progress: Message<"progress"> | null): void;
}

export interface RunPanelEvents {
  onRun(): void;
  onPause(): void;
  onResume(): void;
  onStop(): void;
}

const phaseWords: Readonly<Record<Message<"progress">["phase"], string>> = {
  loading: "Loading patterns onto the adapter",
  compiling: "Compiling shaders",
  running: "Running",
  paused: "Paused",
};

/** Share of a run after which progress is said aloud again. */
const SPOKEN_SHARE = 0.1;

export function createRunPanel(events: RunPanelEvents): RunPanel {
  const run = button("Run", () => events.onRun(), { class: "primary" });
  const pause = button("Pause", () => events.onPause());
  const resume = button("Resume", () => events.onResume());
  const stop = button("Stop", () => events.onStop());
  const bar = element("progress", { max: 1, value: 0, "aria-label": "Progress of the run" });
  const status = element("p", { class: "status" });
  const spoken = element("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  const cells = ["Epoch", "Loss", "Patterns/s", "Time left"].map((term) => {
    const value = element("dd", {}, "–");
    return { value, cell: element("div", {}, element("dt", {}, term), value) };
  });
  const root = element(
    "section",
    { class: "panel run", "aria-label": "Run" },
    element("div", { class: "buttons" }, run, pause, resume, stop),
    status,
    bar,
    element("dl", { class: "facts row" }, ...cells.map(({ cell }) => cell)),
    spoken,
  );
  let stageNow: Stage = "opening";
  /** Whoever pressed a button that is of no use now waits for the next one. */
  let focusWaits = false;
  let spokenShare = 0;
  const say = (text: string) => {
    if (spoken.textContent !== text) spoken.textContent = text;
  };
  const setCells = (texts: readonly string[]) =>
    texts.forEach((text, index) => {
      cells[index]!.value.textContent = text;
    });
  return {
    root,
    setStage(stage, detail) {
      stageNow = stage;
      const can = controlsOf(stage);
      run.textContent = stage === "finished" ? "Run again" : "Run";
      const focused = document.activeElement;
      const controls = [
        [resume, can.resume],
        [pause, can.pause],
        [run, can.run],
        [stop, can.stop],
      ] as const;
      const within = controls.some(([control]) => control === focused);
      focusWaits ||= within;
      for (const [control, usable] of controls) control.disabled = !usable;
      pause.hidden = stage === "paused";
      resume.hidden = stage !== "paused";
      const usable = controls.flatMap(([control, use]) => (use ? [control] : []));
      if (focusWaits && usable[0]) {
        // it may have gone elsewhere meanwhile
        const lost = focused === document.body || (within && !usable.some((control) => control === focused));
        if (lost) usable[0].focus();
        focusWaits = false;
      }
      const text = detail ?? stageWords[stage];
      status.textContent = text;
      say(text);
    },
    setProgress(progress) {
      if (!progress) {
        bar.value = 0;
        spokenShare = 0;
        setCells(["–", "–", "–", "–"]);
        return;
      }
      const { epoch, epochs, loss, patternsPerSecond, etaSeconds, phase } = progress;
      const begun = epoch > 0;
      if (stageNow === "running" || (stageNow === "paused" && phase === "paused"))
        status.textContent = phaseWords[phase];
      bar.max = epochs;
      bar.value = epoch;
      setCells([
        `${epoch} of ${epochs}`,
        begun ? formatNumber(loss) : "–",
        begun ? formatNumber(Math.round(patternsPerSecond)) : "–",
        begun ? formatSeconds(etaSeconds) : "–",
      ]);
      if (epoch / epochs >= spokenShare + SPOKEN_SHARE && stageNow === "running") {
        spokenShare = epoch / epochs;
        say(`Epoch ${epoch} of ${epochs}, loss ${formatNumber(loss)}, ${formatSeconds(etaSeconds)} left`);
      }
    },
  };
}
