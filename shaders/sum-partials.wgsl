// Second stage of every per-pattern sum: adds the lanes of one pattern in fixed order.
// One invocation per (position, quantity). Places the sums by position in the minibatch or in the epoch's loss table.
//!include lib/batch.wgsl

struct Params { laneCount: u32, quantityCount: u32, intoStatistics: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> partials: array<f32>;      // [position in slice, lane, quantity]
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;    // [position, quantity]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let index = flatIndex(id, groups);
  let position = index / params.quantityCount;
  if (position >= batch.count) { return; }
  let quantity = index - position * params.quantityCount;
  let first = position * params.laneCount * params.quantityCount + quantity;
  let stride = params.quantityCount;
  // four sums side by side, so that reads do not wait for one another
  var sum = vec4f();
  var lane = 0u;
  for (; lane + 3u < params.laneCount; lane += 4u) {
    let place = first + lane * stride;
    sum += vec4f(partials[place], partials[place + stride], partials[place + 2u * stride], partials[place + 3u * stride]);
  }
  for (; lane < params.laneCount; lane++) { sum.x += partials[first + lane * stride]; }
  let total = (sum.x + sum.y) + (sum.z + sum.w);
  var base = batch.slotBase - batch.batchBase;
  if (params.intoStatistics == 1u) { base = batch.slotBase; }
  sums[(base + position) * params.quantityCount + quantity] = total;
}
