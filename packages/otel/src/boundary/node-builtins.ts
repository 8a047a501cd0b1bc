import { reportFailure } from "../report-failure.ts";

type Crypto = typeof import("node:crypto");
type Net = typeof import("node:net");

/** Node's crypto, or `undefined` in a runtime without it, which is reported: then nothing is signed, verified or hashed. */
export function loadCrypto(): Crypto | undefined {
  const crypto = loadBuiltin<Crypto>("node:crypto");
  if (crypto === undefined) {
    reportFailure(
      "invalid_boundary",
      "this runtime has no node:crypto: attribution is neither signed nor believed, and hashed ids are left out",
    );
  }
  return crypto;
}

/** Node's net, or `undefined` in a runtime without it, where nobody can be told by an address. */
export function loadNet(): Net | undefined {
  return loadBuiltin<Net>("node:net");
}

/** A function and no import, so that a bundle for a runtime without Node's modules still loads. */
function loadBuiltin<Module>(name: string): Module | undefined {
  try {
    return globalThis.process?.getBuiltinModule?.(name) as Module | undefined;
  } catch {
    return undefined;
  }
}
