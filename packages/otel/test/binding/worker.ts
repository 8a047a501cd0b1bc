import { parentPort, workerData } from "node:worker_threads";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { type AttributionCarrier, getAttribution, runWithCarrier } from "../../src/index.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const { carrier } = workerData as { carrier: AttributionCarrier };
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
parentPort?.postMessage({ without: getAttribution(), within: runWithCarrier(carrier, () => getAttribution()) });
