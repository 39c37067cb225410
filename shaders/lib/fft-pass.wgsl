// One Stockham pass of a batched 2-D FFT along one axis: every invocation does one butterfly of RADIX points.
// The including kernel declares `load`; a part from shaders/parts gives RADIX and dft(). No barriers, no shared memory.
// Sizes are pipeline constants, so that index divisions become multiplications.
//!include lib/complex.wgsl

override HEIGHT: u32;
override WIDTH: u32;
override ALONG_ROWS: bool;      // transform along x; otherwise along y
override STAGE_LENGTH: u32;     // product of the radices of the earlier passes of this axis

struct Params {
  planesPerPattern: u32,
  direction: f32,       // 1 forward, -1 inverse (conjugate in and out)
  scale: f32,           // applied on the way out
}

fn fftPass(index: u32) {
  let length = select(HEIGHT, WIDTH, ALONG_ROWS);
  let lineCount = select(WIDTH, HEIGHT, ALONG_ROWS);
  let elementStride = select(WIDTH, 1u, ALONG_ROWS);
  let butterflies = length / RADIX;
  let perPlane = butterflies * lineCount;
  let plane = index / perPlane;
  if (plane >= batch.count * params.planesPerPattern) { return; }
  let rest = index - plane * perPlane;
  var lineStart: u32;
  var step: u32;
  if (ALONG_ROWS) {
    let line = rest / butterflies;
    step = rest - line * butterflies;
    lineStart = line * WIDTH;
  } else {
    // neighbouring invocations take neighbouring columns: their reads lie side by side
    step = rest / lineCount;
    lineStart = rest - step * lineCount;
  }
  let inStage = step % STAGE_LENGTH;
  var values: array<vec2f, RADIX>;
  for (var k = 0u; k < RADIX; k++) {
    var value = load(plane, lineStart + (step + k * butterflies) * elementStride);
    value.y *= params.direction;
    if (STAGE_LENGTH > 1u && k > 0u) {
      value = multiply(value, twiddles[k * inStage * (length / (STAGE_LENGTH * RADIX))]);
    }
    values[k] = value;
  }
  dft(&values);
  let outStart = plane * HEIGHT * WIDTH + lineStart + ((step - inStage) * RADIX + inStage) * elementStride;
  let sign = vec2f(params.scale, params.scale * params.direction);
  for (var k = 0u; k < RADIX; k++) {
    result[outStart + k * STAGE_LENGTH * elementStride] = values[k] * sign;
  }
}
