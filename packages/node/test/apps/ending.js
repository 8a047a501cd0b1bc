// An app with one queued span, that ends in the way that its argument names; "ready" asks for SIGTERM.
import { recordCost } from "@spancost/otel";
import { register } from "../../dist/index.js";

const [, , ending] = process.argv;

// Before Spancost, as a framework does that loads `instrumentation.ts` late; a `once` listener is gone by the time that it runs.
if (ending === "once-before") process.once("SIGTERM", () => setTimeout(() => process.exit(7), 50));
if (ending === "sends-again") process.on("SIGTERM", sendAgain);

const registration = register();
recordCost({ service: "search", amountUsd: "0.001" });

if (ending === "exit-code") process.exitCode = 3;
if (ending === "works-on") process.once("beforeExit", () => setTimeout(() => console.log("done"), 100));
if (ending === "exit-while-sending") {
  void registration.flush();
  setTimeout(() => process.exit(5), 50);
}
if (["once-before", "sends-again", "alone"].includes(ending)) {
  console.log("ready");
  setInterval(() => {}, 1_000);
}

/** As signal-exit does: when nobody but itself listens, it cleans up and sends the signal again. */
function sendAgain(signal) {
  if (process.listeners(signal).length > 1) return;
  process.off(signal, sendAgain);
  process.kill(process.pid, signal);
}
