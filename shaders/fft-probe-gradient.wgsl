// First forward pass of chi_0 * conj(object patch): the probe gradient of mode 0, shifted back in Fourier space (step 7).
//!include lib/batch.wgsl
//!include lib/canvas.wgsl
//!include lib/fft-pass.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(3) var<storage, read> slots: array<Slot>;
@group(0) @binding(4) var<storage, read> chi: array<vec2f>;           // [position in slice, mode, y, x]
@group(0) @binding(5) var<storage, read> object: array<vec2f>;        // [y, x]
@group(0) @binding(6) var<storage, read_write> result: array<vec2f>;  // [position in slice, y, x]

override MODE_COUNT: u32 = 1u;

fn load(plane: u32, offset: u32) -> vec2f {
  let y = offset / params.width;
  let x = offset - y * params.width;
  let start = slots[batch.slotBase + plane].start;
  let transmission = object[canvasIndex(start, y, x, params.canvasHeight, params.canvasWidth)];
  return multiplyConjugate(chi[plane * MODE_COUNT * params.height * params.width + offset], transmission);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  fftPass(flatIndex(id, groups));
}
