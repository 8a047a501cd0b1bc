import { readFileSync } from "node:fs";
import { type PricerOptions, readOperatorFile } from "@spancost/rates";
import { ServerError } from "../server-error.ts";

/** Reads the operator's contracts and mappings; none without a file. @throws ServerError `bad-config`, with every problem */
export function loadOperatorRates(file: string | undefined): PricerOptions {
  if (file === undefined) return {};
  const result = readOperatorFile(parse(file));
  if (result.ok) return { contracts: result.contracts, mappings: result.mappings };
  throw new ServerError("bad-config", `The rates file ${file} has problems:\n  - ${result.issues.join("\n  - ")}`);
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new ServerError(
      "bad-config",
      `The rates file ${file} cannot be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}
