// One Stockham pass of a batched 2-D FFT along one axis: every invocation does one butterfly of RADIX points.
// The including kernel declares `load`; a part from shaders/parts gives RADIX and dft(). No barriers, no shared memory.
//!include lib/complex.wgsl

struct Params {
  length: u32,          // points along the transformed axis
  stageLength: u32,     // product of the radices of the earlier passes
  elementStride: u32,   // samples from one point of a line to the next
  lineStride: u32,      // samples from one line to the next
  lineCount: u32,       // lines of a plane
  linesFastest: u32,    // 1: neighbouring invocations take neighbouring lines
  planesPerPattern: u32,
  twiddleStep: u32,     // length / (stageLength * RADIX)
  direction: f32,       // 1 forward, -1 inverse (conjugate in and out)
  scale: f32,           // applied on the way out
  height: u32,
  width: u32,
  canvasHeight: u32,
  canvasWidth: u32,
}

fn fftPass(index: u32) {
  let planeSize = params.length * params.lineCount;
  let butterflies = params.length / RADIX;
  let perPlane = butterflies * params.lineCount;
  let plane = index / perPlane;
  if (plane >= batch.count * params.planesPerPattern) { return; }
  let rest = index - plane * perPlane;
  var line: u32;
  var step: u32;
  if (params.linesFastest == 1u) {
    step = rest / params.lineCount;
    line = rest - step * params.lineCount;
  } else {
    line = rest / butterflies;
    step = rest - line * butterflies;
  }
  let lineStart = line * params.lineStride;
  let inStage = step % params.stageLength;
  var values: array<vec2f, RADIX>;
  for (var k = 0u; k < RADIX; k++) {
    var value = load(plane, lineStart + (step + k * butterflies) * params.elementStride);
    value.y *= params.direction;
    if (k > 0u) { value = multiply(value, twiddles[k * inStage * params.twiddleStep]); }
    values[k] = value;
  }
  dft(&values);
  let outStart = plane * planeSize + lineStart + ((step - inStage) * RADIX + inStage) * params.elementStride;
  let sign = vec2f(params.scale, params.scale * params.direction);
  for (var k = 0u; k < RADIX; k++) {
    result[outStart + k * params.stageLength * params.elementStride] = values[k] * sign;
  }
}
