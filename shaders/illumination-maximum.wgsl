// Maximum of the illumination map, lane by lane; the preconditioner kernel takes the maximum of the lanes.

struct Params { sampleCount: u32, laneCount: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> illumination: array<f32>;      // [y, x]
@group(0) @binding(2) var<storage, read_write> maxima: array<f32>;      // [lane]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.laneCount) { return; }
  var largest = 0.0;
  for (var pixel = id.x; pixel < params.sampleCount; pixel += params.laneCount) {
    largest = max(largest, illumination[pixel]);
  }
  maxima[id.x] = largest;
}
