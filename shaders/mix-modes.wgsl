// New probe modes as combinations of the old: P'_c = sum_a mixing[c, a] P_a (constraints.md 3.2); the host computes the
// matrix in float64. One invocation per pixel, all modes.
//!include lib/complex.wgsl
//!include lib/batch.wgsl

struct Params { frame: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> mixing: array<vec2f>;        // [new mode, old mode]
@group(0) @binding(2) var<storage, read_write> probe: array<vec2f>;   // [mode, y, x]

override MODE_COUNT: u32;
const MOST_MODES = 32u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let offset = flatIndex(id, groups);
  if (offset >= params.frame) { return; }
  var old: array<vec2f, MOST_MODES>;
  for (var mode = 0u; mode < MODE_COUNT; mode++) { old[mode] = probe[mode * params.frame + offset]; }
  for (var c = 0u; c < MODE_COUNT; c++) {
    var sum = vec2f();
    for (var a = 0u; a < MODE_COUNT; a++) { sum += multiply(mixing[c * MODE_COUNT + a], old[a]); }
    probe[c * params.frame + offset] = sum;
  }
}
