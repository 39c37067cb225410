import { expect, test } from "vitest";
import { buildInputs, caseDesigns } from "../../bench/golden-inputs.ts";

test.each(caseDesigns.map((design, index) => [design.name, design, index] as const))(
  "%s: whole minibatches, patches on the canvas, names and checkpoints of its own",
  (name, design, index) => {
    const inputs = new Map(buildInputs(design, index));
    const numbers = (member: string) => Array.from(inputs.get(member)!.data as ArrayLike<number>);
    const [epochs, minibatches, size] = inputs.get("schedule")!.shape as [number, number, number];
    const [count, height, width] = inputs.get("diffraction")!.shape as [number, number, number];
    expect(epochs).toBe(design.epochs);
    const schedule = numbers("schedule");
    for (let epoch = 0; epoch < epochs; epoch++) {
      const listed = schedule.slice(epoch * minibatches * size, (epoch + 1) * minibatches * size);
      const used = listed.filter((i) => i >= 0).sort((a, b) => a - b);
      expect(used).toEqual(Array.from({ length: count }, (_, i) => i));
    }
    expect(Math.max(...design.checkpoints)).toBe(epochs);
    const positions = numbers("positions_yx_px");
    const fractions = new Set(positions.map((value) => Math.abs(value - Math.trunc(value))));
    if (design.placing === "whole") expect([...fractions]).toEqual([0]);
    if (design.placing === "half") expect([...fractions]).toEqual([0.5]);
    // all light is on the canvas: what the patterns see is what the probe has
    const energy = (values: number[]) => values.reduce((sum, value) => sum + value * value, 0);
    const light = numbers("illumination").reduce((sum, value) => sum + value, 0);
    expect(light / (count * energy(numbers("truth_probe")))).toBeCloseTo(1, 4);
    // and the start is bright as the data
    const measured = energy(numbers("diffraction")) / count / (height * width);
    expect(energy(numbers("probe_initial")) / measured).toBeGreaterThan(0.5);
    expect(energy(numbers("probe_initial")) / measured).toBeLessThan(3);
    expect(JSON.parse((inputs.get("options_json")!.data as string[])[0]!).case).toBe(name);
  },
);

test("names differ", () => {
  expect(new Set(caseDesigns.map(({ name }) => name)).size).toBe(caseDesigns.length);
});
