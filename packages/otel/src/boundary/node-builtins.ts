import { reportFailure } from "../report-failure.ts";

// `getBuiltinModule` and no import, so that a bundle for a runtime without Node's modules still loads.

/** Node's crypto, or `undefined` in a runtime without it, which is reported: then nothing is signed, verified or hashed. */
export function loadCrypto() {
  const crypto = globalThis.process?.getBuiltinModule?.("node:crypto");
  if (crypto === undefined) {
    reportFailure(
      "invalid_boundary",
      "this runtime has no node:crypto: attribution is neither signed nor believed, and hashed ids are left out",
    );
  }
  return crypto;
}

/** Node's net, or `undefined` in a runtime without it, where nobody can be told by an address. */
export function loadNet() {
  return globalThis.process?.getBuiltinModule?.("node:net");
}
