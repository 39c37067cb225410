// The Python literals of an .npy header: dict, list, tuple, string, bool, int. There is nothing here that could evaluate.

/** A parsed literal; integers stay exact. `name` is anything that is not a literal, kept only to be refused with its text. */
export type Literal =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly text: string }
  | { readonly kind: "tuple" | "list"; readonly items: readonly Literal[] }
  | { readonly kind: "dict"; readonly entries: readonly (readonly [Literal, Literal])[] };

/** Why a text is not a literal; `too-deep` is told apart because it is an attack, not a mistake. */
export class LiteralError extends Error {
  readonly reason: "syntax" | "too-deep";
  readonly position: number;

  constructor(reason: "syntax" | "too-deep", message: string, position: number) {
    super(message);
    this.reason = reason;
    this.position = position;
  }
}

const maximumDepth = 8;

/** Parses one literal that makes up the whole text; throws LiteralError. */
export function parseLiteral(text: string): Literal {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.skipSpace();
  if (parser.at < text.length) throw parser.syntax("text after the end");
  return value;
}

class Parser {
  at = 0;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): Literal {
    if (depth > maximumDepth) throw new LiteralError("too-deep", `nested deeper than ${maximumDepth}`, this.at);
    this.skipSpace();
    const first = this.text[this.at];
    if (first === "'" || first === '"') return this.string(first);
    if (first === "{") return this.dict(depth);
    if (first === "(") return this.sequence("tuple", ")", depth);
    if (first === "[") return this.sequence("list", "]", depth);
    return this.scalar();
  }

  skipSpace(): void {
    while (this.at < this.text.length && " \t\r\n".includes(this.text[this.at]!)) this.at++;
  }

  syntax(message: string): LiteralError {
    const near = JSON.stringify(this.text.slice(this.at, this.at + 24));
    return new LiteralError("syntax", `${message} near ${near}`, this.at);
  }

  private take(character: string): boolean {
    this.skipSpace();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private string(quote: string): Literal {
    const close = this.text.indexOf(quote, this.at + 1);
    const value = close < 0 ? "" : this.text.slice(this.at + 1, close);
    if (close < 0 || value.includes("\\") || value.includes("\n")) throw this.syntax("a string that is not plain");
    this.at = close + 1;
    return { kind: "string", value };
  }

  private scalar(): Literal {
    const match = /(?:True|False)\b|-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?L?/y;
    match.lastIndex = this.at;
    const token = match.exec(this.text)?.[0];
    if (token === undefined) throw this.syntax("not a literal");
    this.at += token.length;
    if (/[\w.(]/.test(this.text[this.at] ?? "")) throw this.syntax("not a literal");
    if (token === "True" || token === "False") return { kind: "bool", value: token === "True" };
    const digits = token.replace(/L$/, ""); // Python 2 wrote long integers as 3L
    return /^-?\d+$/.test(digits) ? { kind: "int", value: BigInt(digits) } : { kind: "float", text: token };
  }

  private sequence(kind: "tuple" | "list", close: string, depth: number): Literal {
    this.at++;
    const items: Literal[] = [];
    let comma = false;
    while (!this.take(close)) {
      if (items.length > 0 && !comma) throw this.syntax("a missing comma");
      items.push(this.value(depth + 1));
      comma = this.take(",");
    }
    // Python reads (3) as 3: parentheses make a tuple only with a comma.
    const only = items[0];
    return kind === "tuple" && items.length === 1 && !comma && only ? only : { kind, items };
  }

  private dict(depth: number): Literal {
    this.at++;
    const entries: (readonly [Literal, Literal])[] = [];
    let comma = true;
    while (!this.take("}")) {
      if (!comma) throw this.syntax("a missing comma");
      const key = this.value(depth + 1);
      if (!this.take(":")) throw this.syntax("a missing colon");
      entries.push([key, this.value(depth + 1)]);
      comma = this.take(",");
    }
    return { kind: "dict", entries };
  }
}
