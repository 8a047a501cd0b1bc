export { ATTRIBUTION_KEYS, GEN_AI, SPANCOST } from "./attribute-names.ts";
export { type Usage, UNKNOWN_USAGE } from "./usage.ts";
