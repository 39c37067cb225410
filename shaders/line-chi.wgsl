// Rows of chi of mode 0, kept, and chi_0 conj(O) forward along x: the probe gradient on its way to Fourier space
// (lsqml.md steps 5 and 7).
//!include lib/line.wgsl
//!include lib/canvas.wgsl

struct Params { canvasHeight: u32, canvasWidth: u32, waveModes: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> batch: Batch;
@group(0) @binding(2) var<storage, read> twiddles: array<vec2f>;
@group(0) @binding(3) var<storage, read> slots: array<Slot>;
@group(0) @binding(4) var<storage, read> object: array<vec2f>;          // [y, x]
@group(0) @binding(5) var<storage, read_write> waves: array<vec2f>;     // [position in slice, mode, y, x]
@group(0) @binding(6) var<storage, read_write> gradient: array<vec2f>;  // [position in slice, y, x]

var<private> y: u32;
var<private> start: vec2i;
var<private> wave: u32;

fn lineCount() -> u32 { return batch.count * LINES_PER_PLANE; }

fn beginLine(place: Place) {
  let position = place.number / LINES_PER_PLANE;
  y = place.number - position * LINES_PER_PLANE;
  start = slots[batch.slotBase + position].start;
  wave = (place.number + position * (params.waveModes - 1u) * LINES_PER_PLANE) * LENGTH;
}

fn loadFrequency(place: Place, e: u32) -> vec2f { return waves[wave + e]; }

fn atSpace(place: Place, e: u32, v: vec2f) -> vec2f {
  waves[wave + e] = v;
  return multiplyConjugate(v, object[canvasIndex(start, y, e, params.canvasHeight, params.canvasWidth)]);
}

fn storeFrequency(place: Place, e: u32, v: vec2f) { gradient[sampleIndex(place.number, e)] = v; }

@compute @workgroup_size(GROUP_X, GROUP_Y)
fn main(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  transformLines(placeOf(local, group, groups));
}
