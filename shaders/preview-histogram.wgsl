// Histograms over a box of a complex plane: moduli up to 16 root mean squares, above which lies at most one value in 256
// (Chebyshev) and which the last bin takes, then phases from -pi to pi about the phase of the sum.
//!include lib/complex.wgsl
//!include lib/angle.wgsl

struct Params { first: u32, width: u32, top: u32, left: u32, rows: u32, columns: u32, partialCount: u32, binCount: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> image: array<vec2f>;           // [plane, y, x]; the plane begins at `first`
@group(0) @binding(2) var<storage, read> partials: array<vec4f>;        // of preview-sums
@group(0) @binding(3) var<storage, read_write> bins: array<atomic<u32>>; // [modulus, phase][bin]

fn binOf(share: f32) -> u32 {
  return min(u32(max(share, 0.0) * f32(params.binCount)), params.binCount - 1u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let count = params.rows * params.columns;
  var sum = vec3f();
  for (var k = 0u; k < params.partialCount; k++) { sum += partials[k].xyz; }
  let top = 16.0 * sqrt(sum.z / f32(count));
  let reference = select(vec2f(1.0, 0.0), sum.xy, squaredModulus(sum.xy) > 0.0);
  for (var pixel = id.x; pixel < count; pixel += 64u * groups.x) {
    let y = params.top + pixel / params.columns;
    let x = params.left + pixel % params.columns;
    let value = image[params.first + y * params.width + x];
    if (isFinite(value)) {
      let modulus = sqrt(squaredModulus(value));
      atomicAdd(&bins[binOf(select(0.0, modulus / top, top > 0.0))], 1u);
      let turns = angleOf(multiplyConjugate(value, reference)) / (2.0 * HALF_TURN);
      atomicAdd(&bins[params.binCount + binOf(turns + 0.5)], 1u);
    }
  }
}
