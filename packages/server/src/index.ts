export { describeSettings, loadConfig, type ServerConfig, type ServerFlags } from "./config/load-config.ts";
export { keepHeapSmall } from "./keep-heap-small.ts";
export { ServerError, type ServerErrorCode } from "./server-error.ts";
export type { ServerSeams } from "./server-seams.ts";
export { type RunningServer, startServer } from "./start-server.ts";
