// Phase ramp of a sub-pixel shift (conventions.md section 6): exp(-2 pi i f_k s), the factor of frequency k of `length`.
// WGSL's sin and cos may be off by 2^-11, so a polynomial is used; |f_k s| <= 1/4 turn because |s| <= 1/2.

// exp(-2 pi i t) for |t| <= 1/4: Taylor series of sin and cos on [-pi/4, pi/4] after halving, then the square.
fn rampTurn(t: f32) -> vec2f {
  let angle = -3.141592653589793 * t;
  let square = angle * angle;
  let sine = angle * (1.0 + square * (-1.0 / 6.0 + square * (1.0 / 120.0 + square * (-1.0 / 5040.0 + square * (1.0 / 362880.0)))));
  // 1 - cos keeps its relative accuracy near zero
  let versine = square * (0.5 + square * (-1.0 / 24.0 + square * (1.0 / 720.0 + square * (-1.0 / 40320.0 + square * (1.0 / 3628800.0)))));
  let cosine = 1.0 - versine;
  return vec2f(1.0 - 2.0 * sine * sine, 2.0 * sine * cosine);
}

fn signedFrequency(k: u32, length: u32) -> f32 {
  // Nyquist is -1/2 (conventions.md section 4)
  if (2u * k < length) { return f32(k) / f32(length); }
  return (f32(k) - f32(length)) / f32(length);
}

fn ramp(k: u32, length: u32, shift: f32) -> vec2f {
  return rampTurn(signedFrequency(k, length) * shift);
}
