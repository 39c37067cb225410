// Limits of golden files, and whether numbers that pty-chi gave anew keep to them.

type ByCheckpoint = Readonly<Record<"object" | "probe" | "loss", readonly number[]>>;

/** What golden_cases.py says after writing a case. */
export interface WriteReply {
  readonly made_with: Readonly<Record<string, string>>;
  /** How far rounding alone moves the results, per checkpoint. */
  readonly rounding: ByCheckpoint;
  readonly loss_first_last: readonly number[];
}

/** What it says after running a case again: relative errors, and largest differences of what hardly changes. */
export interface CheckReply extends ByCheckpoint {
  readonly file: string;
  readonly largest: Readonly<Record<string, number>>;
  readonly step: Readonly<Record<string, number>>;
}

export interface ManifestTolerance {
  readonly required: ByCheckpoint & { readonly positions_px?: number; readonly opr_weights?: number };
  readonly aim: ByCheckpoint;
}

/** Required: 1e-4 up to 3 epochs, then 1e-3, losses 1e-4; aim: a tenth. Both wider where rounding moves ten times less. */
export function makeTolerance(checkpoints: readonly number[], rounding: ByCheckpoint): ManifestTolerance {
  const limits = (share: number): ByCheckpoint => {
    const limit = (name: keyof ByCheckpoint) =>
      checkpoints.map((epochs, index) => {
        const usual = name === "loss" || epochs <= 3 ? 1e-4 : 1e-3;
        return Math.max(share * usual, roundUp(10 * rounding[name][index]!));
      });
    return { object: limit("object"), probe: limit("probe"), loss: limit("loss") };
  };
  return { required: { ...limits(1), positions_px: 1e-3, opr_weights: 1e-3 }, aim: limits(0.1) };
}

/** To one significant digit. */
function roundUp(value: number): number {
  if (value === 0) return 0;
  const unit = 10 ** Math.floor(Math.log10(value));
  return Number((Math.ceil(value / unit) * unit).toPrecision(1));
}

/** The step belongs to the first update; nothing of it may be further off than that. */
const STEP_LIMIT = 1e-5;
const CONSTANT_LIMIT = 1e-4;
/** Step sizes of single patterns are quotients of small numbers. */
const ALPHA_LIMIT = 1e-2;

/** The largest error of all and the names of those beyond their limit; NaN is beyond every limit. */
export function judgeCheck(reply: CheckReply, aim: ByCheckpoint): { largest: number; beyond: string[] } {
  const compared: [name: string, value: number, limit: number][] = [];
  for (const name of ["object", "probe", "loss"] as const)
    for (const [index, value] of reply[name].entries())
      compared.push([`${name} at checkpoint ${index + 1}`, value, aim[name][index] ?? NaN]);
  for (const [name, value] of Object.entries(reply.step)) compared.push([name, value, STEP_LIMIT]);
  for (const [name, value] of Object.entries(reply.largest))
    compared.push([name, value, name.startsWith("ckpt_alpha_") ? ALPHA_LIMIT : CONSTANT_LIMIT]);
  return {
    largest: compared.reduce((most, [, value]) => (value > most || Number.isNaN(value) ? value : most), 0),
    beyond: compared.filter(([, value, limit]) => !(value <= limit)).map(([name]) => name),
  };
}
