// A stand-in for the server: owns an engine until it is killed or told to go.
import { startEmbeddedEngine } from "../../src/engine/embedded-engine.ts";

try {
  const engine = await startEmbeddedEngine({ dataDir: process.argv[2] ?? "" });
  process.send?.({ socketPath: engine.socketPath, enginePid: engine.pid });
} catch (error) {
  process.send?.({ error: String(error) }, () => process.exit(1));
}
process.on("disconnect", () => process.exit(1));
