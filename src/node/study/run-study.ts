// The orchestrator of `ptycho study run`: plan, take the root, make what is missing, then the call. It has no device itself.

import { InputError } from "../../errors.ts";
import { assertInputsPresent } from "../../jobs/build-jobs.ts";
import type { HashMemory } from "../file-hash.ts";
import type { FolderLock } from "../folder-lock.ts";
import { openLockedFolder } from "../locked-folder.ts";
import { checkOutputFolder } from "../output-folder.ts";
import type { StopRequest } from "../signals.ts";
import { lockData } from "./data-lock.ts";
import { loadHashMemory } from "./hash-memory.ts";
import { planStudy, type StudyPlan } from "./plan-study.ts";
import { listMissing, listWanted, type RegeneratedInput, regenerateMissing } from "./regenerate-missing.ts";
import { StudyCall } from "./study-call.ts";
import type { StudyReporter } from "./study-reporter.ts";
import type { StudyRunEnd, StudyRunRequest } from "./study-request.ts";

/** Runs a call on the study. Throws PtychoError when it cannot start or its records cannot be written. */
export async function runStudy(
  request: StudyRunRequest,
  stop: StopRequest,
  reporter: StudyReporter,
): Promise<StudyRunEnd> {
  const plan = await planStudy(request.selection);
  if (!request.regenerateMissing) findGap(plan, request);
  await checkOutputFolder(plan.roots.artifact, [], true);
  const folder = await openLockedFolder(plan.roots.artifact, request.breakLock);
  try {
    return await runLocked(plan, request, { lock: folder.lock, stop, reporter });
  } catch (error) {
    if (!stop.signal.aborted || (error as { name?: unknown } | null)?.name !== "AbortError") throw error;
    return { results: [], stopped: true, gap: null };
  } finally {
    // a root that this call has made and not used goes
    await folder.close();
  }
}

interface Surroundings {
  readonly lock: FolderLock;
  readonly stop: StopRequest;
  readonly reporter: StudyReporter;
}

async function runLocked(
  planned: StudyPlan,
  request: StudyRunRequest,
  { lock, stop, reporter }: Surroundings,
): Promise<StudyRunEnd> {
  const callOn = (on: StudyPlan, memory: HashMemory = new Map()) =>
    new StudyCall(request, { plan: on, memory, lock, regenerated, gap, stop, reporter });
  let plan = planned;
  let gap: string | null = null;
  const regenerated: RegeneratedInput[] = [];
  const wanted = request.regenerateMissing ? listMissing(plan) : [];
  try {
    if (wanted.length > 0 && !request.dryRun) {
      const data = await lockData(plan.roots, request.breakLock);
      try {
        // another call may have made some of it meanwhile
        const lacking = await planStudy(request.selection);
        for await (const made of regenerateMissing(lacking, stop.signal, (text) => reporter.remark(text))) {
          regenerated.push(made);
          reporter.regenerated(made);
          await data.assertHeld();
        }
      } finally {
        await data.release();
      }
      plan = await planStudy(request.selection);
    }
    if (!(request.dryRun && request.regenerateMissing)) gap = findGap(plan, request);
  } catch (error) {
    // what was made until now is on record all the same
    if (regenerated.length > 0) await callOn(await planStudy(request.selection)).recordStop();
    throw error;
  }
  const call = callOn(plan, await loadHashMemory(plan.roots.artifact));
  reporter.plan(plan, call.runId);
  for (const cell of request.dryRun ? wanted : []) reporter.remark(`would make ${cell.expectedNpz}`);
  const { takenOverFrom: earlier } = lock;
  if (earlier) {
    const fate = request.breakLock ? "was broken" : "which is gone, was taken over";
    reporter.remark(`the lock of process ${earlier.pid} on ${earlier.host}, ${fate}`);
  }
  return await call.run();
}

/** What is missing and not forgiven, in words; null when nothing is. Throws InputError (66) unless the call keeps going. */
function findGap(plan: StudyPlan, { allowed, keepGoing, regenerateMissing }: StudyRunRequest): string | null {
  try {
    // a call that makes its inputs answers for those it selects
    assertInputsPresent(regenerateMissing ? { cells: listWanted(plan) } : plan, allowed);
    return null;
  } catch (error) {
    if (!(error instanceof InputError) || !keepGoing) throw error;
    return error.message;
  }
}
