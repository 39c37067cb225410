// Measured patterns as the file packs them: zero frequency in the centre, any orientation, float32 or uint16.
// The including kernel binds `patterns` and has `params.amplitudeScale`, a factor on every amplitude; the overrides
// describe the packing (src/data/dataset.ts, PatternLayout).

override SAMPLE_UINT16: bool = false;
override SAMPLE_INTENSITY: bool = false;
override PATTERN_WORDS: u32;      // 4-byte words of one packed pattern
override LAYOUT_OFFSET: i32 = 0;
override LAYOUT_ROW: i32;
override LAYOUT_COLUMN: i32 = 1;
override HEIGHT: u32;
override WIDTH: u32;

// (amplitude, intensity) of pixel (y, x) of the model, whose zero frequency is at [0, 0].
fn measured(pattern: u32, y: u32, x: u32) -> vec2f {
  let row = i32((y + HEIGHT / 2u) % HEIGHT);
  let column = i32((x + WIDTH / 2u) % WIDTH);
  let sample = u32(LAYOUT_OFFSET + row * LAYOUT_ROW + column * LAYOUT_COLUMN);
  var value: f32;
  if (SAMPLE_UINT16) {
    let word = patterns[pattern * PATTERN_WORDS + sample / 2u];
    value = f32((word >> (16u * (sample & 1u))) & 0xffffu);
  } else {
    value = bitcast<f32>(patterns[pattern * PATTERN_WORDS + sample]);
  }
  let scale = params.amplitudeScale;
  if (SAMPLE_INTENSITY) { return vec2f(scale * sqrt(value), scale * scale * value); }
  let amplitude = scale * value;
  return vec2f(amplitude, amplitude * amplitude);
}
