// Step of the whole minibatch: mean of the kept object steps, plain mean of the probe steps. One invocation.
//!include lib/batch.wgsl

@group(0) @binding(0) var<uniform> batch: Batch;
@group(0) @binding(1) var<storage, read> steps: array<vec2f>;             // [position in minibatch]: object, probe
@group(0) @binding(2) var<storage, read> kept: array<f32>;                // [position in minibatch]
@group(0) @binding(3) var<storage, read_write> batchSteps: array<f32>;    // object, probe

@compute @workgroup_size(1)
fn main() {
  var objectSum = 0.0;
  var objectCount = 0.0;
  var probeSum = 0.0;
  for (var j = 0u; j < batch.batchCount; j++) {
    if (kept[j] >= 0.0) {
      objectSum += kept[j];
      objectCount += 1.0;
    }
    probeSum += max(steps[j].y, 0.0);
  }
  batchSteps[0] = select(0.0, objectSum / max(objectCount, 1.0), objectCount > 0.0);
  batchSteps[1] = probeSum / f32(batch.batchCount);
}
