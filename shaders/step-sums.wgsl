// Six sums per pattern for its step sizes (lsqml.md step 10), X = d Q and Z = Delta O:
// sum |X|^2, sum |Z|^2, Re and Im of sum X conj(Z), sum Re(conj(X) chi), sum Re(conj(Z) chi).
//!include lib/complex.wgsl
//!include lib/batch.wgsl
//!include lib/canvas.wgsl

struct Params { laneCount: u32, height: u32, width: u32, canvasHeight: u32, canvasWidth: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> chi: array<vec2f>;             // [position in slice, mode, y, x]
@group(0) @binding(4) var<storage, read> shiftedProbe: array<vec2f>;    // [position in slice, y, x], mode 0
@group(0) @binding(5) var<storage, read> probe: array<vec2f>;           // [mode, y, x]
@group(0) @binding(6) var<storage, read> object: array<vec2f>;          // [y, x]
@group(0) @binding(7) var<storage, read> direction: array<vec4f>;       // [y, x]: all modes, mode 0
@group(0) @binding(8) var<storage, read> probeDirection: array<vec2f>;  // [mode, y, x]
@group(0) @binding(9) var<storage, read_write> partials: array<f32>;    // [position in slice, lane, 6]

override MODE_COUNT: u32 = 1u;
override FIRST_MODE_ONLY: bool = true;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  let position = index / params.laneCount;
  if (position >= batch.count) { return; }
  let lane = index - position * params.laneCount;
  let frame = params.height * params.width;
  let start = slots[batch.slotBase + position].start;
  let usedModes = select(MODE_COUNT, 1u, FIRST_MODE_ONLY);
  var squares = vec2f();
  var cross = vec2f();
  var right = vec2f();
  for (var offset = lane; offset < frame; offset += params.laneCount) {
    let y = offset / params.width;
    let pixel = canvasIndex(start, y, offset - y * params.width, params.canvasHeight, params.canvasWidth);
    let transmission = object[pixel];
    let both = direction[pixel];
    let objectDirection = select(both.xy, both.zw, FIRST_MODE_ONLY);
    for (var mode = 0u; mode < usedModes; mode++) {
      var illumination = probe[mode * frame + offset];
      if (mode == 0u) { illumination = shiftedProbe[position * frame + offset]; }
      let objectWave = multiply(objectDirection, illumination);
      let probeWave = multiply(probeDirection[mode * frame + offset], transmission);
      let residual = chi[(position * MODE_COUNT + mode) * frame + offset];
      squares += vec2f(squaredModulus(objectWave), squaredModulus(probeWave));
      cross += multiplyConjugate(objectWave, probeWave);
      right += vec2f(dot(objectWave, residual), dot(probeWave, residual));
    }
  }
  let place = index * 6u;
  partials[place] = squares.x;
  partials[place + 1u] = squares.y;
  partials[place + 2u] = cross.x;
  partials[place + 3u] = cross.y;
  partials[place + 4u] = right.x;
  partials[place + 5u] = right.y;
}
