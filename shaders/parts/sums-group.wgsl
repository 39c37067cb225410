// Sums of a workgroup, added in a fixed tree; its first invocation has them.
const GROUP = 128u;
const LANES_PER_GROUP = 1u;
var<workgroup> treeA: array<vec4f, GROUP>;
var<workgroup> treeB: array<vec2f, GROUP>;

fn samplesOf(part: u32, lane: u32, groupCount: u32, frame: u32) -> Samples {
  return Samples(part * GROUP + lane, frame, groupCount * GROUP);
}

fn leaveSums(lane: u32, sums: ptr<function, Sums>) -> bool {
  treeA[lane] = vec4f((*sums).squares, (*sums).cross);
  treeB[lane] = (*sums).right;
  for (var half = GROUP / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      treeA[lane] += treeA[lane + half];
      treeB[lane] += treeB[lane + half];
    }
  }
  *sums = Sums(treeA[lane].xy, treeA[lane].zw, treeB[lane]);
  return lane == 0u;
}
