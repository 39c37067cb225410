// Sums of the Poisson exit-wave step (lsqml.md step 4): numerator and denominator per pattern and lane, with
// xi = valid (1 - I / (y + 1e-5)) and the batch mean of the previous steps.
//!include lib/batch.wgsl
//!include lib/measured.wgsl

struct Params { laneCount: u32, excludeBelow: f32, amplitudeScale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> patterns: array<u32>;
@group(0) @binding(4) var<storage, read> validPixels: array<f32>;       // [y, x]
@group(0) @binding(5) var<storage, read> modelled: array<f32>;          // [position in slice, y, x]
@group(0) @binding(6) var<storage, read> farStep: array<f32>;           // [pattern]
@group(0) @binding(7) var<storage, read_write> partials: array<vec2f>;  // [position in slice, lane]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  let position = index / params.laneCount;
  if (position >= batch.count) { return; }
  let lane = index - position * params.laneCount;
  var mean = 0.0;
  for (var j = 0u; j < batch.batchCount; j++) { mean += farStep[slots[batch.batchBase + j].pattern]; }
  mean /= f32(batch.batchCount);
  let frame = HEIGHT * WIDTH;
  let data = slots[batch.slotBase + position].data;
  var sums = vec2f();
  for (var offset = lane; offset < frame; offset += params.laneCount) {
    let row = offset / WIDTH;
    let intensity = measured(data, row, offset - row * WIDTH).y;
    if (validPixels[offset] == 0.0 || intensity <= params.excludeBelow) { continue; }
    let y = modelled[position * frame + offset];
    let xi = 1.0 - intensity / (y + 1e-5);
    let rest = 1.0 - mean * xi;
    // 0 / 0 where I = 0 and every step is 1: the measured term vanishes (lsqml.md step 4, oddity)
    var expectation = 0.0;
    if (intensity > 0.0 && rest != 0.0) { expectation = intensity / rest; }
    sums += vec2f(xi * (y - expectation), xi * xi * y);
  }
  partials[index] = sums;
}
