// Butterfly of four points.

fn dft4(v: ptr<function, array<vec2f, 4>>) {
  let result = dftFour((*v)[0], (*v)[1], (*v)[2], (*v)[3]);
  (*v)[0] = result.a;
  (*v)[1] = result.b;
  (*v)[2] = result.c;
  (*v)[3] = result.d;
}
