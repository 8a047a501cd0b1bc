export type { BilledCall, ReceivedRequest, SimulatedProvider } from "./billing-journal.ts";
export type { BilledUsage } from "./canonical-usage.ts";
export { startSimulator } from "./provider-server.ts";
export type { Simulator, SimulatorOptions } from "./provider-server.ts";
