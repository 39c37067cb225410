// Columns of the shifted probe: spectrum of mode 0 times the ramp of each pattern, back along y (conventions.md section 6).
//!include lib/line.wgsl

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(2) var<storage, read> spectrum: array<vec2f>;      // [y, x]
@group(0) @binding(3) var<storage, read> ramps: array<vec2f>;         // [position in minibatch, height + width]
@group(0) @binding(4) var<storage, read_write> result: array<vec2f>;  // [position in slice, y, x]

fn lineCount() -> u32 { return batch.count * LINES_PER_PLANE; }

fn loadFrequency(place: Place, e: u32) -> vec2f {
  let position = place.number / LINES_PER_PLANE;
  let x = place.number - position * LINES_PER_PLANE;
  let ramp = (batch.slotBase - batch.batchBase + position) * (LENGTH + LINES_PER_PLANE);
  return multiply(spectrum[e * LINES_PER_PLANE + x], multiply(ramps[ramp + e], ramps[ramp + LENGTH + x]));
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
