// Inner products of probe modes, <P_a, P_b> = sum P_a conj(P_b) for a <= b, lane by lane; the host adds the lanes in
// float64. One invocation per (pair, lane). The diagonal is also the energy of each mode.
//!include lib/complex.wgsl

struct Params { frame: u32, modeCount: u32, laneCount: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> probe: array<vec2f>;             // [mode, y, x]
@group(0) @binding(2) var<storage, read_write> products: array<vec2f>;    // [pair, lane], pairs (0,0) (0,1) ... (1,1) ...

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pair = id.x / params.laneCount;
  let lane = id.x - pair * params.laneCount;
  var first = 0u;
  var rest = pair;
  // integer bound: at most modeCount rows of the triangle
  for (var row = 0u; row < params.modeCount; row++) {
    let length = params.modeCount - first;
    if (rest < length) { break; }
    rest -= length;
    first += 1u;
  }
  if (first >= params.modeCount) { return; }
  let second = first + rest;
  var sum = vec2f();
  for (var offset = lane; offset < params.frame; offset += params.laneCount) {
    sum += multiplyConjugate(probe[first * params.frame + offset], probe[second * params.frame + offset]);
  }
  products[id.x] = sum;
}
