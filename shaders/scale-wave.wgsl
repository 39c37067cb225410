// Multiplies a complex array by one of the factors another kernel or the host has computed.
//!include lib/batch.wgsl

struct Params { sampleCount: u32, factor: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> factors: array<f32>;
@group(0) @binding(2) var<storage, read_write> wave: array<vec2f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  if (index >= params.sampleCount) { return; }
  wave[index] *= factors[params.factor];
}
