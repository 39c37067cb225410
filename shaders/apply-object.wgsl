// Object update on the touched tiles: O += rate * step * direction (lsqml.md step 12). Flags the first minibatch that
// leaves a NaN or Inf.
//!include lib/complex.wgsl
//!include lib/tile.wgsl

struct Params { canvasHeight: u32, canvasWidth: u32, tilesAcross: u32, learningRate: f32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> tiles: array<u32>;
@group(0) @binding(3) var<storage, read> batchSteps: array<f32>;        // object, probe
@group(0) @binding(4) var<storage, read> direction: array<vec4f>;       // [y, x]: all modes, mode 0
@group(0) @binding(5) var<storage, read_write> object: array<vec2f>;    // [y, x]
@group(0) @binding(6) var<storage, read_write> flags: array<atomic<u32>>; // first bad minibatch: object, probe

@compute @workgroup_size(16, 16)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let number = listedTile(group, groups);
  if (number == NO_TILE) { return; }
  let place = tilePixel(number, local);
  if (!isOnCanvas(place)) { return; }
  let pixel = pixelIndex(place);
  let value = object[pixel] + params.learningRate * batchSteps[0] * direction[pixel].xy;
  object[pixel] = value;
  if (!isFinite(value)) { atomicMin(&flags[0], batch.minibatch); }
}
