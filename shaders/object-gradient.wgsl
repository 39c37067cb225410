// Gather form of the object direction (lsqml.md step 6): every object pixel adds sum_m chi_m conj(Q_m) of the patterns
// that cover it, in schedule order; no atomics. The minibatch's last slice divides by the preconditioner
// sqrt(C^2 + (damping max C)^2). Workgroups of 16 x 16 pixels cover the touched tiles;
// which of them an invocation takes, parts/gather-* say.
//!include lib/complex.wgsl
//!include lib/tile.wgsl

struct Params { height: u32, width: u32, canvasHeight: u32, canvasWidth: u32, tilesAcross: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> slots: array<Slot>;
@group(0) @binding(3) var<storage, read> tiles: array<u32>;             // tile numbers, entry bounds, entries
@group(0) @binding(4) var<storage, read> chi: array<vec2f>;             // [position in slice, mode, y, x]
@group(0) @binding(5) var<storage, read> shiftedProbe: array<vec2f>;    // [position in slice, y, x], mode 0
@group(0) @binding(6) var<storage, read> probe: array<vec2f>;           // [mode, y, x]
@group(0) @binding(7) var<storage, read> farStep: array<f32>;           // [pattern], Poisson model only
@group(0) @binding(8) var<storage, read> preconditioner: array<f32>;    // [y, x]
@group(0) @binding(9) var<storage, read_write> direction: array<vec2f>; // [mode 0 | all modes, y, x]; one mode: a plane

override MODE_COUNT: u32 = 1u;
override SCALE_BY_FAR_STEP: bool = false;
override MULTIMODAL: bool = true;

// A pattern that covers the tile: its place in the slice, the object pixel of its first sample, and its weight.
struct Covering { position: u32, start: vec2i, weight: f32 }

// What it adds to the object pixel `place`: (mode 0, the other modes).
fn contributionTo(pattern: Covering, place: vec2u) -> vec4f {
  let frame = params.height * params.width;
  let y = i32(place.x) - pattern.start.x;
  let x = i32(place.y) - pattern.start.y;
  var first = vec2f();
  var others = vec2f();
  if (y >= 0 && x >= 0 && y < i32(params.height) && x < i32(params.width)) {
    let offset = u32(y) * params.width + u32(x);
    let wave = pattern.position * MODE_COUNT * frame + offset;
    first = multiplyConjugate(chi[wave], shiftedProbe[pattern.position * frame + offset]);
    if (MULTIMODAL) {
      for (var mode = 1u; mode < MODE_COUNT; mode++) {
        others += multiplyConjugate(chi[wave + mode * frame], probe[mode * frame + offset]);
      }
    }
    if (SCALE_BY_FAR_STEP) {
      first *= pattern.weight;
      others *= pattern.weight;
    }
  }
  return vec4f(first, others);
}

fn leavePixel(place: vec2u, sum: vec4f) {
  if (!isOnCanvas(place)) { return; }
  let pixel = pixelIndex(place);
  addDirection(pixel, pixel, sum.xy);
  if (MODE_COUNT > 1u) { addDirection(pixel, pixel + params.canvasHeight * params.canvasWidth, sum.xy + sum.zw); }
}

fn addDirection(pixel: u32, index: u32, sum: vec2f) {
  var total = sum;
  if (batch.firstSlice == 0u) { total += direction[index]; }
  if (batch.lastSlice == 1u) { total /= preconditioner[pixel]; }
  direction[index] = total;
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
    let position = tiles[entry];
    let slot = batch.slotBase + position;
    var pattern = Covering(position, slots[slot].start, 1.0);
    if (SCALE_BY_FAR_STEP) { pattern.weight = farStep[slots[slot].pattern]; }
    addPattern(pattern, place, &sums);
  }
  leavePixels(place, sums);
}
