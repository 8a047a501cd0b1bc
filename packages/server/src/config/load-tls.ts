import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TlsIdentity } from "@spancost/collector";
import { ServerError } from "../server-error.ts";
import type { ServerConfig } from "./load-config.ts";

/** Reads what TLS needs; null when it is not wanted. @throws ServerError `bad-config` */
export function loadTls({
  tlsCert,
  tlsKey,
  tlsClientCa,
}: Pick<ServerConfig, "tlsCert" | "tlsKey" | "tlsClientCa">): TlsIdentity | null {
  if (tlsCert === undefined || tlsKey === undefined) return null;
  const [cert, certificate] = load("SPANCOST_TLS_CERT", tlsCert, "a certificate in PEM", toCertificate);
  const [key, privateKey] = load("SPANCOST_TLS_KEY", tlsKey, "a private key in PEM, not encrypted", toPrivateKey);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ServerError(
      "bad-config",
      `SPANCOST_TLS_KEY, ${tlsKey}, is not the key of SPANCOST_TLS_CERT, ${tlsCert} (${certificate.subject}). Give the two that were made together, the server's own certificate first in its file.`,
    );
  }
  if (tlsClientCa === undefined) return { cert, key, clientCa: null };
  const [clientCa] = load("SPANCOST_TLS_CLIENT_CA", tlsClientCa, "a certificate in PEM", toCertificate);
  return { cert, key, clientCa };
}

const toCertificate = (pem: Buffer): X509Certificate => new X509Certificate(pem);
const toPrivateKey = (pem: Buffer): KeyObject => createPrivateKey(pem);

function load<T>(variable: string, file: string, expected: string, read: (pem: Buffer) => T): [Buffer, T] {
  const pem = readPem(variable, file);
  try {
    return [pem, read(pem)];
  } catch {
    // OpenSSL's own words would help nobody, and those about a key could quote it.
    throw new ServerError("bad-config", `${variable}: ${file} is not ${expected}.`);
  }
}

function readPem(variable: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError("bad-config", `${variable}: ${file} cannot be read: ${why}.`, { cause });
  }
}
