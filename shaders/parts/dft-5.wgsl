// Butterfly of five points; constants are cos and sin of 2 pi / 5 and 4 pi / 5.

fn dft5(v: ptr<function, array<vec2f, 5>>) {
  let sum1 = (*v)[1] + (*v)[4];
  let sum2 = (*v)[2] + (*v)[3];
  let difference1 = (*v)[1] - (*v)[4];
  let difference2 = (*v)[2] - (*v)[3];
  let first = (*v)[0];
  let real1 = first + 0.30901699437494745 * sum1 - 0.8090169943749475 * sum2;
  let real2 = first - 0.8090169943749475 * sum1 + 0.30901699437494745 * sum2;
  let imaginary1 = 0.9510565162951535 * difference1 + 0.5877852522924731 * difference2;
  let imaginary2 = 0.5877852522924731 * difference1 - 0.9510565162951535 * difference2;
  (*v)[0] = first + sum1 + sum2;
  (*v)[1] = vec2f(real1.x + imaginary1.y, real1.y - imaginary1.x);
  (*v)[2] = vec2f(real2.x + imaginary2.y, real2.y - imaginary2.x);
  (*v)[3] = vec2f(real2.x - imaginary2.y, real2.y + imaginary2.x);
  (*v)[4] = vec2f(real1.x - imaginary1.y, real1.y + imaginary1.x);
}
