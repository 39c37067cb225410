// Probe direction of the unshifted modes m >= 1: mean over the minibatch of chi_m conj(O) (lsqml.md step 7).
//!include lib/complex.wgsl
//!include lib/batch.wgsl
//!include lib/canvas.wgsl

struct Params { canvasHeight: u32, canvasWidth: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> chi: array<vec2f>;               // [position in slice, mode, y, x]
@group(0) @binding(4) var<storage, read> object: array<vec2f>;            // [y, x]
@group(0) @binding(5) var<storage, read> farStep: array<f32>;             // [pattern], Poisson model only
@group(0) @binding(6) var<storage, read_write> probeDirection: array<vec2f>; // [mode, y, x]

override HEIGHT: u32;
override WIDTH: u32;
override MODE_COUNT: u32 = 1u;
override SCALE_BY_FAR_STEP: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  let frame = HEIGHT * WIDTH;
  if (index >= (MODE_COUNT - 1u) * frame) { return; }
  let mode = index / frame + 1u;
  let offset = index - (mode - 1u) * frame;
  let y = offset / WIDTH;
  let x = offset - y * WIDTH;
  var sum = vec2f();
  for (var j = 0u; j < batch.count; j++) {
    let slot = slots[batch.slotBase + j];
    let transmission = object[canvasIndex(slot.start, y, x, params.canvasHeight, params.canvasWidth)];
    var value = multiplyConjugate(chi[(j * MODE_COUNT + mode) * frame + offset], transmission);
    if (SCALE_BY_FAR_STEP) { value *= farStep[slot.pattern]; }
    sum += value;
  }
  sum /= f32(batch.batchCount);
  let place = mode * frame + offset;
  if (batch.firstSlice == 0u) { sum += probeDirection[place]; }
  probeDirection[place] = sum;
}
