import { createServer } from "node:net";

/** The port itself if it is free on loopback, else 0, which stands for any free one. */
export function findPort(wanted: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(0));
    probe.listen(wanted, "127.0.0.1", () => probe.close(() => resolve(wanted)));
  });
}
