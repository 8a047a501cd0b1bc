import type { Logger } from "@spancost/collector";
import { type DestinationStream, pino } from "pino";
import type { ServerConfig } from "./config/load-config.ts";

/** Where lines go. */
export interface LogTarget {
  readonly isTTY?: boolean | undefined;
  write(line: string): unknown;
}

/** Should a secret ever get into a line's fields, it does not get out. */
const SECRETS = ["authorization", "token", "adminToken", "*.authorization", "*.token", "*.adminToken"];

/** The process's log: one line an event, as JSON or text, on standard error. */
export function createLogger(
  { logLevel, logFormat }: Pick<ServerConfig, "logLevel" | "logFormat">,
  target: LogTarget = process.stderr,
): Logger {
  const isText = logFormat === "text" || (logFormat === "auto" && target.isTTY === true);
  const destination: DestinationStream = {
    write: (line) => {
      target.write(isText ? toText(line) : line);
    },
  };
  const options = {
    level: logLevel,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
    redact: { paths: SECRETS, censor: "[hidden]" },
  };
  return pino(options, destination);
}

/** `2026-11-29T12:00:00.000Z WARN the message name=value`; a stack goes on lines of its own. */
function toText(line: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${toValue(value)}`);
  const stack = typeof err === "object" && err !== null && "stack" in err ? `\n${String(err.stack)}` : "";
  return `${String(time)} ${String(level).toUpperCase()} ${String(msg)}${rest.join("")}${stack}\n`;
}

function toValue(value: unknown): string {
  return typeof value === "string" && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
}
