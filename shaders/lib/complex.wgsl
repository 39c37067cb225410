// Complex numbers as vec2f (re, im).

fn multiply(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}

// a * conj(b)
fn multiplyConjugate(a: vec2f, b: vec2f) -> vec2f {
  return vec2f(a.x * b.x + a.y * b.y, a.y * b.x - a.x * b.y);
}

fn squaredModulus(a: vec2f) -> f32 {
  return a.x * a.x + a.y * a.y;
}

// NaN and Inf by bit pattern: comparisons such as x != x are optimised away (WGSL may assume finite math).
fn isFinite(a: vec2f) -> bool {
  let bits = bitcast<vec2u>(a) & vec2u(0x7f800000u);
  return bits.x != 0x7f800000u && bits.y != 0x7f800000u;
}
