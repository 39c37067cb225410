// An inspection as text for people.

import { singleLine } from "../errors.ts";
import type { Inspection, MemberFacts } from "./inspect.ts";
import type { Finding } from "./inspect-findings.ts";

/** Lines of a report; ends with the findings, the worst first. */
export function formatInspection(report: Inspection): string {
  const lines = [`${report.name}: ${formatBytes(report.sizeBytes)}`];
  if (report.sha256) lines.push(`  SHA-256 ${report.sha256}`);
  lines.push("", "arrays", ...memberTable(report.members));
  const facts = factLines(report);
  if (facts.length > 0) lines.push("", "scan", ...alignPairs(facts));
  const order = ["error", "warning", "info"];
  const findings = [...report.findings].sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const refused = findings.some(({ level }) => level === "error");
  const unread = `the values were not looked at: ${refused ? "see the error" : "only headers were read"}`;
  const nothing = report.valuesRead ? "nothing odd was found" : `nothing odd in the headers; ${unread}`;
  lines.push("", findings.length > 0 ? "findings" : nothing);
  for (const finding of findings) lines.push(`  ${finding.level}: ${describeFinding(finding)}`);
  if (findings.length > 0 && !report.valuesRead) lines.push(`  ${unread}`);
  return `${lines.map(singleLine).join("\n")}\n`;
}

/** The message with its code, which errors carry already. */
function describeFinding({ code, message }: Finding): string {
  return message.endsWith(`[${code}]`) ? message : `${message} [${code}]`;
}

function factLines(report: Inspection): [string, string][] {
  const facts: [string, string][] = [];
  const { patterns, intensity, centring, pixels, scan, canvasPx, memory } = report;
  if (patterns) {
    facts.push(["patterns", `${patterns.count} of ${patterns.heightPx} x ${patterns.widthPx}, ${patterns.key}`]);
    facts.push([
      "axes",
      `${patterns.axisOrder === "nhw" ? "position, y, x" : "y, x, position"}: ${patterns.axisOrderRule}`,
    ]);
    const { quantity, quantityRule } = patterns;
    facts.push(["values", quantity === null ? quantityRule : `${quantity}: ${quantityRule}`]);
  }
  if (report.probeShape) facts.push(["probe", `${report.probeShape.join(" x ")} (mode, y, x)`]);
  if (report.objectShape) facts.push(["object guess", `${report.objectShape.join(" x ")} (slice, y, x)`]);
  if (intensity) {
    const { smallest, median, largest } = intensity;
    facts.push([
      "sum per pattern",
      `${formatNumber(smallest)} to ${formatNumber(largest)}, median ${formatNumber(median)}`,
    ]);
    const scale = report.countsPerUnitIntensity;
    if (scale !== null)
      facts.push(["photons per pattern", `about ${formatNumber(median * scale)} (median, from the noise)`]);
  }
  if (centring) {
    const [y, x] = centring.centreOfMassPx;
    const middle = centring.expectedPx.join(", ");
    facts.push([
      "centre of mass",
      `(y, x) = (${y.toFixed(1)}, ${x.toFixed(1)}); zero frequency is taken at (${middle})`,
    ]);
  }
  if (pixels) {
    const { deadCount, hotCount, neverLitCount } = pixels;
    facts.push(["pixels", `${deadCount} dead, ${hotCount} hot, ${neverLitCount} never lit`]);
  }
  if (scan) {
    facts.push(["scan range", `${scan.rangePx.map((range) => range.toFixed(1)).join(" x ")} px (y, x)`]);
    const step =
      scan.meanStepPx === null ? "unknown step" : `nearest neighbour ${scan.meanStepPx.toFixed(1)} px (mean)`;
    const overlap = scan.linearOverlap === null ? "" : `, overlap ${Math.round(100 * scan.linearOverlap)} %`;
    facts.push(["sampling", `${step}, probe diameter ${scan.probeDiameterPx.toFixed(1)} px${overlap}`]);
  }
  if (canvasPx) facts.push(["canvas", `${canvasPx.join(" x ")} px`]);
  if (memory) {
    const where = {
      range: "read from the file as needed",
      memory: "held in memory",
      spool: "beyond the budget: temporary file",
    };
    facts.push(["patterns packed", `${formatBytes(memory.patternBytes)}, ${where[memory.servedFrom]}`]);
    facts.push(["host memory", `${formatBytes(memory.hostBytes)} of ${formatBytes(memory.hostBudgetBytes)} allowed`]);
    if (memory.deviceBytes !== null)
      facts.push(["device memory", `${formatBytes(memory.deviceBytes)} and work buffers`]);
  }
  return facts;
}

function memberTable(members: readonly MemberFacts[]): string[] {
  return alignPairs(
    members.map((member) => {
      const shape = member.shape ? `(${member.shape.join(", ")})` : "unreadable header";
      const details = [
        member.dtype ?? "",
        shape,
        formatBytes(member.sizeBytes),
        member.compressed ? "compressed" : "stored",
        member.fortranOrder && (member.shape?.length ?? 0) > 1 ? "Fortran order" : "",
        member.used ? "" : "ignored",
      ];
      return [member.name, details.filter(Boolean).join(", ")];
    }),
  );
}

function alignPairs(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
}

/** Bytes with a decimal unit. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

function formatNumber(value: number): string {
  return value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 1e-3)
    ? value.toExponential(3)
    : String(Number(value.toPrecision(5)));
}
