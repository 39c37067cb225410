// Sums over a box of a complex plane, from which the range of a picture follows. One workgroup gives one partial:
// sum of the values, sum of the squared moduli, largest squared modulus. Values that are no numbers are left out.
//!include lib/complex.wgsl

struct Params { first: u32, width: u32, top: u32, left: u32, rows: u32, columns: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> image: array<vec2f>;            // [plane, y, x]; the plane begins at `first`
@group(0) @binding(2) var<storage, read_write> partials: array<vec4f>;   // [group]

var<workgroup> lanes: array<vec4f, 64>;

fn join(a: vec4f, b: vec4f) -> vec4f {
  return vec4f(a.xyz + b.xyz, max(a.w, b.w));
}

@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  var sum = vec4f();
  for (var pixel = id.x; pixel < params.rows * params.columns; pixel += 64u * groups.x) {
    let y = params.top + pixel / params.columns;
    let x = params.left + pixel % params.columns;
    let value = image[params.first + y * params.width + x];
    if (isFinite(value)) {
      let square = squaredModulus(value);
      sum = join(sum, vec4f(value, square, square));
    }
  }
  lanes[lane] = sum;
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] = join(lanes[lane], lanes[lane + half]); }
  }
  if (lane == 0u) { partials[group.x] = lanes[0]; }
}
