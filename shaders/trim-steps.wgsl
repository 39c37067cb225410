// Trimmed mean of the object steps (conventions.md section 7): an invocation finds the rank of its step among the valid
// ones (ties by index) and keeps it when t <= rank < k - t, t = (k + 9) / 20; otherwise it writes -1.
//!include lib/batch.wgsl

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> steps: array<vec2f>;         // [position in minibatch]: object, probe
@group(0) @binding(2) var<storage, read_write> kept: array<f32>;      // [position in minibatch]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let position = flatIndex(id, groups);
  if (position >= batch.batchCount) { return; }
  let own = steps[position].x;
  var rank = 0u;
  var valid = 0u;
  for (var j = 0u; j < batch.batchCount; j++) {
    let other = steps[j].x;
    if (other < 0.0) { continue; }
    valid += 1u;
    if (other < own || (other == own && j < position)) { rank += 1u; }
  }
  let trim = (valid + 9u) / 20u;
  kept[position] = select(-1.0, own, own >= 0.0 && rank >= trim && rank + trim < valid);
}
