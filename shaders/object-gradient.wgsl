// Gather form of the object direction (lsqml.md step 6): every object pixel adds sum_m chi_m conj(Q_m) of the patterns
// that cover it, in schedule order; no atomics. The minibatch's last slice divides by the preconditioner
// sqrt(C^2 + (damping max C)^2). Workgroups of 16 x 16 pixels cover the touched tiles; an invocation takes PIXELS of them,
// GROUP_ROWS rows apart (src/kernels/directions.ts writes these two).
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
@group(0) @binding(9) var<storage, read_write> direction: array<vec4f>; // [y, x]: all modes, mode 0

override MODE_COUNT: u32 = 1u;
override SCALE_BY_FAR_STEP: bool = false;
override MULTIMODAL: bool = true;

@compute @workgroup_size(16, GROUP_ROWS)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let listed = listedTile(group, groups);
  if (listed.number == NO_TILE) { return; }
  let place = tilePixel(listed, local);
  let frame = params.height * params.width;
  var sums: array<vec4f, PIXELS>;  // all modes, mode 0
  let end = tiles[batch.rangeBase + listed.number + 1u];
  for (var entry = tiles[batch.rangeBase + listed.number]; entry < end; entry++) {
    let position = tiles[entry];
    let start = slots[batch.slotBase + position].start;
    let x = i32(place.y) - start.y;
    let top = i32(place.x) - start.x;
    if (x < 0 || x >= i32(params.width)) { continue; }
    var factor = 1.0;
    if (SCALE_BY_FAR_STEP) { factor = farStep[slots[batch.slotBase + position].pattern]; }
    for (var k = 0u; k < PIXELS; k++) {
      let y = top + i32(k * GROUP_ROWS);
      if (y < 0 || y >= i32(params.height)) { continue; }
      let offset = u32(y) * params.width + u32(x);
      let wave = position * MODE_COUNT * frame + offset;
      let leading = factor * multiplyConjugate(chi[wave], shiftedProbe[position * frame + offset]);
      var sum = leading;
      if (MULTIMODAL) {
        for (var mode = 1u; mode < MODE_COUNT; mode++) {
          sum += factor * multiplyConjugate(chi[wave + mode * frame], probe[mode * frame + offset]);
        }
      }
      sums[k] += vec4f(sum, leading);
    }
  }
  for (var k = 0u; k < PIXELS; k++) {
    let own = place + vec2u(k * GROUP_ROWS, 0u);
    if (!isOnCanvas(own)) { continue; }
    let pixel = pixelIndex(own);
    var total = sums[k];
    if (batch.firstSlice == 0u) { total += direction[pixel]; }
    if (batch.lastSlice == 1u) { total /= preconditioner[pixel]; }
    direction[pixel] = total;
  }
}
