// Prints what the hooks add to a request that nobody claims, in nanoseconds, without the request: too little to be seen beside one.
import { channel } from "node:diagnostics_channel";
import { ProviderInstrumentation } from "@spancost/instrumentation";
import { OPENAI_CHAT } from "@spancost/llm-wire";
import { medianOf } from "../../../.config/bench/statistics.ts";

const CALLS = 500_000;
const ROUNDS = 21;
const URL_OF_CALL = "http://localhost:8080/v1/things";

/** As many hosts as an app with all instrumentations has patterns. */
class BenchInstrumentation extends ProviderInstrumentation {
  constructor() {
    const hosts = ["api.openai.com", "*.api.openai.com", "*.openai.azure.com", "bedrock-runtime.*.amazonaws.com"];
    super(
      { packageName: "bench", packageVersion: "0.1.0", hosts, formats: [OPENAI_CHAT], providerName: () => "openai" },
      {},
    );
  }
}

const response = Promise.resolve(new Response());
globalThis.fetch = () => response;
const bareFetch = globalThis.fetch;
const instrumentation = new BenchInstrumentation();
const created = channel("undici:request:create");
const undiciRequest = { origin: "http://localhost:8080", path: "/v1/things", method: "POST", headers: [], body: null };
const httpCreated = channel("http.client.request.created");
const httpRequest = { getHeader: () => "localhost:8080" };

function print(name: string, run: () => unknown): void {
  const nanos = Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage();
    for (let call = 0; call < CALLS; call += 1) run();
    const { user, system } = process.cpuUsage(start);
    return ((user + system) * 1_000) / CALLS;
  });
  console.log(`${name.padEnd(72)} ${medianOf(nanos).toFixed(0)} ns cpu`);
}

print("an empty fetch, bare", () => bareFetch(URL_OF_CALL));
print("an empty fetch under the hook", () => fetch(URL_OF_CALL));
print("the listener of undici", () => {
  if (created.hasSubscribers) created.publish({ request: undiciRequest });
});
print("the listener of node:http", () => {
  if (httpCreated.hasSubscribers) httpCreated.publish({ request: httpRequest });
});
instrumentation.disable();
