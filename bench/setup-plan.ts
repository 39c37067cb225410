// What `bench:setup` has to install: pins, what of them is missing, and pip's command lines.

export interface Pin {
  readonly name: string;
  readonly version: string;
}

/** Where packages come from. */
export interface InstallSource {
  /** Folder of wheels that replaces every index; null = the index pip is set up with. */
  readonly wheels: string | null;
  /** Index of PyTorch builds without CUDA; null = the same as for everything else. */
  readonly processorIndex: string | null;
}

/** Reads `name==version` lines; comments and empty lines are passed over. Throws for anything else. */
export function parsePins(text: string): Pin[] {
  const lines = text.split("\n").map((line) => line.replace(/#.*/, "").trim());
  return lines
    .filter((line) => line !== "")
    .map((line) => {
      const [, name, version] = /^([A-Za-z0-9_.-]+)==([^\s;]+)$/.exec(line) ?? [];
      if (!name || !version) throw new Error(`requirements.txt: expected name==version, got ${line}`);
      return { name, version };
    });
}

/** Pins that an interpreter lacks; a build tag ("+cpu") does not count as another version. */
export function listMissing(pins: readonly Pin[], found: object): Pin[] {
  const versions = found as Readonly<Record<string, string | null | undefined>>;
  return pins.filter(({ name, version }) => versions[name]?.split("+")[0] !== version);
}

/** Arguments of `pip install`, step by step. */
export function planInstall(pins: readonly Pin[], { wheels, processorIndex }: InstallSource): string[][] {
  const names = (chosen: readonly Pin[]) => chosen.map(({ name, version }) => `${name}==${version}`);
  if (wheels !== null) return [["--no-index", "--find-links", wheels, ...names(pins)]];
  const torch = pins.filter(({ name }) => name === "torch");
  if (processorIndex === null || torch.length === 0) return [names(pins)];
  return [["--index-url", processorIndex, ...names(torch)], names(pins)];
}
