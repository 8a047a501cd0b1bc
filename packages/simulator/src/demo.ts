export { startDemoTelemetry } from "./demo/demo-telemetry.ts";
export type { DemoTelemetry, DemoTelemetryOptions } from "./demo/demo-telemetry.ts";
export { driveTenants } from "./demo/drive-tenants.ts";
export type { DriveOptions } from "./demo/drive-tenants.ts";
export { planCalls } from "./demo/plan-calls.ts";
export type { PlannedCall } from "./demo/plan-calls.ts";
