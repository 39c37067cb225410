// Made-up facts of an adapter, for tests that only read them.

import { type AdapterFacts, type DeviceLimits, LIMIT_NAMES } from "../../src/gpu/device.ts";

export function describeFacts(kind: AdapterFacts["kind"]): AdapterFacts {
  return {
    vendor: "vendor",
    architecture: "architecture",
    device: "device-name-",
    description: "description",
    driver: "driver 1.0",
    kind,
    backend: "vulkan",
    subgroupMinSize: null,
    subgroupMaxSize: null,
    limits: Object.fromEntries(LIMIT_NAMES.map((name) => [name, 2 ** 20])) as DeviceLimits,
    features: ["core-features-and-limits", "subgroups"],
  };
}
