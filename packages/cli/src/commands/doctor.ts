import { resolve, sep } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { EXIT_CODE } from "../cli-error.ts";
import { type Environment, loadClientConfig } from "../client-config.ts";
import { examineApp } from "../doctor/examine-app.ts";
import { examineServer } from "../doctor/examine-server.ts";
import type { Finding } from "../doctor/finding.ts";
import { readApp } from "../doctor/read-app.ts";
import { toCount } from "../doctor/words.ts";

interface DoctorFlags {
  readonly server?: boolean;
  readonly hours: number;
  readonly strict?: boolean;
  readonly format: "text" | "json";
  readonly url?: string;
}

/** Calls of a day are enough to judge an app by, in hours. */
const DEFAULT_HOURS = 24;

/**
 * The checkout's own scripts run its pinned Node, in its own folder: neither says anything about the app. `npm run` leaves the folder that
 * it was started in as INIT_CWD.
 */
const IS_CHECKOUT = !import.meta.dirname.split(sep).includes("node_modules");

/** `spancost doctor`: what in an app's folder, or in a running server's calls, makes bills wrong or leaks attribution. */
export function addDoctorCommand(
  program: Command,
  environment: Environment & { readonly INIT_CWD?: string | undefined },
): void {
  program
    .command("doctor")
    .description(
      "find what makes bills wrong or leaks attribution, in the app of a folder or in a running server's calls",
    )
    .argument("[folder]", "the app's folder", ".")
    .option("--server", "look at the calls of the running server instead")
    .option("--hours <count>", "with --server: how far to look back", toHours, DEFAULT_HOURS)
    .option("--strict", "warnings fail as well")
    .addOption(new Option("--format <format>", "output").choices(["text", "json"]).default("text"))
    .option("--url <url>", "server to ask (default: SPANCOST_URL, or http://127.0.0.1:4400)")
    .action(async (folder: string, flags: DoctorFlags) => {
      const startedIn = (IS_CHECKOUT ? environment.INIT_CWD : undefined) ?? process.cwd();
      const findings = flags.server
        ? await examineServer(loadClientConfig(environment, flags), flags.hours)
        : examineApp(readApp(resolve(startedIn, folder), IS_CHECKOUT ? undefined : process.versions.node));
      console.log(flags.format === "json" ? JSON.stringify({ findings }, null, 2) : render(findings));
      const fails = findings.some(({ severity }) => severity === "error" || flags.strict === true);
      if (fails) process.exitCode = EXIT_CODE.failed;
    });
}

function render(findings: readonly Finding[]): string {
  if (findings.length === 0) return "Nothing found.";
  const blocks = findings.map(({ check, severity, message, fix, where }) =>
    [`${severity}  ${check}${where === undefined ? "" : `  ${where}`}`, `  ${message}`, `  Fix: ${fix}`].join("\n"),
  );
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return `${blocks.join("\n\n")}\n\n${toCount(errors, "error")}, ${toCount(findings.length - errors, "warning")}.`;
}

function toHours(text: string): number {
  const hours = Number(text);
  if (!Number.isInteger(hours) || hours < 1 || hours > 24 * 90)
    throw new InvalidArgumentError("It must be a whole number of hours from 1 to 2160.");
  return hours;
}
