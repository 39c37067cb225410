// Gathers over the object: an invocation has four pixels of a row, and those beside it take other rows, so that a processor
// waits once for the cache lines of all rows. Four variables, because an array that a loop indexes leaves the registers.
const GROUP_HEIGHT = 4u;

fn firstPixel(corner: vec2u, local: vec3u) -> vec2u { return corner + vec2u(local.x, 4u * local.y); }

struct PixelSums { a: vec4f, b: vec4f, c: vec4f, d: vec4f }

fn addPattern(pattern: Covering, place: vec2u, sums: ptr<function, PixelSums>) {
  (*sums).a += contributionTo(pattern, place);
  (*sums).b += contributionTo(pattern, place + vec2u(0u, 1u));
  (*sums).c += contributionTo(pattern, place + vec2u(0u, 2u));
  (*sums).d += contributionTo(pattern, place + vec2u(0u, 3u));
}

fn leavePixels(place: vec2u, sums: PixelSums) {
  leavePixel(place, sums.a);
  leavePixel(place + vec2u(0u, 1u), sums.b);
  leavePixel(place + vec2u(0u, 2u), sums.c);
  leavePixel(place + vec2u(0u, 3u), sums.d);
}
