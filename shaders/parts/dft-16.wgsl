// Butterfly of sixteen points: four of four, sixteenth roots of unity, four of four.

fn rotate(a: vec2f, c: f32, s: f32) -> vec2f {
  return vec2f(a.x * c + a.y * s, a.y * c - a.x * s); // a * (c - i s)
}

fn dft16(v: ptr<function, array<vec2f, 16>>) {
  let column0 = dftFour((*v)[0], (*v)[4], (*v)[8], (*v)[12]);
  let column1 = dftFour((*v)[1], (*v)[5], (*v)[9], (*v)[13]);
  let column2 = dftFour((*v)[2], (*v)[6], (*v)[10], (*v)[14]);
  let column3 = dftFour((*v)[3], (*v)[7], (*v)[11], (*v)[15]);
  let row0 = dftFour(column0.a, column1.a, column2.a, column3.a);
  let row1 = dftFour(column0.b, rotate(column1.b, 0.9238795325112867, 0.3826834323650898), rotate(column2.b, 0.7071067811865476, 0.7071067811865475), rotate(column3.b, 0.38268343236508984, 0.9238795325112867));
  let row2 = dftFour(column0.c, rotate(column1.c, 0.7071067811865476, 0.7071067811865475), vec2f(column2.c.y, -column2.c.x), rotate(column3.c, -0.7071067811865475, 0.7071067811865476));
  let row3 = dftFour(column0.d, rotate(column1.d, 0.38268343236508984, 0.9238795325112867), rotate(column2.d, -0.7071067811865475, 0.7071067811865476), rotate(column3.d, -0.9238795325112868, -0.38268343236508967));
  (*v)[0] = row0.a;
  (*v)[4] = row0.b;
  (*v)[8] = row0.c;
  (*v)[12] = row0.d;
  (*v)[1] = row1.a;
  (*v)[5] = row1.b;
  (*v)[9] = row1.c;
  (*v)[13] = row1.d;
  (*v)[2] = row2.a;
  (*v)[6] = row2.b;
  (*v)[10] = row2.c;
  (*v)[14] = row2.d;
  (*v)[3] = row3.a;
  (*v)[7] = row3.b;
  (*v)[11] = row3.c;
  (*v)[15] = row3.d;
}
