// One workgroup of 16 x 16 invocations per listed tile of the canvas. Needs `params` with the canvas's size and its tiles
// across, `batch`, and `tiles`.
//!include lib/batch.wgsl

const NO_TILE = 0xffffffffu;

// Place of the workgroup's tile in the list; NO_TILE when the dispatch is larger than the list.
fn listedTile(group: vec3u, groups: vec3u) -> u32 {
  let number = group.y * groups.x + group.x;
  return select(NO_TILE, number, number < batch.tileCount);
}

// Row and column of the invocation's pixel; tiles at the far edges reach beyond the canvas.
fn tilePixel(number: u32, local: vec3u) -> vec2u {
  let tile = tiles[batch.tileBase + number];
  return 16u * vec2u(tile / params.tilesAcross, tile % params.tilesAcross) + local.yx;
}

fn isOnCanvas(place: vec2u) -> bool {
  return place.x < params.canvasHeight && place.y < params.canvasWidth;
}

fn pixelIndex(place: vec2u) -> u32 {
  return place.x * params.canvasWidth + place.y;
}
