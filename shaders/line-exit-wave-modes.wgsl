// Rows of the exit waves of the unshifted modes m >= 1: probe times object patch, forward along x (lsqml.md step 1).
//!include lib/line.wgsl
//!include lib/canvas.wgsl

struct Params { canvasHeight: u32, canvasWidth: u32, waveModes: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(3) var<storage, read> slots: array<Slot>;
@group(0) @binding(4) var<storage, read> probe: array<vec2f>;         // [mode, y, x]
@group(0) @binding(5) var<storage, read> object: array<vec2f>;        // [y, x]
@group(0) @binding(6) var<storage, read_write> waves: array<vec2f>;   // [position in slice, mode, y, x]

var<private> y: u32;
var<private> start: vec2i;
var<private> illumination: u32;
var<private> wave: u32;

fn lineCount() -> u32 { return batch.count * (params.waveModes - 1u) * LINES_PER_PLANE; }

// Lines run through the rows of modes 1, 2, ... of one position, then of the next.
fn beginLine(place: Place) {
  let plane = place.number / LINES_PER_PLANE;
  let position = plane / (params.waveModes - 1u);
  let mode = plane - position * (params.waveModes - 1u) + 1u;
  y = place.number - plane * LINES_PER_PLANE;
  start = slots[batch.slotBase + position].start;
  illumination = (mode * LINES_PER_PLANE + y) * LENGTH;
  wave = ((position * params.waveModes + mode) * LINES_PER_PLANE + y) * LENGTH;
}

fn loadSpace(place: Place, e: u32) -> vec2f {
  let transmission = object[canvasIndex(start, y, e, params.canvasHeight, params.canvasWidth)];
  return multiply(probe[illumination + e], transmission);
}

fn storeFrequency(place: Place, e: u32, v: vec2f) { waves[wave + e] = v; }

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  transformLines(placeOf(local, group, groups));
}
