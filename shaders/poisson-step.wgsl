// One pass of the Poisson exit-wave step: alpha_j = clamp((mean + numerator / denominator) / 2, 0, 1), lsqml.md step 4.
// Reads `previous`, writes `next`, so that every pattern sees the same batch mean.
//!include lib/batch.wgsl

struct Params { addNoise: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> sums: array<vec2f>;             // [position in minibatch]
@group(0) @binding(4) var<storage, read> previous: array<f32>;           // [pattern]
@group(0) @binding(5) var<storage, read_write> next: array<f32>;         // [pattern]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let position = flatIndex(id, groups);
  if (position >= batch.batchCount) { return; }
  var mean = 0.0;
  for (var j = 0u; j < batch.batchCount; j++) { mean += previous[slots[batch.batchBase + j].pattern]; }
  mean /= f32(batch.batchCount);
  let slot = slots[batch.batchBase + position];
  let sum = sums[position];
  var step = 0.0;
  if (sum.y > 0.0) { step = sum.x / sum.y; }
  step = clamp(0.5 * mean + 0.5 * step, 0.0, 1.0);
  if (params.addNoise == 1u) { step += slot.noise; }
  next[slot.pattern] = step;
}
