// Four-point transform by value, the building block of radix 4, 8 and 16.

struct Four { a: vec2f, b: vec2f, c: vec2f, d: vec2f }

fn dftFour(a: vec2f, b: vec2f, c: vec2f, d: vec2f) -> Four {
  let even = a + c;
  let evenDifference = a - c;
  let odd = b + d;
  let oddDifference = vec2f(b.y - d.y, d.x - b.x); // -i (b - d)
  return Four(even + odd, evenDifference + oddDifference, even - odd, evenDifference - oddDifference);
}
