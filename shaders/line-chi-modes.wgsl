// Rows of chi of the modes m >= 1, in place (lsqml.md step 5).
//!include lib/line.wgsl

struct Params { waveModes: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> waves: array<vec2f>;  // [position in slice, mode, y, x]

fn lineCount() -> u32 { return batch.count * (params.waveModes - 1u) * LINES_PER_PLANE; }

var<private> wave: u32;

// Lines run through the rows of modes 1, 2, ... of one position, then of the next.
fn beginLine(place: Place) {
  let position = place.number / ((params.waveModes - 1u) * LINES_PER_PLANE);
  wave = (place.number + (position + 1u) * LINES_PER_PLANE) * LENGTH;
}

fn loadFrequency(place: Place, e: u32) -> vec2f { return waves[wave + e]; }
fn storeSpace(place: Place, e: u32, v: vec2f) { waves[wave + e] = v; }

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  transformLines(placeOf(local, group, groups));
}
