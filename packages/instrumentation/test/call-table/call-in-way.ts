import type { Ask, SdkAdapter } from "./sdk-adapter.ts";
import { toView, type View } from "./to-view.ts";
import type { WayOfCalling } from "./ways-of-calling.ts";

/** Everything that the app can see of a way of calling. */
export interface AppView {
  readonly result: View;
  /** In their order. */
  readonly chunks: readonly View[];
  readonly error: View;
}

/** Chunks that the app takes before it leaves or aborts a stream. */
const CHUNKS_BEFORE_LEAVING = 2;
const RETRIES = 2;

/** Calls as an app would, and writes down what it sees. Never throws. */
export async function callInWay(way: WayOfCalling, adapter: SdkAdapter, prompt: string): Promise<AppView> {
  const chunks: View[] = [];
  const ask: Ask = { prompt, maxRetries: way === "retried" ? RETRIES : 0 };
  try {
    const result = await CALLS[way](adapter, ask, (chunk) => chunks.push(toView(chunk)));
    return { result: toView(result), chunks, error: null };
  } catch (error) {
    return { result: null, chunks, error: toView(error) };
  }
}

/** Takes a chunk and gives their number so far. */
type TakeChunk = (chunk: unknown) => number;

const CALLS: Readonly<Record<WayOfCalling, (adapter: SdkAdapter, ask: Ask, take: TakeChunk) => Promise<unknown>>> = {
  plain: (adapter, ask) => adapter.create(ask),
  streamToEnd: readStream,
  dropped: readStream,
  structured: (adapter, ask) => adapter.parse(ask),
  rawResponse: (adapter, ask) => adapter.respondRaw(ask),
  toolTurns: (adapter, ask) => adapter.callTool(ask),
  retried: (adapter, ask) => adapter.create(ask),
  failed: (adapter, ask) => adapter.create(ask),
  async earlyBreak(adapter, ask, take) {
    for await (const chunk of await adapter.stream(ask)) {
      if (take(chunk) === CHUNKS_BEFORE_LEAVING) break;
    }
  },
  async abort(adapter, ask, take) {
    const controller = new AbortController();
    for await (const chunk of await adapter.stream({ ...ask, signal: controller.signal })) {
      if (take(chunk) === CHUNKS_BEFORE_LEAVING) controller.abort();
    }
    return "ended";
  },
  // The stream is let go of: nothing here may keep it from being collected.
  unconsumed: async (adapter, ask) => typeof (await adapter.stream(ask))[Symbol.asyncIterator],
};

async function readStream(adapter: SdkAdapter, ask: Ask, take: TakeChunk): Promise<string> {
  for await (const chunk of await adapter.stream(ask)) take(chunk);
  return "ended";
}
