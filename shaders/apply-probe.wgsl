// Probe update: P_m += rate * step * direction_m (lsqml.md step 12). Flags the first minibatch that leaves a NaN or Inf.
//!include lib/complex.wgsl
//!include lib/batch.wgsl

struct Params { sampleCount: u32, learningRate: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> batchSteps: array<f32>;          // object, probe
@group(0) @binding(3) var<storage, read> probeDirection: array<vec2f>;    // [mode, y, x]
@group(0) @binding(4) var<storage, read_write> probe: array<vec2f>;       // [mode, y, x]
@group(0) @binding(5) var<storage, read_write> flags: array<atomic<u32>>; // first bad minibatch: object, probe

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  if (index >= params.sampleCount) { return; }
  let value = probe[index] + params.learningRate * batchSteps[1] * probeDirection[index];
  probe[index] = value;
  if (!isFinite(value)) { atomicMin(&flags[1], batch.minibatch); }
}
