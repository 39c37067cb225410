// How busy the machine is with other work: two engines in turn on a shared machine are not what the table promises.

import { cpus } from "node:os";

/** Share of the processor's time that everything together used within `milliseconds`, 0 to 1; null where it is not told. */
export async function measureBusyShare(milliseconds = 1000): Promise<number | null> {
  const before = sumTimes();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const after = sumTimes();
  const all = after.all - before.all;
  return all > 0 ? 1 - (after.idle - before.idle) / all : null;
}

/** Above this share measurements are shown with a warning. */
export const BUSY_LIMIT = 0.15;

function sumTimes(): { all: number; idle: number } {
  const times = cpus().map(({ times }) => times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { all, idle: times.reduce((sum, { idle }) => sum + idle, 0) };
}
