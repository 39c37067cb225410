// Six sums per pattern for its step sizes (lsqml.md step 10), X = d Q and Z = Delta O:
// sum |X|^2, sum |Z|^2, Re and Im of sum X conj(Z), sum Re(conj(X) chi), sum Re(conj(Z) chi).
// Each pattern is shared by params.groupCount workgroups; parts/sums-* say which samples are an invocation's, and whether
// a workgroup leaves one set of sums or every invocation its own.
//!include lib/complex.wgsl
//!include lib/batch.wgsl
//!include lib/canvas.wgsl

struct Params { groupCount: u32, canvasHeight: u32, canvasWidth: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> chi: array<vec2f>;             // [position in slice, mode, y, x]
@group(0) @binding(4) var<storage, read> shiftedProbe: array<vec2f>;    // [position in slice, y, x], mode 0
@group(0) @binding(5) var<storage, read> probe: array<vec2f>;           // [mode, y, x]
@group(0) @binding(6) var<storage, read> object: array<vec2f>;          // [y, x]
@group(0) @binding(7) var<storage, read> direction: array<vec2f>;       // [mode 0 | all modes, y, x]
@group(0) @binding(8) var<storage, read> probeDirection: array<vec2f>;  // [mode, y, x]
@group(0) @binding(9) var<storage, read_write> partials: array<f32>;    // [position in slice, lane, 6]

// constants, so that the division below becomes a multiplication
override HEIGHT: u32;
override WIDTH: u32;
override MODE_COUNT: u32 = 1u;
override FIRST_MODE_ONLY: bool = true;

// Samples of an invocation: from first on, below end, `step` apart.
struct Samples { first: u32, end: u32, step: u32 }

struct Sums { squares: vec2f, cross: vec2f, right: vec2f }

// What a sample of one mode adds: X, Z and chi.
fn addends(objectWave: vec2f, probeWave: vec2f, residual: vec2f) -> Sums {
  return Sums(
    vec2f(squaredModulus(objectWave), squaredModulus(probeWave)),
    multiplyConjugate(objectWave, probeWave),
    vec2f(dot(objectWave, residual), dot(probeWave, residual)),
  );
}

@compute @workgroup_size(GROUP)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let number = group.y * groups.x + group.x;
  let position = number / params.groupCount;
  let inside = position < batch.count;
  let part = number - position * params.groupCount;
  let frame = HEIGHT * WIDTH;
  let allModes = select(0u, params.canvasHeight * params.canvasWidth, MODE_COUNT > 1u);
  // not a struct: SwiftShader keeps one in memory and goes there for every sample
  var squares = vec2f();
  var cross = vec2f();
  var right = vec2f();
  if (inside) {
    let start = slots[batch.slotBase + position].start;
    let samples = samplesOf(part, local.x, params.groupCount, frame);
    for (var offset = samples.first; offset < samples.end; offset += samples.step) {
      let y = offset / WIDTH;
      let pixel = canvasIndex(start, y, offset - y * WIDTH, params.canvasHeight, params.canvasWidth);
      let transmission = object[pixel];
      let objectDirection = direction[pixel + select(allModes, 0u, FIRST_MODE_ONLY)];
      let first = addends(
        multiply(objectDirection, shiftedProbe[position * frame + offset]),
        multiply(probeDirection[offset], transmission),
        chi[position * MODE_COUNT * frame + offset],
      );
      squares += first.squares;
      cross += first.cross;
      right += first.right;
      if (FIRST_MODE_ONLY) { continue; }
      for (var mode = 1u; mode < MODE_COUNT; mode++) {
        let further = addends(
          multiply(objectDirection, probe[mode * frame + offset]),
          multiply(probeDirection[mode * frame + offset], transmission),
          chi[(position * MODE_COUNT + mode) * frame + offset],
        );
        squares += further.squares;
        cross += further.cross;
        right += further.right;
      }
    }
  }
  var sums = Sums(squares, cross, right);
  if (!leaveSums(local.x, &sums) || !inside) { return; }
  let place = 6u * (position * params.groupCount * LANES_PER_GROUP + part * LANES_PER_GROUP + local.x);
  partials[place] = sums.squares.x;
  partials[place + 1u] = sums.squares.y;
  partials[place + 2u] = sums.cross.x;
  partials[place + 3u] = sums.cross.y;
  partials[place + 4u] = sums.right.x;
  partials[place + 5u] = sums.right.y;
}
