// Angle of a complex number, -pi ... pi, for pictures: off by less than 2e-5 rad. WGSL promises its own functions to a few
// bits only. The polynomial is Abramowitz and Stegun's 4.4.49.

const HALF_TURN: f32 = 3.14159265;

fn angleOf(a: vec2f) -> f32 {
  let size = abs(a);
  let larger = max(size.x, size.y);
  if (larger == 0.0) { return 0.0; }
  let t = min(size.x, size.y) / larger;
  let square = t * t;
  var angle = t * (0.9998660 + square * (-0.3302995 + square * (0.1801410 + square * (-0.0851330 + square * 0.0208351))));
  if (size.y > size.x) { angle = 0.5 * HALF_TURN - angle; }
  if (a.x < 0.0) { angle = HALF_TURN - angle; }
  return select(angle, -angle, a.y < 0.0);
}
