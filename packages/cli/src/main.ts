#!/usr/bin/env node
import { Command } from "commander";
import { CliError, EXIT_CODE } from "./cli-error.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addEraseCommand } from "./commands/erase.ts";
import { addPriceCommand } from "./commands/price.ts";
import { addRatesCommand } from "./commands/rates.ts";
import { addReportCommand } from "./commands/report.ts";
import { addRepriceCommand } from "./commands/reprice.ts";
import { addSqlCommand } from "./commands/sql.ts";
import { addUpCommand } from "./commands/up.ts";
import { VERSION } from "./version.ts";

const program = new Command("spancost")
  .description("OpenTelemetry-native cost attribution for LLM calls")
  .version(VERSION);
addUpCommand(program, process.env);
addReportCommand(program, process.env);
addSqlCommand(program, process.env);
addPriceCommand(program);
addRatesCommand(program);
addRepriceCommand(program, process.env);
addEraseCommand(program, process.env);
addDoctorCommand(program, process.env);

// A reader such as `head` that has seen enough is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? 0 : EXIT_CODE.failed),
);

try {
  await program.parseAsync();
} catch (error) {
  console.error(`spancost: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof CliError ? error.exitCode : EXIT_CODE.failed;
}
