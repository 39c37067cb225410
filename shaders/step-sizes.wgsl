// Step sizes of the minibatch (lsqml.md step 10), by one workgroup: per pattern the joint 2 x 2 system (Eq. 22) by
// elimination, which does not overflow, or separate quotients (Eqs. 23); then the trimmed mean of the object steps
// (conventions.md section 7) and the mean of the probe steps. -1 marks a step without a solution; it takes no part.
//!include lib/batch.wgsl
//!include lib/complex.wgsl

struct Params { objectScale: f32, probeScale: f32, regularisation: f32, invalidCounter: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> sums: array<f32>;                 // [position in minibatch, 6]
@group(0) @binding(4) var<storage, read> farStep: array<f32>;              // [pattern], Poisson model only
@group(0) @binding(5) var<storage, read_write> steps: array<vec2f>;        // [position in minibatch]: object, probe
@group(0) @binding(6) var<storage, read_write> patternSteps: array<vec2f>; // [pattern]: object, probe
@group(0) @binding(7) var<storage, read_write> batchSteps: array<f32>;     // object, probe
@group(0) @binding(8) var<storage, read_write> flags: array<atomic<u32>>;

override JOINT: bool = true;
override SCALE_BY_FAR_STEP: bool = false;

override LANES: u32 = 64u;  // invocations of the workgroup, a power of two
var<workgroup> lanes: array<vec4f, LANES>;
var<workgroup> others: array<f32, LANES>;

fn usable(value: f32) -> bool {
  return isFinite(vec2f(value, 0.0));
}

// Sum over the lanes in a fixed tree.
fn sumLanes(lane: u32, value: vec4f) -> vec4f {
  workgroupBarrier();
  lanes[lane] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
  }
  workgroupBarrier();
  return lanes[0];
}

fn solve(position: u32, mean: vec2f) -> vec2f {
  var scale = 1.0;
  if (SCALE_BY_FAR_STEP) { scale = farStep[slots[batch.batchBase + position].pattern]; }
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
  return solved;
}

// Kept when t <= rank < k - t, t = (k + 9) / 20, among the k valid object steps; ties by index. All lanes come along.
fn isKept(lane: u32, position: u32) -> bool {
  let count = batch.batchCount;
  var own = -1.0;
  if (position < count) { own = steps[position].x; }
  var rank = 0u;
  var valid = 0u;
  for (var first = 0u; first < count; first += LANES) {
    workgroupBarrier();
    others[lane] = -1.0;
    if (first + lane < count) { others[lane] = steps[first + lane].x; }
    workgroupBarrier();
    for (var k = 0u; k < LANES; k++) {
      let other = others[k];
      valid += select(0u, 1u, other >= 0.0);
      rank += select(0u, 1u, other >= 0.0 && (other < own || (other == own && first + k < position)));
    }
  }
  let trim = (valid + 9u) / 20u;
  return own >= 0.0 && rank >= trim && rank + trim < valid;
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let count = batch.batchCount;
  var own = vec4f();
  for (var j = lane; j < count; j += LANES) {
    own += vec4f(sums[6u * j] + params.regularisation, sums[6u * j + 1u] + params.regularisation, 0.0, 0.0);
  }
  let mean = sumLanes(lane, own).xy / f32(count);
  for (var j = lane; j < count; j += LANES) {
    let solved = solve(j, mean);
    if (solved.x < 0.0 || solved.y < 0.0) { atomicAdd(&flags[params.invalidCounter], 1u); }
    steps[j] = solved;
    patternSteps[slots[batch.batchBase + j].pattern] = max(solved, vec2f());
  }
  storageBarrier();
  own = vec4f();
  for (var first = 0u; first < count; first += LANES) {
    let j = first + lane;
    if (isKept(lane, j)) { own += vec4f(steps[j].x, 1.0, 0.0, 0.0); }
    if (j < count) { own.z += max(steps[j].y, 0.0); }
  }
  let total = sumLanes(lane, own);
  if (lane == 0u) {
    batchSteps[0] = select(0.0, total.x / max(total.y, 1.0), total.y > 0.0);
    batchSteps[1] = total.z / f32(count);
  }
}
