// Preconditioner D = sqrt(C^2 + (damping max C)^2) (lsqml.md section 2.1).
//!include lib/batch.wgsl

struct Params { sampleCount: u32, laneCount: u32, damping: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> illumination: array<f32>;          // [y, x]
@group(0) @binding(2) var<storage, read> maxima: array<f32>;                // [lane]
@group(0) @binding(3) var<storage, read_write> preconditioner: array<f32>;  // [y, x]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let pixel = flatIndex(id, groups);
  if (pixel >= params.sampleCount) { return; }
  var largest = 0.0;
  for (var lane = 0u; lane < params.laneCount; lane++) { largest = max(largest, maxima[lane]); }
  let lowest = params.damping * largest;
  let divisor = sqrt(illumination[pixel] * illumination[pixel] + lowest * lowest);
  // without damping, a pixel that no light reaches has nothing to divide; without any light NaN has to tell it
  preconditioner[pixel] = select(divisor, 1.0, divisor == 0.0 && largest > 0.0);
}
