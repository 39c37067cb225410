// Columns of the shifted probe: spectrum of mode 0 times the ramp of each pattern, back along y (conventions.md section 6).
//!include lib/line.wgsl
//!include lib/shift-ramp.wgsl

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(2) var<storage, read> spectrum: array<vec2f>;      // [y, x]
@group(0) @binding(3) var<storage, read> slots: array<Slot>;
@group(0) @binding(4) var<storage, read_write> result: array<vec2f>;  // [position in slice, y, x]

var<private> column: u32;
var<private> shiftY: f32;
var<private> rampX: vec2f;

fn lineCount() -> u32 { return batch.count * LINES_PER_PLANE; }

fn beginLine(place: Place) {
  let position = place.number / LINES_PER_PLANE;
  column = place.number - position * LINES_PER_PLANE;
  let shift = slots[batch.slotBase + position].fraction;
  shiftY = shift.x;
  rampX = ramp(column, LINES_PER_PLANE, shift.y);
}

fn loadFrequency(place: Place, e: u32) -> vec2f {
  return multiply(spectrum[e * LINES_PER_PLANE + column], multiply(ramp(e, LENGTH, shiftY), rampX));
}

fn storeSpace(place: Place, e: u32, v: vec2f) { result[sampleIndex(place.number, e)] = v; }

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  transformLines(placeOf(local, group, groups));
}
