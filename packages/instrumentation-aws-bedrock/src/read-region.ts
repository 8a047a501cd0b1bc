/** `bedrock-runtime-fips.us-east-1.amazonaws.com`, `vpce-0a-1b.bedrock-runtime.us-east-1.vpce.amazonaws.com`. */
const HOST = /(?:^|\.)bedrock-[a-z-]+\.([a-z]{2}(?:-[a-z]+)+-\d+)\./;
/** What a signature covers: key, day, region, service. */
const CREDENTIAL_SCOPE = /\bCredential=[^/,\s]+\/\d{8}\/([a-z]{2}(?:-[a-z]+)+-\d+)\/bedrock\//;

/**
 * The region of a call: the host's, or on a host that names none, such as a proxy's, the one that the request is signed for.
 * `null` without either. Nothing else of the signature is read.
 */
export function readRegion(url: URL, readHeader: (name: string) => string | null): string | null {
  return HOST.exec(url.hostname)?.[1] ?? CREDENTIAL_SCOPE.exec(readHeader("authorization") ?? "")?.[1] ?? null;
}
