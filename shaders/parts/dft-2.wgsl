// Butterfly of two points.
const RADIX = 2u;

fn dft(v: ptr<function, array<vec2f, 2>>) {
  let sum = (*v)[0] + (*v)[1];
  (*v)[1] = (*v)[0] - (*v)[1];
  (*v)[0] = sum;
}
