// A device from what a browser offers.

import { GpuError } from "../errors.ts";
import {
  type AdapterFacts,
  describeAdapter,
  deviceFeaturesToRequest,
  deviceLimitsToRequest,
  watchDevice,
} from "./device.ts";

export interface OpenedGpu {
  readonly device: GPUDevice;
  readonly facts: AdapterFacts;
  /** Gives the device back. */
  readonly close?: () => void;
}

/**
 * Opens the fastest adapter with all limits it has that matter. `gpu` is `navigator.gpu`, undefined where the browser
 * has none. Throws GpuError GPU_NONE (69) with what to do, or GPU_LOST (75) when the device is refused or gone at once.
 */
export async function openBrowserDevice(gpu: GPU | undefined): Promise<OpenedGpu> {
  if (!gpu) {
    throw new GpuError("GPU_NONE", "this browser offers no WebGPU here", {
      remedy:
        "Use Chrome or Edge 132 or later, Safari 26 or Firefox 141 or later, and open the page over https or from localhost",
    });
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new GpuError("GPU_NONE", "the browser has WebGPU, but no adapter for it", {
      remedy: "Update the graphics driver, turn on hardware acceleration in the browser's settings and restart it",
    });
  }
  const device = await adapter
    .requestDevice({
      label: "ptycho-webgpu",
      requiredLimits: deviceLimitsToRequest(adapter),
      requiredFeatures: deviceFeaturesToRequest(adapter),
    })
    .catch((error: unknown) => {
      const got = error instanceof Error ? error.message : String(error);
      throw new GpuError("GPU_LOST", "the adapter gave no device", { got, remedy: "Reload the page" }, 75, error);
    });
  if (!device.adapterInfo) {
    device.destroy();
    throw new GpuError("GPU_NONE", "this browser's WebGPU does not say what adapter it uses", {
      remedy: "Use Chrome or Edge 132 or later, Safari 26 or Firefox 141 or later",
    });
  }
  const watch = watchDevice(device);
  await new Promise((resolve) => setTimeout(resolve, 0)); // a device may be given that is lost already
  watch.assertAlive();
  return { device, facts: describeAdapter(device), close: () => device.destroy() };
}
