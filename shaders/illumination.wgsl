// Illumination map C (lsqml.md section 2.1): L = sum over all patterns of the probe's intensity at the integer patch
// start, C <- old * C + new * L. Tiles that no patch touches keep C = 0. Workgroups of 16 x 16 pixels cover the tiles.
//!include lib/complex.wgsl
//!include lib/tile.wgsl

struct Params {
  height: u32, width: u32, canvasHeight: u32, canvasWidth: u32, tilesAcross: u32,
  oldWeight: f32, newWeight: f32, usedModes: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;                 // every pattern, by index
@group(0) @binding(3) var<storage, read> tiles: array<u32>;
@group(0) @binding(4) var<storage, read> probe: array<vec2f>;                // [mode, y, x]
@group(0) @binding(5) var<storage, read_write> illumination: array<f32>;     // [y, x]

@compute @workgroup_size(16, 16)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let listed = listedTile(group, groups);
  if (listed.number == NO_TILE) { return; }
  let place = tilePixel(listed, local);
  let frame = params.height * params.width;
  var sum = 0.0;
  let end = tiles[batch.rangeBase + listed.number + 1u];
  for (var entry = tiles[batch.rangeBase + listed.number]; entry < end; entry++) {
    let start = slots[tiles[entry]].start;
    let y = i32(place.x) - start.x;
    let x = i32(place.y) - start.y;
    if (y < 0 || x < 0 || y >= i32(params.height) || x >= i32(params.width)) { continue; }
    let offset = u32(y) * params.width + u32(x);
    for (var mode = 0u; mode < params.usedModes; mode++) { sum += squaredModulus(probe[mode * frame + offset]); }
  }
  if (!isOnCanvas(place)) { return; }
  let pixel = pixelIndex(place);
  var map = params.newWeight * sum;
  if (params.oldWeight > 0.0) { map += params.oldWeight * illumination[pixel]; }
  illumination[pixel] = map;
}
