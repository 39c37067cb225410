// Butterfly of three points; the constant is sin(2 pi / 3).

fn dft3(v: ptr<function, array<vec2f, 3>>) {
  let sum = (*v)[1] + (*v)[2];
  let difference = ((*v)[1] - (*v)[2]) * 0.8660254037844386;
  let middle = (*v)[0] - 0.5 * sum;
  (*v)[0] += sum;
  (*v)[1] = vec2f(middle.x + difference.y, middle.y - difference.x);
  (*v)[2] = vec2f(middle.x - difference.y, middle.y + difference.x);
}
