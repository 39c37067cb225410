// Intensity of the probe's modes that make the illumination map, added up per pixel.
//!include lib/complex.wgsl
//!include lib/batch.wgsl

struct Params { sampleCount: u32, usedModes: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> probe: array<vec2f>;            // [mode, y, x]
@group(0) @binding(2) var<storage, read_write> intensity: array<f32>;    // [y, x]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = flatIndex(id, groups);
  if (pixel >= params.sampleCount) { return; }
  var sum = 0.0;
  for (var mode = 0u; mode < params.usedModes; mode++) { sum += squaredModulus(probe[mode * params.sampleCount + pixel]); }
  intensity[pixel] = sum;
}
