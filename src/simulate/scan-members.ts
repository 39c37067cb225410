// A simulated scan as the members of a contract NPZ, with truth and provenance. Encoding is src/data's affair.

import type { ComplexArray } from "../complex.ts";
import type { SimulatedScan } from "./simulate-scan.ts";

/** One NPZ member; `data` is C-ordered (complex64 as re, im pairs), a string for a 0-d unicode member. */
export interface ScanMember {
  readonly name: string;
  readonly dtype: "float32" | "float64" | "int32" | "complex64" | "unicode";
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | string;
}

/**
 * Members of a scan file: the data contract (diffraction, objectGuess of ones, probeGuess, xcoords, ycoords,
 * scan_index, _metadata) and the truth (truth_object, truth_probe, counts_per_unit_intensity). `_metadata` is JSON
 * without a time stamp, so that equal scans are equal files.
 */
export function scanToNpzMembers(scan: SimulatedScan, packageVersion: string): ScanMember[] {
  const [heightPx, widthPx] = scan.patternShapePx;
  const positions = scan.positionsPx.length / 2;
  const ones = Float32Array.from(scan.object.data, (_, i) => (i & 1 ? 0 : 1));
  return [
    {
      name: "diffraction",
      dtype: "float32",
      shape: [positions, heightPx, widthPx],
      data: scan.diffraction,
    },
    { name: "objectGuess", dtype: "complex64", shape: scan.object.shape, data: ones },
    complexMember("probeGuess", scan.probeGuess),
    { name: "xcoords", dtype: "float64", shape: [positions], data: pickAxis(scan.positionsPx, 1) },
    { name: "ycoords", dtype: "float64", shape: [positions], data: pickAxis(scan.positionsPx, 0) },
    { name: "scan_index", dtype: "int32", shape: [positions], data: new Int32Array(positions) },
    complexMember("truth_object", scan.object),
    complexMember("truth_probe", scan.probe),
    {
      name: "counts_per_unit_intensity",
      dtype: "float64",
      shape: [],
      data: Float64Array.of(scan.countsPerUnitIntensity),
    },
    { name: "_metadata", dtype: "unicode", shape: [], data: describeScan(scan, packageVersion) },
  ];
}

/** Single-mode probes are written without the mode axis, as the contract has them. */
function complexMember(name: string, array: ComplexArray): ScanMember {
  const shape = array.shape.length === 3 && array.shape[0] === 1 ? array.shape.slice(1) : array.shape;
  return { name, dtype: "complex64", shape, data: array.data };
}

function pickAxis(positionsPx: Float64Array, axis: 0 | 1): Float64Array {
  return Float64Array.from({ length: positionsPx.length / 2 }, (_, j) => positionsPx[2 * j + axis]!);
}

function describeScan(scan: SimulatedScan, packageVersion: string): string {
  return JSON.stringify({
    schema_version: "1.0.0",
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
