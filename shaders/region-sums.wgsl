// Sums over the region of interest for the object/probe ambiguity (constraints.md 3.11), lane by lane:
// sum |O|^2 C and sum C^2.
//!include lib/complex.wgsl

struct Params { top: u32, left: u32, rows: u32, columns: u32, canvasWidth: u32, laneCount: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> object: array<vec2f>;          // [y, x]
@group(0) @binding(2) var<storage, read> illumination: array<f32>;      // [y, x]
@group(0) @binding(3) var<storage, read_write> partials: array<vec2f>;  // [lane]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.laneCount) { return; }
  var sums = vec2f();
  for (var index = id.x; index < params.rows * params.columns; index += params.laneCount) {
    let row = index / params.columns;
    let pixel = (params.top + row) * params.canvasWidth + params.left + (index - row * params.columns);
    let weight = illumination[pixel];
    sums += vec2f(squaredModulus(object[pixel]) * weight, weight * weight);
  }
  partials[id.x] = sums;
}
