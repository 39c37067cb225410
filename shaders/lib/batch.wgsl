// One slice of one minibatch: an entry of the epoch's table, chosen by dynamic offset.

struct Batch {
  slotBase: u32,    // first slot of this slice in the epoch's slot table
  count: u32,       // patterns in this slice
  batchBase: u32,   // first slot of the minibatch
  batchCount: u32,  // patterns in the minibatch
  tileBase: u32,    // where the minibatch's tile numbers start in the tile table
  tileCount: u32,   // object tiles the minibatch touches
  rangeBase: u32,   // where this slice's tileCount + 1 entry bounds start in the tile table
  firstSlice: u32,  // 1 for the first slice of the minibatch
  minibatch: u32,   // number of the minibatch within the epoch
  lastSlice: u32,   // 1 for the last slice of the minibatch
}

// A scheduled pattern.
struct Slot {
  pattern: u32,     // index in the scan
  data: u32,        // index in the bound pattern buffer
  start: vec2i,     // (y, x) of the first object pixel of the patch
  fraction: vec2f,  // (y, x) sub-pixel shift of the probe
  noise: f32,       // perturbation of the Poisson step
  reserved: u32,
}

// Number of this invocation in a dispatch that may be two-dimensional.
fn flatIndex(id: vec3u, groups: vec3u) -> u32 {
  return id.y * groups.x * 64u + id.x;
}
