// First inverse pass of the shifted probe: spectrum of mode 0 times the ramp of each pattern (conventions.md section 6).
//!include lib/batch.wgsl
//!include lib/fft-pass.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(3) var<storage, read> spectrum: array<vec2f>;      // [y, x]
@group(0) @binding(4) var<storage, read> ramps: array<vec2f>;         // [position in minibatch, height + width]
@group(0) @binding(5) var<storage, read_write> result: array<vec2f>;  // [position in slice, y, x]

fn load(plane: u32, offset: u32) -> vec2f {
  let y = offset / WIDTH;
  let x = offset - y * WIDTH;
  let ramp = (batch.slotBase - batch.batchBase + plane) * (HEIGHT + WIDTH);
  return multiply(spectrum[offset], multiply(ramps[ramp + y], ramps[ramp + HEIGHT + x]));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  fftPass(flatIndex(id, groups));
}
