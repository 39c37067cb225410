// What every kernel around a generated line transform (src/kernels/line-transform.ts) shares.
//!include lib/batch.wgsl
//!include lib/complex.wgsl
//!include lib/dft-four.wgsl

// The line of this invocation.
struct Place {
  line: u32,     // within the workgroup
  thread: u32,   // within the line
  number: u32,   // within the dispatch: lines of one plane after another
}

fn placeOf(local: vec3u, group: vec3u, groups: vec3u) -> Place {
  let line = lineInGroup(local);
  return Place(line, threadInLine(local), (group.y * groups.x + group.x) * LINES + line);
}
