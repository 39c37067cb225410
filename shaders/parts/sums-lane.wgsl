// Sums of every invocation for itself: no barrier. Eight invocations side by side, a subgroup of most processors, run through
// neighbouring samples, so that the processor sees what to fetch next.
const GROUP = 64u;
const LANES_PER_GROUP = GROUP;
const ABREAST = 8u;

fn runLength(groupCount: u32, frame: u32) -> u32 {
  let runs = groupCount * GROUP / ABREAST;
  return (frame + runs * ABREAST - 1u) / (runs * ABREAST) * ABREAST;
}

fn samplesOf(part: u32, lane: u32, groupCount: u32, frame: u32) -> Samples {
  let length = runLength(groupCount, frame);
  let start = (part * (GROUP / ABREAST) + lane / ABREAST) * length;
  return Samples(start + lane % ABREAST, min(start + length, frame), ABREAST);
}

fn leaveSums(lane: u32, sums: ptr<function, Sums>) -> bool { return true; }
