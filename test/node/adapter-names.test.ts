// Choosing an adapter by name among several of one driver; no device is needed.
import { expect, test } from "vitest";
import { findNamedAdapter } from "../../src/node/adapter-names.ts";

const adapters = [
  { dawnName: "NVIDIA RTX 3090", info: { vendor: "nvidia", architecture: "ampere", device: "rtx", description: "" } },
  { dawnName: "Radeon RX 7900", info: { vendor: "amd", architecture: "rdna-3", device: "radv", description: "Mesa" } },
];
/** As Dawn does: the first one, the one with the name in it, or an error that lists all. */
async function ask(name: string | null): Promise<GPUAdapter> {
  const found = adapters.find(({ dawnName }) => name === null || dawnName.includes(name));
  if (found) return found as unknown as GPUAdapter;
  throw new Error(`no adapter ${adapters.map(({ dawnName }) => `name: '${dawnName}'`).join("\n")}`);
}

test.each([
  ["3090", 0],
  ["nvidia", 0],
  ["AMPERE", 0],
  ["the system", 0],
  ["radeon", 1],
  ["AMD", 1],
  ["mesa", 1],
])("%s", async (wanted, index) => {
  expect(await findNamedAdapter(ask, wanted, "the system's Vulkan")).toEqual({ adapter: adapters[index] });
});

test("a name that none has: all names", async () => {
  expect(await findNamedAdapter(ask, "arc", "system")).toEqual({ names: ["NVIDIA RTX 3090", "Radeon RX 7900"] });
});

test("a driver without an adapter has no names either", async () => {
  expect(await findNamedAdapter(async () => null, "arc", "system")).toEqual({ adapter: null });
});
