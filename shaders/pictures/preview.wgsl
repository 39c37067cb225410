// Paints a complex plane onto a canvas: phase or amplitude through a colour map, or phase as hue and amplitude as
// brightness. One triangle covers the canvas. Where an image pixel is smaller than a canvas pixel, up to 4 x 4 are averaged.
//!include lib/complex.wgsl
//!include lib/angle.wgsl

const PHASE = 0u;
const AMPLITUDE = 1u;

struct Params {
  first: u32, height: u32, width: u32, kind: u32, colourCount: u32, // kind: PHASE, AMPLITUDE, else both
  low: f32, high: f32,                   // ends of the colour map, in radians or as the values are
  referenceRe: f32, referenceIm: f32,    // phases are counted from this one's
  centreY: f32, centreX: f32,            // image pixel in the middle of the canvas
  scale: f32,                            // canvas pixels per image pixel
  canvasHeight: f32, canvasWidth: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> image: array<vec2f>;    // [plane, y, x]; the plane begins at `first`
@group(0) @binding(2) var<storage, read> colours: array<u32>;    // [entry] RGBA, one byte each

@vertex
fn cover(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
  return vec4f(select(-1.0, 3.0, index == 1u), select(-1.0, 3.0, index == 2u), 0.0, 1.0);
}

fn colourAt(share: f32) -> vec4f {
  let entry = u32(max(share, 0.0) * f32(params.colourCount));
  return unpack4x8unorm(colours[min(entry, params.colourCount - 1u)]);
}

fn shareOf(value: f32) -> f32 {
  return clamp((value - params.low) / (params.high - params.low), 0.0, 1.0);
}

@fragment
fn paint(@builtin(position) place: vec4f) -> @location(0) vec4f {
  let step = 1.0 / params.scale;
  let samples = u32(clamp(ceil(step), 1.0, 4.0));
  // the image's pixel i reaches from i - 1/2 to i + 1/2
  let corner = vec2f(params.centreY, params.centreX) + 0.5
    + (floor(place.yx) - 0.5 * vec2f(params.canvasHeight, params.canvasWidth)) * step;
  var sum = vec2f();
  var modulus = 0.0;
  var count = 0u;
  for (var k = 0u; k < samples * samples; k++) {
    let at = floor(corner + step * (vec2f(f32(k / samples), f32(k % samples)) + 0.5) / f32(samples));
    if (at.x < 0.0 || at.y < 0.0 || at.x >= f32(params.height) || at.y >= f32(params.width)) { continue; }
    let value = image[params.first + u32(at.x) * params.width + u32(at.y)];
    if (!isFinite(value)) { return vec4f(1.0, 0.0, 1.0, 1.0); }
    sum += value;
    modulus += sqrt(squaredModulus(value));
    count++;
  }
  if (count == 0u) { return vec4f(); }
  if (params.kind == AMPLITUDE) { return colourAt(shareOf(modulus / f32(count))); }
  let phase = angleOf(multiplyConjugate(sum, vec2f(params.referenceRe, params.referenceIm)));
  if (params.kind == PHASE) { return colourAt(shareOf(phase)); }
  let brightness = shareOf(modulus / f32(count));
  return vec4f(brightness * colourAt(phase / (2.0 * HALF_TURN) + 0.5).rgb, 1.0);
}
