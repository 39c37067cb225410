// Updates of object and probe, O += rate * step * direction on the touched tiles and P_m likewise (lsqml.md step 12).
// Flags the first minibatch that leaves a NaN or Inf. The first workgroups take the tiles, the others 256 samples of the
// probe each.
//!include lib/complex.wgsl
//!include lib/tile.wgsl

struct Params {
  canvasHeight: u32, canvasWidth: u32, tilesAcross: u32, objectRate: f32, probeSamples: u32, probeRate: f32,
  allModes: u32,  // where the direction of all modes begins
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> tiles: array<u32>;
@group(0) @binding(3) var<storage, read> batchSteps: array<f32>;          // object, probe
@group(0) @binding(4) var<storage, read> direction: array<vec2f>;         // [mode 0 | all modes, y, x]
@group(0) @binding(5) var<storage, read> probeDirection: array<vec2f>;    // [mode, y, x]
@group(0) @binding(6) var<storage, read_write> object: array<vec2f>;      // [y, x]
@group(0) @binding(7) var<storage, read_write> probe: array<vec2f>;       // [mode, y, x]
@group(0) @binding(8) var<storage, read_write> flags: array<atomic<u32>>; // first bad minibatch: object, probe

override UPDATE_OBJECT: bool = true;
override UPDATE_PROBE: bool = true;

@compute @workgroup_size(16, 16)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let listed = listedTile(group, groups);
  if (listed.number == NO_TILE) {
    let first = batch.tileCount * partsOfTile();
    let index = (group.y * groups.x + group.x - first) * 256u + local.y * 16u + local.x;
    if (!UPDATE_PROBE || index >= params.probeSamples) { return; }
    let value = probe[index] + params.probeRate * batchSteps[1] * probeDirection[index];
    probe[index] = value;
    if (!isFinite(value)) { atomicMin(&flags[1], batch.minibatch); }
    return;
  }
  let place = tilePixel(listed, local);
  if (!UPDATE_OBJECT || !isOnCanvas(place)) { return; }
  let pixel = pixelIndex(place);
  let value = object[pixel] + params.objectRate * batchSteps[0] * direction[pixel + params.allModes];
  object[pixel] = value;
  if (!isFinite(value)) { atomicMin(&flags[0], batch.minibatch); }
}
