// One variant of a comparison, in a process of its own: hooks that come and go would make Node compile its clients anew.
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { ProviderInstrumentation } from "@spancost/instrumentation";
import { OPENAI_CHAT } from "@spancost/llm-wire";

const [name = "", origin = "", variant = ""] = process.argv.slice(2);

class BenchInstrumentation extends ProviderInstrumentation {
  constructor(baseUrl: string, isAsking: boolean) {
    super(
      {
        packageName: "@spancost/instrumentation-bench",
        packageVersion: "0.1.0",
        hosts: ["api.openai.com", "*.api.openai.com"],
        formats: [OPENAI_CHAT],
        providerName: () => "openai",
        asksForUsage: () => isAsking,
      },
      { baseUrls: [baseUrl], enabled: false, includeUsage: "always" },
    );
    this.setTracerProvider(new TracerProvider());
    this.enable();
  }
}

// An app that traces has one, with or without us.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
if (variant === "hooked") {
  new BenchInstrumentation(`${origin}/v1`, false);
  new BenchInstrumentation(`${origin}/asked`, true);
}
// SDKs keep the `fetch` that they find.
const { SCENARIOS } = await import("./scenarios.ts");
const scenario = SCENARIOS.find((one) => one.name === name);
if (scenario === undefined) throw new RangeError(`no scenario "${name}"`);

/** CPU time of all threads of this process, in microseconds, for as many calls. */
async function measure(calls: number): Promise<number> {
  const start = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) await scenario?.run(origin);
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

if (process.send === undefined) {
  // Alone, for `--cpu-prof`: the last argument says how many samples.
  console.log(await scenario.run(origin));
  for (let round = 0; round < Number(process.argv[5] ?? 30); round += 1) await measure(scenario.calls);
  process.exit();
}
process.on("message", (message: "check" | "sample") => {
  const answer = message === "check" ? scenario.run(origin) : measure(scenario.calls);
  void answer.then((value) => process.send?.({ value }));
});
process.on("disconnect", () => process.exit());
process.send({ value: "ready" });
