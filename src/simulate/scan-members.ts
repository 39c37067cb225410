// A simulated scan as the members of a contract NPZ, with truth and provenance.

import type { ComplexArray } from "../complex.ts";
import type { NpyArray } from "../data/npy-array.ts";
import { float64Scalar, numericArray, textScalar } from "../data/npy-encode.ts";
import type { SimulatedScan } from "./simulate-scan.ts";

/**
 * Members of a scan file: the data contract (diffraction, objectGuess of ones, probeGuess, xcoords, ycoords,
 * scan_index, _metadata) and the truth (truth_object, truth_probe, counts_per_unit_intensity). `_metadata` is JSON
 * without a time stamp, so that equal scans are equal files.
 */
export function scanToNpzMembers(scan: SimulatedScan, packageVersion: string): [name: string, array: NpyArray][] {
  const positions = scan.positionsPx.length / 2;
  const ones = Float32Array.from(scan.object.data, (_, i) => (i & 1 ? 0 : 1));
  return [
    ["diffraction", numericArray("float32", [positions, ...scan.patternShapePx], scan.diffraction)],
    ["objectGuess", numericArray("complex64", scan.object.shape, ones)],
    ["probeGuess", complexMember(scan.probeGuess)],
    ["xcoords", numericArray("float64", [positions], pickAxis(scan.positionsPx, 1))],
    ["ycoords", numericArray("float64", [positions], pickAxis(scan.positionsPx, 0))],
    ["scan_index", numericArray("int32", [positions], new Int32Array(positions))],
    ["truth_object", complexMember(scan.object)],
    ["truth_probe", complexMember(scan.probe)],
    ["counts_per_unit_intensity", float64Scalar(scan.countsPerUnitIntensity)],
    ["_metadata", textScalar(describeScan(scan, packageVersion))],
  ];
}

/** Single-mode probes are written without the mode axis, as the contract has them. */
function complexMember(array: ComplexArray): NpyArray {
  const shape = array.shape.length === 3 && array.shape[0] === 1 ? array.shape.slice(1) : array.shape;
  return numericArray("complex64", shape, array.data);
}

function pickAxis(positionsPx: Float64Array, axis: 0 | 1): Float64Array {
  return Float64Array.from({ length: positionsPx.length / 2 }, (_, j) => positionsPx[2 * j + axis]!);
}

function describeScan(scan: SimulatedScan, packageVersion: string): string {
  return JSON.stringify({
    schema_version: "1.0.0",
    axis_canonical: "NHW", // as many positions as pixels would be ambiguous otherwise
    creation_info: { script: "ptycho simulate", package: "ptycho-webgpu", package_version: packageVersion },
    physics_parameters: {
      nphotons: scan.options.photonsPerPattern,
      gridsize: 1,
      N: scan.patternShapePx[0],
      diffraction: "amplitude, zero frequency at (h//2, w//2), unitary norm",
      counts: "diffraction^2 * counts_per_unit_intensity",
    },
    additional_parameters: {
      simulation_type: "ptycho-webgpu simulate",
      seed: scan.seed,
      given_inputs: scan.givenInputs,
      options: scan.options,
    },
    data_transformations: [],
  });
}
