import { findRateIssues } from "../src/check-format.ts";
import { isRecord } from "../src/price-lists/listed-price.ts";

const KEYS = new Set(["provider", "readOn", "source", "rules", "copyDated", "models", "remove"]);
const MODEL_KEYS = new Set(["id", "aliases", "rates", "like", "patch", "set", "currentFrom", "before", "after"]);
const RULE_KEYS = new Set(["match", "fill", "patch", "set", "cacheMultipliers"]);

/** Says what is wrong with an overlay file, path by path. What patches make of a rate is checked in the compiled catalogue. */
export function findOverlayIssues(file: unknown): string[] {
  if (!isRecord(file)) return ["not an object"];
  const { provider, readOn, source, models = [], rules = [] } = file;
  return [
    ...findUnknownKeys(file, KEYS, ""),
    ...(isName(provider) ? [] : ["provider: not a name"]),
    ...(typeof readOn === "string" && /^\d{4}-\d\d-\d\d$/.test(readOn)
      ? []
      : [`readOn: ${JSON.stringify(readOn)} is no day`]),
    ...(typeof source === "string" ? [] : ["source: not a text"]),
    ...(Array.isArray(models)
      ? models.flatMap((model: unknown, index) => findModelIssues(model, `models[${index}]`))
      : ["models: not a list"]),
    ...(Array.isArray(rules)
      ? rules.flatMap((rule: unknown, index) => findRuleIssues(rule, `rules[${index}]`))
      : ["rules: not a list"]),
  ];
}

function findModelIssues(model: unknown, path: string): string[] {
  if (!isRecord(model)) return [`${path}: not a model`];
  const rated = ["rates", "before", "after"].filter((key) => model[key] !== undefined);
  return [
    ...findUnknownKeys(model, MODEL_KEYS, `${path}.`),
    ...(isName(model["id"]) ? [] : [`${path}.id: not a name`]),
    ...rated.flatMap((key) => findRateIssues(model[key], `${path}.${key}`)),
    ...(model["before"] !== undefined && model["currentFrom"] === undefined
      ? [`${path}: "before" needs "currentFrom"`]
      : []),
  ];
}

function findRuleIssues(rule: unknown, path: string): string[] {
  if (!isRecord(rule) || typeof rule["match"] !== "string") return [`${path}: no match`];
  return findUnknownKeys(rule, RULE_KEYS, `${path}.`);
}

function findUnknownKeys(
  record: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
  path: string,
): string[] {
  return Object.keys(record).flatMap((key) => (known.has(key) ? [] : [`${path}${key}: unknown`]));
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value === value.toLowerCase();
}
