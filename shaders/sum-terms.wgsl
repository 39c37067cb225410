// What a slice adds to the mean over the minibatch: planes that hold the sums of termPatterns patterns each, the probe
// gradient in Fourier space.
//!include lib/batch.wgsl

struct Params { termPatterns: u32, sampleCount: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> terms: array<vec2f>;        // [term, y, x]
@group(0) @binding(3) var<storage, read_write> mean: array<vec2f>;   // [y, x]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  if (index >= params.sampleCount) { return; }
  let count = (batch.count + params.termPatterns - 1u) / params.termPatterns;
  // four sums side by side, so that reads do not wait for one another
  var a = vec2f();
  var b = vec2f();
  var c = vec2f();
  var d = vec2f();
  var term = 0u;
  for (; term + 3u < count; term += 4u) {
    let place = term * params.sampleCount + index;
    a += terms[place];
    b += terms[place + params.sampleCount];
    c += terms[place + 2u * params.sampleCount];
    d += terms[place + 3u * params.sampleCount];
  }
  for (; term < count; term++) { a += terms[term * params.sampleCount + index]; }
  var total = ((a + b) + (c + d)) / f32(batch.batchCount);
  if (batch.firstSlice == 0u) { total += mean[index]; }
  mean[index] = total;
}
