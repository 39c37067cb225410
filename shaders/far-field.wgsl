// Modelled intensity y = sum over modes |Psi|^2 and loss; with the Gaussian model also the residual in place:
// Psi <- -g Psi / (4 sigma^2 h w), g = valid (1 - sqrt I / (sqrt y + 1e-9)) (lsqml.md steps 4, 5, 13).
// Each pattern is shared by params.laneCount invocations, which stride through its pixels.
//!include lib/complex.wgsl
//!include lib/batch.wgsl
//!include lib/measured.wgsl
//!include lib/loss.wgsl

struct Params { laneCount: u32, residualScale: f32, excludeBelow: f32, amplitudeScale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> patterns: array<u32>;
@group(0) @binding(4) var<storage, read> validPixels: array<f32>;        // [y, x], zero frequency at [0, 0]
@group(0) @binding(5) var<storage, read_write> waves: array<vec2f>;      // [position in slice, mode, y, x]
@group(0) @binding(6) var<storage, read_write> partials: array<vec2f>;   // [position in slice, lane]: loss, sum of y
@group(0) @binding(7) var<storage, read_write> modelled: array<f32>;     // [position in slice, y, x]

override MODE_COUNT: u32 = 1u;
override GAUSSIAN: bool = true;
override STORE_INTENSITY: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  let position = index / params.laneCount;
  if (position >= batch.count) { return; }
  let lane = index - position * params.laneCount;
  let frame = HEIGHT * WIDTH;
  let data = slots[batch.slotBase + position].data;
  var loss = 0.0;
  var total = 0.0;
  for (var offset = lane; offset < frame; offset += params.laneCount) {
    let row = offset / WIDTH;
    let value = measured(data, row, offset - row * WIDTH);
    let first = position * MODE_COUNT * frame + offset;
    var y = 0.0;
    for (var mode = 0u; mode < MODE_COUNT; mode++) { y += squaredModulus(waves[first + mode * frame]); }
    loss += pixelLoss(y, value);
    total += y;
    if (STORE_INTENSITY) { modelled[position * frame + offset] = y; }
    if (GAUSSIAN) {
      var residual = validPixels[offset] * (1.0 - value.x / (sqrt(y) + 1e-9));
      if (value.y <= params.excludeBelow) { residual = 0.0; }
      let factor = residual * params.residualScale;
      for (var mode = 0u; mode < MODE_COUNT; mode++) { waves[first + mode * frame] *= factor; }
    }
  }
  partials[index] = vec2f(loss, total);
}
