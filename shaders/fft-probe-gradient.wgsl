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
override CANVAS_HEIGHT: u32;
override CANVAS_WIDTH: u32;

fn load(plane: u32, offset: u32) -> vec2f {
  let y = offset / WIDTH;
  let x = offset - y * WIDTH;
  let start = slots[batch.slotBase + plane].start;
  let transmission = object[canvasIndex(start, y, x, CANVAS_HEIGHT, CANVAS_WIDTH)];
  return multiplyConjugate(chi[plane * MODE_COUNT * HEIGHT * WIDTH + offset], transmission);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  fftPass(flatIndex(id, groups));
}
