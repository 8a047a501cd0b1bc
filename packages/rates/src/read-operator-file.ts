import { findPriceIssues } from "./check-format.ts";
import { compileContract, type Contract, type ModelMapping } from "./operator-rules.ts";

/** An operator's contracts and mappings, or everything that is wrong with the file. */
export type OperatorFile =
  | { readonly ok: true; readonly contracts: readonly Contract[]; readonly mappings: readonly ModelMapping[] }
  | { readonly ok: false; readonly issues: readonly string[] };

const CONTRACT_KEYS = ["name", "provider", "account", "models", "from", "to", "discountPercent", "prices"];
const MAPPING_KEYS = ["provider", "model", "to", "prices"];

/** Reads `{ contracts, mappings }` as an operator writes it, already parsed from JSON, and reports all problems together. */
export function readOperatorFile(json: unknown): OperatorFile {
  if (!isRecord(json)) return { ok: false, issues: ["not an object with contracts and mappings"] };
  const { contracts = [], mappings = [], ...rest } = json;
  const issues = [
    ...Object.keys(rest).map((key) => `${key}: unknown`),
    ...(Array.isArray(contracts) ? contracts.flatMap(findContractIssues) : ["contracts: not a list"]),
    ...(Array.isArray(mappings) ? mappings.flatMap(findMappingIssues) : ["mappings: not a list"]),
  ];
  if (issues.length > 0) return { ok: false, issues };
  // Both lists were checked entry by entry above.
  return { ok: true, contracts: contracts as Contract[], mappings: mappings as ModelMapping[] };
}

function findContractIssues(contract: unknown, index: number): string[] {
  const path = `contracts[${index}]`;
  if (!isRecord(contract)) return [`${path}: not a contract`];
  const issues = [
    ...findUnknownKeys(contract, CONTRACT_KEYS, path),
    ...findMissingTexts(contract, ["name", "provider"], path),
    ...findOtherThanTexts(contract, ["account", "from", "to", "discountPercent"], path),
    ...(isNames(contract["models"]) ? [] : [`${path}.models: not a list of names`]),
    ...(contract["prices"] === undefined ? [] : findPriceIssues(contract["prices"], `${path}.prices`)),
  ];
  if (issues.length > 0) return issues;
  try {
    compileContract(contract as unknown as Contract);
    return [];
  } catch (error) {
    return [`${path}: ${error instanceof Error ? error.message : "cannot be read"}`];
  }
}

function findMappingIssues(mapping: unknown, index: number): string[] {
  const path = `mappings[${index}]`;
  if (!isRecord(mapping)) return [`${path}: not a mapping`];
  const { to, prices } = mapping;
  return [
    ...findUnknownKeys(mapping, MAPPING_KEYS, path),
    ...findMissingTexts(mapping, ["model"], path),
    ...findOtherThanTexts(mapping, ["provider"], path),
    ...((to === undefined) === (prices === undefined) ? [`${path}: needs either "to" or "prices"`] : []),
    ...(prices === undefined ? [] : findPriceIssues(prices, `${path}.prices`)),
    ...(to === undefined
      ? []
      : isRecord(to)
        ? findMissingTexts(to, ["provider", "model"], `${path}.to`)
        : [`${path}.to: not a provider and a model`]),
  ];
}

function findUnknownKeys(record: Readonly<Record<string, unknown>>, known: readonly string[], path: string): string[] {
  return Object.keys(record).flatMap((key) => (known.includes(key) ? [] : [`${path}.${key}: unknown`]));
}

function findMissingTexts(record: Readonly<Record<string, unknown>>, keys: readonly string[], path: string): string[] {
  return keys.flatMap((key) =>
    typeof record[key] === "string" && record[key] !== "" ? [] : [`${path}.${key}: missing`],
  );
}

function findOtherThanTexts(
  record: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  path: string,
): string[] {
  return keys.flatMap((key) =>
    record[key] === undefined || typeof record[key] === "string" ? [] : [`${path}.${key}: not a text`],
  );
}

function isNames(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((name) => typeof name === "string"));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
