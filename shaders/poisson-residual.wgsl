// Poisson residual in place: Psi <- -g Psi / (h w), g = valid (1 - I / (y + 1e-6)). The step alpha_j is applied where
// chi is used, because it is known only after the whole minibatch (gpu-notes.md section 1.3).
//!include lib/batch.wgsl
//!include lib/measured.wgsl

struct Params { residualScale: f32, excludeBelow: f32, amplitudeScale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> patterns: array<u32>;
@group(0) @binding(4) var<storage, read> validPixels: array<f32>;       // [y, x]
@group(0) @binding(5) var<storage, read> modelled: array<f32>;          // [position in slice, y, x]
@group(0) @binding(6) var<storage, read_write> waves: array<vec2f>;     // [position in slice, mode, y, x]

override MODE_COUNT: u32 = 1u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  let frame = HEIGHT * WIDTH;
  let position = index / frame;
  if (position >= batch.count) { return; }
  let offset = index - position * frame;
  let row = offset / WIDTH;
  let intensity = measured(slots[batch.slotBase + position].data, row, offset - row * WIDTH).y;
  var factor = validPixels[offset] * (1.0 - intensity / (modelled[index] + 1e-6)) * params.residualScale;
  if (intensity <= params.excludeBelow) { factor = 0.0; }
  let first = position * MODE_COUNT * frame + offset;
  for (var mode = 0u; mode < MODE_COUNT; mode++) { waves[first + mode * frame] *= factor; }
}
