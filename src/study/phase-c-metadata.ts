// `_metadata` of Phase C files: the original's keys, what became of the data stage by stage, and what it left out:
// the scale of the amplitudes and the seeds.

import { splitFraction } from "./design.ts";
import type { DoseFacts, PhaseCPlan } from "./phase-c.ts";

/** Name of the command in records. */
export const generateTool = "ptycho study generate";

/** A step that the data went through. */
export interface TransformationRecord {
  readonly tool: string;
  readonly timestamp: null;
  readonly operation: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/**
 * The metadata as plain data. Times and host are null, because equal inputs must give equal bytes; `generate.json` has the
 * time.
 */
export function describePhaseC(plan: PhaseCPlan, facts: DoseFacts, packageVersion: string): Record<string, unknown> {
  const { base, settings, model } = plan;
  const patternPx = model.patternPx;
  return {
    schema_version: "1.0.0",
    creation_info: {
      timestamp: null,
      script: generateTool,
      hostname: null,
      ptychopinn_version: null,
      package: "ptycho-webgpu",
      package_version: packageVersion,
    },
    physics_parameters: {
      nphotons: facts.photons,
      gridsize: 1,
      N: patternPx,
      probe_trainable: false,
      intensity_scale_trainable: true,
      nll_weight: 1,
      model_type: "pinn",
    },
    training_parameters: { n_images: settings.positions, batch_size: 16, nepochs: 50 },
    data_transformations: [
      recordStep("canonicalize", { flipx: false, flipy: false }),
      recordStep("generate_patches", {
        patch_size: patternPx,
        k_neighbors: 7,
        nsamples: settings.positions,
        gridsize: 1,
        patches_written: settings.withPatches,
      }),
      recordStep("split_dataset", {
        split_fraction: splitFraction,
        split_axis: "y",
        parent_file: null, // the whole set is never a file
        split_point: plan.splitPointPx,
        train_count: plan.indices.train.length,
        test_count: plan.indices.test.length,
      }),
    ],
    additional_parameters: {
      input_file: base.name,
      input_sha256: base.sha256,
      buffer: plan.bufferPx,
      seed: settings.seed,
      noise_seed: facts.noiseSeed,
      simulation_type: "coordinate_based",
      intensity_scale: facts.intensityScale,
      diffraction: "sqrt(counts) / intensity_scale, unitary FFT, zero frequency at (N/2, N/2)",
    },
  };
}

/** A record for `data_transformations`. */
export function recordStep(operation: string, parameters: Record<string, unknown>): TransformationRecord {
  return { tool: generateTool, timestamp: null, operation, parameters };
}
