// Transform along one axis, from one buffer to another: planesPerPattern planes of every pattern, or one plane in all (0).
//!include lib/line.wgsl

struct Params { planesPerPattern: u32, scale: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(3) var<storage, read> source: array<vec2f>;        // [plane, y, x]
@group(0) @binding(4) var<storage, read_write> result: array<vec2f>;  // [plane, y, x]

fn beginLine(place: Place) {}
fn lineCount() -> u32 {
  if (params.planesPerPattern == 0u) { return LINES_PER_PLANE; }
  return batch.count * params.planesPerPattern * LINES_PER_PLANE;
}

fn loadSpace(place: Place, e: u32) -> vec2f { return source[sampleIndex(place.number, e)]; }
fn loadFrequency(place: Place, e: u32) -> vec2f { return source[sampleIndex(place.number, e)]; }
fn storeFrequency(place: Place, e: u32, v: vec2f) { result[sampleIndex(place.number, e)] = params.scale * v; }
fn storeSpace(place: Place, e: u32, v: vec2f) { result[sampleIndex(place.number, e)] = params.scale * v; }

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  transformLines(placeOf(local, group, groups));
}
