// `ptycho doctor`: looks at the machine, opens the device that a run would use, tests it, and explains.

import type { SelfTestResult } from "../engine/self-test.ts";
import { gatherFacts } from "./doctor-facts.ts";
import { type DoctorReport, judgeFacts } from "./doctor-report.ts";
import { type OpenDeviceOptions, type OpenedDevice, openDevice } from "./gpu-device.ts";

export type { SelfTestResult } from "../engine/self-test.ts";
export type { DoctorFacts } from "./doctor-facts.ts";
export { type DoctorReport, formatDoctorReport, judgeFacts } from "./doctor-report.ts";

export interface DoctorOptions extends OpenDeviceOptions {
  /** Checks the opened device against known numbers; a rejection counts as a failed check. */
  readonly selfTest?: (device: GPUDevice) => Promise<readonly SelfTestResult[]>;
}

/** Gathers, opens, tests, judges. Never rejects for what it finds; `exitCode` of the report says how it went. */
export async function runDoctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  const gathered = await gatherFacts();
  let opened: OpenedDevice;
  try {
    opened = await openDevice(options);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return judgeFacts({ ...gathered, opened: { facts: null, error: error.message } });
  }
  try {
    const selfTest = options.selfTest ? await runSelfTest(options.selfTest, opened.device) : null;
    return judgeFacts({ ...gathered, opened: { facts: opened.facts, error: null } }, selfTest);
  } finally {
    opened.close();
  }
}

async function runSelfTest(
  selfTest: NonNullable<DoctorOptions["selfTest"]>,
  device: GPUDevice,
): Promise<readonly SelfTestResult[]> {
  try {
    return await selfTest(device);
  } catch (error) {
    return [{ name: "self-test", ok: false, detail: error instanceof Error ? error.message : String(error) }];
  }
}
