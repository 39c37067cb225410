// Phase ramps exp(-2 pi i f_k s) of every pattern of a minibatch, one row of height + width numbers each.
// WGSL's sin and cos may be off by 2^-11, so a polynomial is used; |f_k s| <= 1/4 turn because |s| <= 1/2.
//!include lib/batch.wgsl

struct Params { height: u32, width: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read_write> ramps: array<vec2f>;  // [position in minibatch, height + width]

// exp(-2 pi i t) for |t| <= 1/4: Taylor series of sin and cos on [-pi/4, pi/4] after halving, then the square.
fn turn(t: f32) -> vec2f {
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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  let row = params.height + params.width;
  let position = index / row;
  if (position >= batch.batchCount) { return; }
  let k = index - position * row;
  let fraction = slots[batch.batchBase + position].fraction;
  if (k < params.height) {
    ramps[index] = turn(signedFrequency(k, params.height) * fraction.x);
  } else {
    ramps[index] = turn(signedFrequency(k - params.height, params.width) * fraction.y);
  }
}
