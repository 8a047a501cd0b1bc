import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { TracerProvider } from "@opentelemetry/api";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type ReceivedRequest, type Simulator, startSimulator } from "../../../simulator/src/index.ts";
import { ABSENT_CELLS } from "./absent-cells.ts";
import { callInWay } from "./call-in-way.ts";
import { describeOutcome, endsWhenCollected, expectOutcomes } from "./expected-outcomes.ts";
import { type CallTableRow, FEATURE, toExpectedRows, toRowName } from "./expected-rows.ts";
import { withoutKnownDifferences } from "./known-differences.ts";
import { type Ledger, startLedger } from "./ledger.ts";
import type { SdkAdapter } from "./sdk-adapter.ts";
import { readTestedVersions, toTestedVersions } from "./tested-versions.ts";
import { recordProvider } from "./provider-record.ts";
import { toRequestView } from "./request-view.ts";
import { toMarkers, WAYS_OF_CALLING } from "./ways-of-calling.ts";

/** What the rows of a table share. */
export interface CallTable {
  readonly rows: readonly CallTableRow[];
  /** The README of the provider's instrumentation, which says what is tested. */
  readonly readme: URL;
  /** Where the provider's SDKs send their calls in the simulator, such as `/openai-api/v1`. */
  readonly basePath: string;
  createInstrumentation(options: { enabled: false; baseUrls: string[] }): SwitchableInstrumentation;
}

interface SwitchableInstrumentation {
  enable(): void;
  disable(): void;
  setTracerProvider(tracerProvider: TracerProvider): void;
}

/**
 * Calls in eleven ways, without and with the instrumentation: the app must see the same, and the ledger must have each attempt
 * once, with what the provider billed for it.
 */
export function describeCallTable(table: CallTable): void {
  let ledger: Ledger;
  // Alike to the last figure: the same calls get the same answers.
  let reference: Simulator;
  let simulator: Simulator;
  let instrumentation: SwitchableInstrumentation;
  const counted = { calls: 0 };

  beforeAll(async () => {
    setFlagsFromString("--expose-gc");
    [ledger, reference, simulator] = await Promise.all([startLedger(), startSimulator(), startSimulator()]);
    const urls = [reference, simulator].flatMap(({ url, http2Url }) => [url, http2Url]);
    const baseUrls = urls.map((url) => url + table.basePath);
    instrumentation = table.createInstrumentation({ enabled: false, baseUrls });
    instrumentation.setTracerProvider(ledger.tracerProvider);
  });

  afterAll(async () => {
    instrumentation?.disable();
    await Promise.all([ledger?.stop(), reference?.close(), simulator?.close()]);
  });

  describe.each(table.rows)("$sdk $version $api", (row) => {
    const name = toRowName(row);
    const openAdapters: SdkAdapter[] = [];
    const openAdapter = ({ url, http2Url }: Simulator): SdkAdapter => {
      const origin = row.transport === "node:http2" ? http2Url : url;
      const adapter = row.createAdapter(origin + table.basePath, row.model);
      if (adapter.close !== undefined) openAdapters.push(adapter);
      return adapter;
    };
    afterEach(() => {
      for (const adapter of openAdapters.splice(0)) adapter.close?.();
    });

    const absent = ABSENT_CELLS[name] ?? {};
    it.each(WAYS_OF_CALLING.filter((way) => way in absent).map((way) => ({ way, reason: absent[way] })))(
      `${name} has no $way: $reason`,
      async ({ way, reason }) => {
        const view = await callInWay(way, openAdapter(reference), "Hello.");
        expect(view.error).toMatchObject({ message: reason });
      },
    );

    const present = WAYS_OF_CALLING.filter((way) => !(way in absent));
    it.each(present.map((way) => ({ way, sentence: describeOutcome(way, row) })))(
      `${name}: $sentence`,
      async ({ way }) => {
        const spansBefore = ledger.callSpans().length;
        const seen = recordProvider(simulator);
        const seenWithout = recordProvider(reference);
        const key = `${name}-${way}`.replaceAll(/[^\w.-]+/g, "_");
        const prompt = `Tell me about Oslo. ${toMarkers(way, key)}`;
        const without = await callInWay(way, openAdapter(reference), prompt);
        expect(ledger.callSpans()).toHaveLength(spansBefore);

        instrumentation.enable();
        const attribution = { tenantId: name, userId: way, feature: FEATURE };
        const { traceId, value } = await ledger.handleRequest(attribution, () =>
          callInWay(way, openAdapter(simulator), prompt),
        );
        const expected = expectOutcomes(way, row);
        const calls = await ledger.callsOf(
          traceId,
          expected.length,
          endsWhenCollected(way, row) ? collectGarbage : () => {},
        );
        instrumentation.disable();

        expect(withoutKnownDifferences(value, row)).toEqual(withoutKnownDifferences(without, row));
        const toView = (request: ReceivedRequest) => toRequestView(request, row.usageIsWishedFor === true);
        expect((await seen.requests()).map(toView)).toEqual((await seenWithout.requests()).map(toView));
        // The provider sees the client stay or leave as it does without us; when garbage is collected, nobody can say.
        if (!endsWhenCollected(way, row)) expect(await seen.endings()).toEqual(await seenWithout.endings());
        expect(calls).toEqual(toExpectedRows({ row, way, expected, billed: seen.billed() }));
        expect(ledger.complaints()).toEqual([]);
        counted.calls += expected.length;
      },
    );
  });

  it("is what the README says is tested", () => {
    expect(readTestedVersions(table.readme)).toEqual(toTestedVersions(table.rows));
  });

  it("counts no call but those of the table", async () => {
    expect(ledger.callSpans()).toHaveLength(counted.calls);
    const rows = await ledger.sql("SELECT toUInt32(count()) AS calls FROM calls");
    expect(rows).toEqual([{ calls: counted.calls }]);
  });
}

function collectGarbage(): void {
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
}
