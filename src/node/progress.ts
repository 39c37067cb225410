// Progress of a run: one line that is rewritten on a terminal, sparse lines in a log, JSON Lines for programs.

import type { EpochProgress } from "../engine/result.ts";
import type { CommandIo } from "./command.ts";

export type ProgressStyle = "terminal" | "log" | "json" | "quiet";

export interface ProgressReporter {
  epoch(progress: EpochProgress): void;
  /** Ends a line that is being rewritten. */
  end(): void;
}

/** Reports epochs in a style; times left come from the mean of the epochs so far. */
export function reportProgress(io: CommandIo, style: ProgressStyle): ProgressReporter {
  let elapsed = 0;
  let open = false;
  return {
    epoch(progress) {
      elapsed += progress.seconds;
      const done = progress.epoch + 1;
      const left = (elapsed / done) * (progress.epochCount - done);
      if (style === "json") {
        const { epoch, epochCount, loss, minibatchLoss, seconds, patternsPerSecond } = progress;
        const record = {
          event: "epoch",
          epoch,
          epochCount,
          loss,
          minibatchLoss: [...minibatchLoss],
          seconds,
          patternsPerSecond,
          secondsLeft: left,
        };
        io.stdout(`${JSON.stringify(record)}\n`);
      }
      const line =
        `epoch ${done}/${progress.epochCount}  loss ${progress.loss.toPrecision(5)}  ` +
        `${Math.round(progress.patternsPerSecond)} patterns/s  ${formatSeconds(left)} left`;
      if (style === "terminal") {
        io.stderr(`\r${line}\u001b[K`);
        open = true;
      } else if (
        style === "log" &&
        (done === 1 || done === progress.epochCount || done % Math.ceil(progress.epochCount / 10) === 0)
      ) {
        io.stderr(`${line}\n`);
      }
    },
    end() {
      if (open) io.stderr("\n");
      open = false;
    },
  };
}

/** "1 h 02 min", "3 min 05 s", "12 s". */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const pad = (value: number) => String(value).padStart(2, "0");
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${whole} s`;
}
