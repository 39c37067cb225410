// The scripts of the workers, fetched once: a worker that died is replaced without a network.

import analysisUrl from "./analysis-worker.ts?worker&url";
import { refuse } from "./failure.ts";
import reconstructionUrl from "./worker.ts?worker&url";

export interface WorkerMakers {
  readonly reconstruction: () => Worker;
  readonly analysis: () => Worker;
}

/** Throws where a script cannot be fetched. */
export async function loadWorkers(): Promise<WorkerMakers> {
  const [reconstruction, analysis] = await Promise.all([
    loadWorker(reconstructionUrl, "reconstruction"),
    loadWorker(analysisUrl, "analysis"),
  ]);
  return { reconstruction, analysis };
}

/**
 * A worker from an address of the network has the policy that its own answer carries, and a plain web server sends none:
 * one from a blob has the page's. Vite's server for development sends it, and gives modules one by one.
 */
async function loadWorker(url: string, name: string): Promise<() => Worker> {
  if (import.meta.hot) return () => new Worker(url, { type: "module", name });
  const response = await fetch(url);
  if (!response.ok) throw refuse("PAGE_INCOMPLETE", `${url} cannot be fetched: ${response.status}`);
  const script = new Blob([await response.text()], { type: "text/javascript" });
  const address = URL.createObjectURL(script);
  return () => new Worker(address, { type: "module", name });
}
