// Loss of one pixel (lsqml.md step 13): y modelled, measured = (amplitude, intensity).
// 0: (sqrt y - sqrt I)^2 as pty-chi shows it; 1: (y - I)^2; 2: Gaussian model; 3: Poisson model.

override LOSS: u32 = 0u;
override LOSS_SCALE: f32 = 1.0;

fn pixelLoss(y: f32, measured: vec2f) -> f32 {
  if (LOSS == 1u) {
    let difference = y - measured.y;
    return difference * difference;
  }
  if (LOSS == 3u) { return y - measured.y * log(y + 1e-8); }
  let difference = sqrt(y + 1e-7) - sqrt(measured.y + 1e-7);
  return LOSS_SCALE * difference * difference;
}
