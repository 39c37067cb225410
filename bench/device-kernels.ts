// Kernels that ask the device how fast it is; they compute nothing of use.

/** A pipeline with its buffers: storage buffers in binding order, "read" or "readWrite". */
export interface ProbeKernel {
  encode(pass: GPUComputePassEncoder, workgroups: number): void;
}

export interface ProbeBinding {
  readonly buffer: GPUBuffer;
  readonly access: "read" | "readWrite";
}

export const WORKGROUP = 256;
/** Elements that one invocation of the "several" copies moves. */
export const SEVERAL = 4;
const LARGEST_DISPATCH = 32768;

const HEAD = `
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = (group.x + group.y * groups.x) * ${WORKGROUP}u + lane;
  let all = groups.x * groups.y * ${WORKGROUP}u;
`;

const bindings = (type: string) => `
@group(0) @binding(0) var<storage, read> source: array<${type}>;
@group(0) @binding(1) var<storage, read_write> target_: array<${type}>;`;

/** One element per invocation. */
export const copyOne = (type: "vec2f" | "vec4f") => `${bindings(type)}${HEAD}
  if (first < arrayLength(&source)) { target_[first] = source[first]; }
}`;

/** SEVERAL elements per invocation, neighbours in neighbouring lanes; all reads before the first store. */
export const copySeveral = (type: "vec2f" | "vec4f") => `${bindings(type)}${HEAD}
  var values: array<${type}, ${SEVERAL}>;
  for (var k = 0u; k < ${SEVERAL}u; k++) { values[k] = source[min(first + k * all, arrayLength(&source) - 1u)]; }
  for (var k = 0u; k < ${SEVERAL}u; k++) {
    let index = first + k * all;
    if (index < arrayLength(&source)) { target_[index] = values[k]; }
  }
}`;

/** Through workgroup memory, turned round within the workgroup: one barrier. */
export const copyExchange = `${bindings("vec2f")}
var<workgroup> exchange: array<vec2f, ${WORKGROUP}>;
${HEAD}
  exchange[lane] = source[min(first, arrayLength(&source) - 1u)];
  workgroupBarrier();
  if (first < arrayLength(&source)) { target_[first] = exchange[${WORKGROUP - 1}u - lane]; }
}`;

/** Adds one to a number: each dispatch depends on the one before. */
export const countUp = `
@group(0) @binding(0) var<storage, read_write> count: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) { if (id.x == 0u) { count[0] += 1u; } }`;

/** No buffers, so nothing to wait for. */
export const doNothing = `
@compute @workgroup_size(64)
fn main() {}`;

/** Multiply-adds per invocation of `multiplyAdd`. */
export const MULTIPLY_ADDS = 8 * 512;

/** Eight chains of multiply-adds in registers. */
export const multiplyAdd = `
@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
${HEAD}
  var a = vec4f(f32(first), 1.0, 2.0, 3.0);
  var b = a + 4.0;
  let factor = vec4f(sums[0]);
  for (var k = 0u; k < 512u; k++) {
    a = fma(a, factor, b);
    b = fma(b, factor, a);
  }
  let total = a + b;
  if (total.x + total.y + total.z + total.w == 12345.0) { sums[first % all % 16u] = 1.0; }
}`;

/** Compiles a kernel for buffers; throws with the compiler's message. */
export async function bindProbe(
  device: GPUDevice,
  code: string,
  buffers: readonly ProbeBinding[],
): Promise<ProbeKernel> {
  const layout = device.createBindGroupLayout({
    entries: buffers.map(({ access }, binding) => ({
      binding,
      visibility: 4 /* GPUShaderStage.COMPUTE */,
      buffer: { type: access === "read" ? "read-only-storage" : "storage" },
    })),
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
  });
  const group = device.createBindGroup({
    layout,
    entries: buffers.map(({ buffer }, binding) => ({ binding, resource: { buffer } })),
  });
  return {
    encode: (pass, workgroups) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      const x = Math.min(workgroups, LARGEST_DISPATCH);
      pass.dispatchWorkgroups(x, Math.ceil(workgroups / x));
    },
  };
}
