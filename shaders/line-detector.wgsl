// Columns of all modes to the detector and back (lsqml.md steps 4, 5, 13; Gaussian model): modelled intensity
// y = sum over modes |Psi|^2, loss, and the residual -g Psi / (4 sigma^2 h w) with g = valid (1 - sqrt I / (sqrt y + 1e-9)).
// Psi and y never reach memory, unless the intensity is asked for.
//!include lib/line.wgsl
//!include lib/measured.wgsl
//!include lib/loss.wgsl

struct Params { residualScale: f32, excludeBelow: f32, amplitudeScale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(3) var<storage, read> slots: array<Slot>;
@group(0) @binding(4) var<storage, read> patterns: array<u32>;
@group(0) @binding(5) var<storage, read> validPixels: array<f32>;        // [y, x], zero frequency at [0, 0]
@group(0) @binding(6) var<storage, read_write> waves: array<vec2f>;      // [position in slice, mode, y, x]
@group(0) @binding(7) var<storage, read_write> partials: array<vec2f>;   // [position in slice, lane]: loss, sum of y
@group(0) @binding(8) var<storage, read_write> modelled: array<f32>;     // [position in slice, y, x]

override STORE_INTENSITY: bool = false;
override MASKED: bool = true;

var<private> sums: vec2f;
var<private> x: u32;
var<private> position: u32;
var<private> data: u32;

fn lineCount() -> u32 { return batch.count * LINES_PER_PLANE; }

fn beginLine(place: Place) {
  position = place.number / LINES_PER_PLANE;
  x = place.number - position * LINES_PER_PLANE;
  data = slots[batch.slotBase + position].data;
}

fn waveIndex(mode: u32, e: u32) -> u32 {
  return ((position * MODE_COUNT + mode) * LENGTH + e) * LINES_PER_PLANE + x;
}

fn loadSpace(place: Place, mode: u32, e: u32) -> vec2f { return waves[waveIndex(mode, e)]; }

fn atFrequency(place: Place, e: u32, y: f32) -> f32 {
  let value = measured(data, e, x);
  sums += vec2f(pixelLoss(y, value), y);
  if (STORE_INTENSITY) { modelled[(position * LENGTH + e) * LINES_PER_PLANE + x] = y; }
  var residual = params.residualScale * (1.0 - value.x / (sqrt(y) + 1e-9));
  if (MASKED) { residual *= validPixels[e * LINES_PER_PLANE + x]; }
  return select(residual, 0.0, value.y <= params.excludeBelow);
}

fn storeSpace(place: Place, mode: u32, e: u32, v: vec2f) { waves[waveIndex(mode, e)] = v; }

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let place = placeOf(local, group, groups);
  transformLines(place);
  let sum = sumOfLines(place, sums);
  if (sum.mine && place.number < lineCount()) { partials[sum.lane] = sum.value; }
}
