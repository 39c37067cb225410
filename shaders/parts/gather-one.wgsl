// Gathers over the object: an invocation has one pixel, neighbouring invocations take neighbours in a row, which graphics
// processors read together.
const GROUP_HEIGHT = 16u;

fn firstPixel(corner: vec2u, local: vec3u) -> vec2u { return corner + local.yx; }

struct PixelSums { a: vec4f }

fn addPattern(pattern: Covering, place: vec2u, sums: ptr<function, PixelSums>) {
  (*sums).a += contributionTo(pattern, place);
}

fn leavePixels(place: vec2u, sums: PixelSums) { leavePixel(place, sums.a); }
