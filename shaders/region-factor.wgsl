// Factors of the object/probe ambiguity (constraints.md 3.11): nu^2 = <|O|^2 w>, w = C / rms(C); object / nu, probe * nu.
// One invocation. nu = 0 or not finite leaves both as they are.
//!include lib/complex.wgsl

struct Params { pixelCount: f32, laneCount: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<vec2f>;       // [lane]
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;    // object, probe

@compute @workgroup_size(1)
fn main() {
  var sums = vec2f();
  for (var lane = 0u; lane < params.laneCount; lane++) { sums += partials[lane]; }
  let rms = sqrt(sums.y / params.pixelCount);
  factors[0] = 1.0;
  factors[1] = 1.0;
  if (rms > 0.0 && sums.x > 0.0) {
    let nu = sqrt(sums.x / params.pixelCount / rms);
    if (isFinite(vec2f(nu, rms))) {
      factors[0] = 1.0 / nu;
      factors[1] = nu;
    }
  }
}
