import type { CallKind } from "./call-kinds.ts";

/** One LLM call that the demo is going to make. */
export interface PlannedCall {
  readonly tenantId: string;
  readonly userId: string;
  readonly feature: string;
  readonly kind: CallKind;
  /** Carries tenant, user and feature as markers, which only the simulator's journal reads. */
  readonly prompt: string;
}

interface DemoTenant {
  readonly id: string;
  readonly users: readonly string[];
  readonly features: readonly Feature[];
  /** How often each feature is used. */
  readonly rounds: number;
}

type Feature = "chat" | "search" | "summarize" | "support";

/** Which calls one use of a feature makes. */
const FEATURE_CALLS: Readonly<Record<Feature, readonly CallKind[]>> = {
  chat: ["openai chat stream", "anthropic messages stream", "groq chat stream"],
  search: ["openai embeddings", "google generate"],
  summarize: ["google generate stream", "anthropic messages", "openai responses"],
  support: ["openai chat", "groq chat", "openai responses stream"],
};

const FEATURE_TEXTS: Readonly<Record<Feature, string>> = {
  chat: "Which book did I like last summer?",
  search: "Novels about lighthouses, newest first.",
  summarize: "Summarise the reviews of the week in three sentences.",
  support: "My parcel has not arrived. What can I do?",
};

/** One heavy, one middling and one small customer: 44 + 22 + 14 calls. The small one searches twice a round: equal requests, two bills. */
const TENANTS: readonly DemoTenant[] = [
  { id: "acme", users: ["alice", "adam", "anna"], features: ["chat", "search", "summarize", "support"], rounds: 4 },
  { id: "globex", users: ["george", "gina"], features: ["chat", "search", "summarize", "support"], rounds: 2 },
  { id: "initech", users: ["ian", "iris"], features: ["search", "summarize", "search"], rounds: 2 },
];

/** All calls of the demo, the same every time. */
export function planCalls(): readonly PlannedCall[] {
  return TENANTS.flatMap((tenant) =>
    Array.from({ length: tenant.rounds }, (_, round) => planRound(tenant, round)).flat(),
  );
}

function planRound(tenant: DemoTenant, round: number): readonly PlannedCall[] {
  return tenant.features.flatMap((feature, place) => {
    const userId = tenant.users[(round + place) % tenant.users.length] ?? "nobody";
    return FEATURE_CALLS[feature].map((kind) => ({
      tenantId: tenant.id,
      userId,
      feature,
      kind,
      prompt: `[tenant=${tenant.id}] [user=${userId}] [feature=${feature}] [delay=2] (${round + 1}) ${FEATURE_TEXTS[feature]}`,
    }));
  });
}
