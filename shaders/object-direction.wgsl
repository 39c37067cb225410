// Preconditioned object direction: gradient / sqrt(C^2 + (damping max C)^2) on the touched tiles (lsqml.md step 6).
//!include lib/tile.wgsl

struct Params { canvasHeight: u32, canvasWidth: u32, tilesAcross: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> tiles: array<u32>;
@group(0) @binding(3) var<storage, read> gradient: array<vec4f>;         // [y, x]: all modes, mode 0
@group(0) @binding(4) var<storage, read> preconditioner: array<f32>;     // [y, x]
@group(0) @binding(5) var<storage, read_write> direction: array<vec4f>;  // [y, x]: all modes, mode 0

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
  direction[pixel] = gradient[pixel] / preconditioner[pixel];
}
