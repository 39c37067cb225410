// Workgroups of 16 x 16 invocations over the listed tiles of the canvas, which are one or more of them wide. Needs `params`
// with the canvas's size and its tiles across, `batch`, and `tiles`.
//!include lib/batch.wgsl

override TILE_SIDE: u32 = 16u;  // a multiple of 16

const NO_TILE = 0xffffffffu;

// Place in the list of the workgroup's tile, and which part of it is the workgroup's.
struct TilePart { number: u32, part: u32 }

fn partsOfTile() -> u32 { return (TILE_SIDE / 16u) * (TILE_SIDE / 16u); }

// NO_TILE when the dispatch is larger than the list.
fn listedTile(group: vec3u, groups: vec3u) -> TilePart {
  let index = group.y * groups.x + group.x;
  let number = index / partsOfTile();
  return TilePart(select(NO_TILE, number, number < batch.tileCount), index - number * partsOfTile());
}

// Row and column of the part's first pixel; tiles at the far edges reach beyond the canvas.
fn tileCorner(listed: TilePart) -> vec2u {
  let tile = tiles[batch.tileBase + listed.number];
  let across = TILE_SIDE / 16u;
  return TILE_SIDE * vec2u(tile / params.tilesAcross, tile % params.tilesAcross)
    + 16u * vec2u(listed.part / across, listed.part % across);
}

// Row and column of the invocation's pixel.
fn tilePixel(listed: TilePart, local: vec3u) -> vec2u {
  return tileCorner(listed) + local.yx;
}

fn isOnCanvas(place: vec2u) -> bool {
  return place.x < params.canvasHeight && place.y < params.canvasWidth;
}

fn pixelIndex(place: vec2u) -> u32 {
  return place.x * params.canvasWidth + place.y;
}
