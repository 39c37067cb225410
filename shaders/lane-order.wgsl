// Whether the invocations of a workgroup follow one another in its subgroups, as lines shared by lanes need it: which
// neighbour each of them reaches by a shuffle.

@group(0) @binding(0) var<storage, read_write> neighbours: array<vec4u>;  // [invocation]: at distance 1, 2, 4, itself

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u) {
  let own = local.x;
  neighbours[own] = vec4u(
    subgroupShuffleXor(own, 1u),
    subgroupShuffleXor(own, 2u),
    subgroupShuffleXor(own, 4u),
    own,
  );
}
