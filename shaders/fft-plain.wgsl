// FFT pass from one buffer to another.
//!include lib/batch.wgsl
//!include lib/fft-pass.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;      // [length] exp(-2 pi i k / length)
@group(0) @binding(3) var<storage, read> source: array<vec2f>;        // [plane, y, x]
@group(0) @binding(4) var<storage, read_write> result: array<vec2f>;  // [plane, y, x]

fn load(plane: u32, offset: u32) -> vec2f {
  return source[plane * HEIGHT * WIDTH + offset];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  fftPass(flatIndex(id, groups));
}
