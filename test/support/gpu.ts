// The device of the GPU test suites: one per test file, on a software adapter unless told otherwise.

import { type OpenedDevice, openDevice } from "../../src/node/gpu-device.ts";

let opened: Promise<OpenedDevice> | null = null;

/**
 * Opens the test file's device, or gives the one it has; rejects, so that the suite fails, when there is no adapter.
 * PTYCHO_TEST_DRIVER=lavapipe|swiftshader picks the driver (lavapipe with PTYCHO_LAVAPIPE=DIR, as unpacked by
 * lavapipe.sh, or with the variables of its env.sh); without it: what `--device software` gives.
 * PTYCHO_TEST_DEVICE=gpu takes a hardware adapter instead.
 */
export function openTestDevice(): Promise<OpenedDevice> {
  const driver = process.env.PTYCHO_TEST_DRIVER;
  const device = process.env.PTYCHO_TEST_DEVICE === "gpu" ? "gpu" : "software";
  return (opened ??= openDevice({ device, ...(driver ? { driver } : {}) }));
}

/** The device alone. It lives as long as the test process; do not destroy it. */
export async function testDevice(): Promise<GPUDevice> {
  return (await openTestDevice()).device;
}
