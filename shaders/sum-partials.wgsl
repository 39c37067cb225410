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
  var total = 0.0;
  for (var lane = 0u; lane < params.laneCount; lane++) {
    total += partials[(position * params.laneCount + lane) * params.quantityCount + quantity];
  }
  var base = batch.slotBase - batch.batchBase;
  if (params.intoStatistics == 1u) { base = batch.slotBase; }
  sums[(base + position) * params.quantityCount + quantity] = total;
}
