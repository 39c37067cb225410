// Illumination map C (lsqml.md section 2.1): L = sum over all patterns of the probe's intensity at the integer patch
// start, C <- old * C + new * L. Tiles that no patch touches keep C = 0. Workgroups of 16 x 16 pixels cover the tiles; which
// of them an invocation takes, parts/gather-* say.
//!include lib/tile.wgsl

struct Params {
  height: u32, width: u32, canvasHeight: u32, canvasWidth: u32, tilesAcross: u32, oldWeight: f32, newWeight: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;                 // every pattern, by index
@group(0) @binding(3) var<storage, read> tiles: array<u32>;
@group(0) @binding(4) var<storage, read> intensity: array<f32>;              // [y, x]: of the probe
@group(0) @binding(5) var<storage, read_write> illumination: array<f32>;     // [y, x]

// A pattern that covers the tile: the object pixel of its first sample.
struct Covering { start: vec2i }

// What it adds to the object pixel `place`, in x.
fn contributionTo(pattern: Covering, place: vec2u) -> vec4f {
  let y = i32(place.x) - pattern.start.x;
  let x = i32(place.y) - pattern.start.y;
  var light = 0.0;
  if (y >= 0 && x >= 0 && y < i32(params.height) && x < i32(params.width)) {
    light = intensity[u32(y) * params.width + u32(x)];
  }
  return vec4f(light, vec3f());
}

fn leavePixel(place: vec2u, sum: vec4f) {
  if (!isOnCanvas(place)) { return; }
  let pixel = pixelIndex(place);
  var map = params.newWeight * sum.x;
  if (params.oldWeight > 0.0) { map += params.oldWeight * illumination[pixel]; }
  illumination[pixel] = map;
}

@compute @workgroup_size(16, GROUP_HEIGHT)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let listed = listedTile(group, groups);
  if (listed.number == NO_TILE) { return; }
  let place = firstPixel(tileCorner(listed), local);
  var sums = PixelSums();
  let end = tiles[batch.rangeBase + listed.number + 1u];
  for (var entry = tiles[batch.rangeBase + listed.number]; entry < end; entry++) {
    addPattern(Covering(slots[tiles[entry]].start), place, &sums);
  }
  leavePixels(place, sums);
}
