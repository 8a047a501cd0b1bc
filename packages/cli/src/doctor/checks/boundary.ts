import { type PlacedCall, findCalls, isSpancostNodeExpected } from "../app-questions.ts";
import { type Finding, createFinding } from "../finding.ts";
import type { AppFacts } from "../read-app.ts";
import { type Shape, toObject } from "../source-facts.ts";

/** Names under which attribution is commonly put into baggage. */
const ATTRIBUTION_KEY =
  /^(?:tenant|user|customer|account|org(?:anization)?|enduser)[._-]?(?:id|name|email)?$|^feature$/i;
const BAGGAGE_CALLS = new Set(["createBaggage", "setEntry"]);
const GUARDS = new Set(["AttributionPropagator"]);

/** Attribution in baggage goes to every host that the app talks to, LLM providers included, unless a propagator holds it back. */
export function checkBaggage(app: AppFacts): Finding[] {
  if (findCalls(app, GUARDS).length > 0 || isSpancostNodeExpected(app)) return [];
  const mirrored = findCalls(app, new Set(["withAttribution"])).filter(({ args }) => isTrue(args[2], "baggage"));
  const written = findCalls(app, BAGGAGE_CALLS).filter(putsAttribution);
  const message =
    "Attribution is put into baggage, which the stock propagator sends to every host that the app calls, LLM providers included.";
  const fix =
    "Use withAttribution without baggage and propagate with AttributionPropagator of @spancost/otel, which sends attribution to allow-listed hosts only.";
  return [...mirrored, ...written].map(({ where }) => createFinding("leaking-baggage", message, fix, where));
}

function isTrue(shape: Shape, field: string): boolean {
  return toObject(shape)?.fields.get(field) === true;
}

function putsAttribution({ args }: PlacedCall): boolean {
  const [first] = args;
  if (typeof first === "string") return ATTRIBUTION_KEY.test(first);
  return [...(toObject(first)?.fields.keys() ?? [])].some((key) => ATTRIBUTION_KEY.test(key));
}
