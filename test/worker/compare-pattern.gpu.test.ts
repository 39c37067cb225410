// One measured pattern beside the modelled one, against the float64 reference: modes, odd sizes, packings, the border.
import { beforeAll, expect, test } from "vitest";
import { prepareProblem } from "../../src/engine/reconstruct.ts";
import { parseOptions } from "../../src/options.ts";
import { comparePattern } from "../../src/worker/compare-pattern.ts";
import { makeTinyScan, type TinyScanSettings } from "../engine/tiny-scan.ts";
import { modelIntensity } from "../reference/detector.ts";
import { placeAll, readPatch } from "../reference/placement.ts";
import { multiplyPlanes, type Shape, shiftPlane, transformForward } from "../reference/planes.ts";
import { relativeError } from "../support/closeness.ts";
import { testDevice } from "../support/gpu.ts";

let device: GPUDevice;
beforeAll(async () => {
  device = await testDevice();
});

function upload(data: Float32Array): GPUBuffer {
  const buffer = device.createBuffer({ label: "array", size: data.byteLength, usage: 0x80 | 0x8 | 0x4 });
  device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
  return buffer;
}

const cases: [string, TinyScanSettings, readonly [number, number] | null][] = [
  ["one mode", {}, null],
  ["three modes, counts", { modes: 3, packing: "uint16 intensity" }, null],
  ["an odd size, stored transposed", { frame: [15, 18], stored: "transpose", packing: "float32 intensity" }, null],
  ["a canvas that is too small", { modes: 2 }, [20, 19]],
];

for (const [name, settings, shapePx] of cases) {
  test(name, async () => {
    const { dataset, counts } = makeTinyScan(settings);
    const canvasOptions = shapePx ? { shapePx: [...shapePx] as [number, number] } : { extraPx: 6 };
    const options = parseOptions({ initialObject: "file", canvas: canvasOptions });
    const { problem, canvas } = prepareProblem(dataset, options);
    const [, modes, height, width] = problem.probe.shape as [number, number, number, number];
    const frame: Shape = [height, width];
    const arrays = {
      object: upload(problem.object.data),
      objectShape: canvas.shape,
      probe: upload(problem.probe.data),
      probeShape: [modes, height, width] as const,
      probeScale: 2,
    };
    const places = placeAll(canvas.centredPx, canvas.originPx, frame);
    for (const index of [0, 5, 11]) {
      const { measured, modelled } = await comparePattern(device, arrays, dataset.patterns, canvas.placement, index);
      const { start, fraction } = places[index]!;
      const patch = readPatch(Float64Array.from(problem.object.data), canvas.shape, start, frame);
      const waves = Array.from({ length: modes }, (_, mode) => {
        const size = 2 * height * width;
        const plane = Float64Array.from(problem.probe.data.subarray(mode * size, (mode + 1) * size));
        const shifted = mode === 0 ? shiftPlane(plane, frame, fraction) : plane;
        return transformForward(multiplyPlanes(shifted, patch), frame);
      });
      const model = modelIntensity(waves);
      const centred = Float64Array.from(model, (_, pixel) => {
        const y = (Math.floor(pixel / width) + height - Math.floor(height / 2)) % height;
        const x = ((pixel % width) + width - Math.floor(width / 2)) % width;
        return model[y * width + x]! / 4;
      });
      expect(relativeError(modelled, centred)).toBeLessThan(1e-6);
      expect(relativeError(measured, counts[index]!)).toBeLessThan(1e-6);
    }
  });
}
