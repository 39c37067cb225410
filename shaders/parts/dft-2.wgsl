// Butterfly of two points.

fn dft2(v: ptr<function, array<vec2f, 2>>) {
  let sum = (*v)[0] + (*v)[1];
  (*v)[1] = (*v)[0] - (*v)[1];
  (*v)[0] = sum;
}
