// Columns of the probe gradient to Fourier space, where the adjoint sub-pixel shift is a factor and the patterns add up
// (gpu-notes.md section 1.2): [term] = sum_j alpha_j conj(ramp_j) F{chi_j conj(O_j)}. One inverse transform of the terms'
// sum per minibatch follows.
//!include lib/line.wgsl
//!include lib/shift-ramp.wgsl

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> gradient: array<vec2f>;      // [position in slice, y, x], x in Fourier space
@group(0) @binding(4) var<storage, read> farStep: array<f32>;         // [pattern], Poisson model only
@group(0) @binding(5) var<storage, read_write> terms: array<vec2f>;   // [TERMS patterns of the slice, y, x]

override SCALE_BY_FAR_STEP: bool = false;

fn lineCount() -> u32 { return (batch.count + TERMS - 1u) / TERMS * LINES_PER_PLANE; }

fn firstPosition(place: Place) -> u32 { return place.number / LINES_PER_PLANE * TERMS; }

fn termCount(place: Place) -> u32 { return min(TERMS, batch.count - firstPosition(place)); }

var<private> x: u32;
var<private> source: u32;
var<private> shiftY: f32;
var<private> weight: vec2f;

fn beginLine(place: Place) { x = place.number % LINES_PER_PLANE; }

fn beginTerm(place: Place, term: u32) {
  let position = firstPosition(place) + term;
  source = position * LENGTH * LINES_PER_PLANE + x;
  let shift = slots[batch.slotBase + position].fraction;
  shiftY = shift.x;
  weight = ramp(x, LINES_PER_PLANE, shift.y);
  if (SCALE_BY_FAR_STEP) { weight *= farStep[slots[batch.slotBase + position].pattern]; }
}

fn loadSpace(place: Place, term: u32, e: u32) -> vec2f { return gradient[source + e * LINES_PER_PLANE]; }

fn atFrequency(place: Place, term: u32, e: u32, v: vec2f) -> vec2f {
  return multiplyConjugate(v, multiply(ramp(e, LENGTH, shiftY), weight));
}

fn storeFrequency(place: Place, e: u32, v: vec2f) {
  terms[(place.number / LINES_PER_PLANE * LENGTH + e) * LINES_PER_PLANE + x] = v;
}

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  transformLines(placeOf(local, group, groups));
}
