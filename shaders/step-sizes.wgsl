// Step sizes of every pattern of the minibatch (lsqml.md step 10): joint 2 x 2 system (Eq. 22) by elimination, which
// does not overflow, or separate quotients (Eqs. 23). -1 marks a step that has no solution; it takes no part.
//!include lib/batch.wgsl
//!include lib/complex.wgsl

struct Params { objectScale: f32, probeScale: f32, regularisation: f32, invalidCounter: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> sums: array<f32>;                // [position in minibatch, 6]
@group(0) @binding(4) var<storage, read> farStep: array<f32>;             // [pattern], Poisson model only
@group(0) @binding(5) var<storage, read_write> steps: array<vec2f>;       // [position in minibatch]: object, probe
@group(0) @binding(6) var<storage, read_write> patternSteps: array<vec2f>; // [pattern]: object, probe
@group(0) @binding(7) var<storage, read_write> flags: array<atomic<u32>>;

override JOINT: bool = true;
override SCALE_BY_FAR_STEP: bool = false;

fn usable(value: f32) -> bool {
  return isFinite(vec2f(value, 0.0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let position = flatIndex(id, groups);
  if (position >= batch.batchCount) { return; }
  var mean = vec2f();
  for (var j = 0u; j < batch.batchCount; j++) {
    mean += vec2f(sums[6u * j], sums[6u * j + 1u]) + params.regularisation;
  }
  mean /= f32(batch.batchCount);
  let pattern = slots[batch.batchBase + position].pattern;
  var scale = 1.0;
  if (SCALE_BY_FAR_STEP) { scale = farStep[pattern]; }
  let objectSquare = sums[6u * position];
  let probeSquare = sums[6u * position + 1u];
  let cross = vec2f(sums[6u * position + 2u], sums[6u * position + 3u]);
  let right = scale * vec2f(sums[6u * position + 4u], sums[6u * position + 5u]);
  var step: vec2f;
  if (JOINT) {
    let a11 = objectSquare + params.regularisation + 0.1 * mean.x;
    let a22 = probeSquare + params.regularisation + 0.1 * mean.y;
    step = vec2f(
      (right.x - cross.x / a22 * right.y) / (a11 - dot(cross / a22, cross)),
      (right.y - cross.x / a11 * right.x) / (a22 - dot(cross / a11, cross)),
    );
  } else {
    step = vec2f(-1.0);
    if (objectSquare > 0.0) { step.x = 0.5 * right.x / objectSquare; }
    if (probeSquare > 0.0) { step.y = 0.5 * right.y / probeSquare; }
  }
  var solved = max(step, vec2f()) * vec2f(params.objectScale, params.probeScale);
  if (!usable(step.x) || (!JOINT && !(objectSquare > 0.0))) { solved.x = -1.0; }
  if (!usable(step.y) || (!JOINT && !(probeSquare > 0.0))) { solved.y = -1.0; }
  if (solved.x < 0.0 || solved.y < 0.0) { atomicAdd(&flags[params.invalidCounter], 1u); }
  steps[position] = solved;
  patternSteps[pattern] = max(solved, vec2f());
}
