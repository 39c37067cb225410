// Adjoint sub-pixel shift of mode 0, summed over the minibatch in Fourier space (gpu-notes.md section 1.2):
// spectrum += sum_j alpha_j conj(ramp_j) F{chi_j conj(O_j)}; one inverse transform per minibatch follows.
//!include lib/complex.wgsl
//!include lib/batch.wgsl

struct Params { height: u32, width: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> ramps: array<vec2f>;            // [position in minibatch, height + width]
@group(0) @binding(4) var<storage, read> gradients: array<vec2f>;        // [position in slice, y, x], transformed
@group(0) @binding(5) var<storage, read> farStep: array<f32>;            // [pattern], Poisson model only
@group(0) @binding(6) var<storage, read_write> spectrum: array<vec2f>;   // [y, x]

override SCALE_BY_FAR_STEP: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let offset = flatIndex(id, groups);
  let frame = params.height * params.width;
  if (offset >= frame) { return; }
  let y = offset / params.width;
  let x = offset - y * params.width;
  let row = params.height + params.width;
  var sum = vec2f();
  for (var j = 0u; j < batch.count; j++) {
    let ramp = (batch.slotBase - batch.batchBase + j) * row;
    var value = multiplyConjugate(gradients[j * frame + offset], multiply(ramps[ramp + y], ramps[ramp + params.height + x]));
    if (SCALE_BY_FAR_STEP) { value *= farStep[slots[batch.slotBase + j].pattern]; }
    sum += value;
  }
  sum /= f32(batch.batchCount);
  if (batch.firstSlice == 0u) { sum += spectrum[offset]; }
  spectrum[offset] = sum;
}
