// Butterfly of eight points: two of four, joined with eighth roots of unity.

const ROOT_HALF = 0.7071067811865476;

fn dft8(v: ptr<function, array<vec2f, 8>>) {
  let even = dftFour((*v)[0], (*v)[2], (*v)[4], (*v)[6]);
  let odd = dftFour((*v)[1], (*v)[3], (*v)[5], (*v)[7]);
  let odd1 = vec2f(odd.b.x + odd.b.y, odd.b.y - odd.b.x) * ROOT_HALF;
  let odd2 = vec2f(odd.c.y, -odd.c.x);
  let odd3 = vec2f(odd.d.y - odd.d.x, -odd.d.x - odd.d.y) * ROOT_HALF;
  (*v)[0] = even.a + odd.a;
  (*v)[1] = even.b + odd1;
  (*v)[2] = even.c + odd2;
  (*v)[3] = even.d + odd3;
  (*v)[4] = even.a - odd.a;
  (*v)[5] = even.b - odd1;
  (*v)[6] = even.c - odd2;
  (*v)[7] = even.d - odd3;
}
