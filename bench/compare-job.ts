// What both workers of `npm run bench:compare` are told about a run.

export interface CompareJob extends AdapterChoice {
  /** Scan as `writeScan` makes it; may be deflated. */
  readonly scan: string;
  /** Explicit schedule of all epochs (JSON). */
  readonly schedule: string;
  readonly canvasShape: readonly [number, number];
  readonly epochs: number;
  readonly batchSize: number;
  readonly noiseModel: "gaussian" | "poisson";
  /** Theirs. */
  readonly reference: ReferenceSettings;
}

/** Ours: as `--device`, `--adapter` and `--driver` of the program. */
export interface AdapterChoice {
  readonly device: string;
  readonly adapter: string | null;
  readonly driver: string | null;
}

export interface ReferenceSettings {
  readonly device: "cpu" | "cuda";
  /** Threads of PyTorch. */
  readonly threads: number;
  /** Precision of the FFTs; "default" = whatever pty-chi's options say. */
  readonly fft: "default" | "float32" | "float64";
  /** Patterns kept on the GPU. */
  readonly dataOnDevice: boolean;
  /** A minibatch is gathered by one indexing operation instead of PyTorch's loader, which collects pattern by pattern. */
  readonly gathered: boolean;
}
