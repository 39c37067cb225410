// Transform along one axis within a buffer: exit waves to the detector, where they wait, and back.
//!include lib/line.wgsl

struct Params { planesPerPattern: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> waves: array<vec2f>;  // [plane, y, x]

fn beginLine(place: Place) {}
fn lineCount() -> u32 { return batch.count * params.planesPerPattern * LINES_PER_PLANE; }
fn loadSpace(place: Place, e: u32) -> vec2f { return waves[sampleIndex(place.number, e)]; }
fn loadFrequency(place: Place, e: u32) -> vec2f { return waves[sampleIndex(place.number, e)]; }
fn storeFrequency(place: Place, e: u32, v: vec2f) { waves[sampleIndex(place.number, e)] = v; }
fn storeSpace(place: Place, e: u32, v: vec2f) { waves[sampleIndex(place.number, e)] = v; }

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  transformLines(placeOf(local, group, groups));
}
