import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadIngestTokens } from "../src/config/load-ingest-tokens.ts";
import { loadTls } from "../src/config/load-tls.ts";
import { createAuthenticateSender } from "../src/http/authenticate-sender.ts";
import { createLogger } from "../src/logger.ts";
import { CERTIFICATE, OTHER_CERTIFICATE } from "../../collector/test/receiver/certificate.ts";

const dir = mkdtempSync(join(tmpdir(), "spancost-settings-"));
let files = 0;

afterAll(() => rmSync(dir, { recursive: true }));

function write(content: string): string {
  files += 1;
  const file = join(dir, String(files));
  writeFileSync(file, content);
  return file;
}

const SECRET = "a-secret-of-sixteen";

describe("the file of ingest tokens", () => {
  const load = (content: unknown, tokens = {}) => {
    const text = typeof content === "string" ? content : JSON.stringify(content);
    return loadIngestTokens({ ingestTokens: write(text), ...tokens });
  };

  it("is not needed", () => {
    expect(loadIngestTokens({})).toEqual([]);
  });

  it("gives tokens with what they are bound to", () => {
    const tokens = [
      { token: `${SECRET}-1`, name: "acme-prod", tenants: ["acme"], services: ["shop"] },
      { token: `${SECRET}-2`, name: "all" },
    ];
    expect(load(tokens)).toEqual(tokens);
  });

  it("has all its problems reported together, and no secret", () => {
    const bad = [
      { token: "hunter2", name: "" },
      { token: "hunter2 hunter2 hunter2", name: "a", tenants: [] },
      { token: SECRET, name: "b", tenant: ["acme"] },
    ];
    expect(() => load(bad)).toThrow(/0\.token[^]*0\.name[^]*1\.token[^]*1\.tenants[^]*2: [^]*tenant/);
    expect(() => load(bad)).not.toThrow(/hunter2/);
  });

  it("may give no secret twice, nor one that may do more", () => {
    const twins = ["a", "b", "b"].map((name) => ({ token: SECRET, name }));
    const clash = () => load(twins, { token: SECRET });
    expect(clash).toThrow(/0\.token: a has SPANCOST_TOKEN[^]*b has the same token as a[^]*b is there twice/);
    expect(clash).not.toThrow(SECRET);
  });

  it.each([
    ["is not JSON", `[{"token": "${SECRET}",`, /is not JSON\. It must be a list/],
    ["is no list", `{"token": "${SECRET}"}`, /the file: /],
  ])("that %s is refused without quoting it", (_what, content, message) => {
    expect(() => load(content)).toThrow(message);
    expect(() => load(content)).not.toThrow(SECRET);
  });

  it("that is not there is named", () => {
    expect(() => loadIngestTokens({ ingestTokens: join(dir, "nothing") })).toThrow(/nothing cannot be read: .*ENOENT/);
  });
});

describe("the receivers", () => {
  const ingestTokens = [{ token: "an-ingest-token-of-acme", name: "acme", tenants: ["acme"] }];
  const from = (authorization: string | undefined, host = "127.0.0.1:4318") => ({
    authorization,
    host,
    remoteAddress: "127.0.0.1",
  });

  it("without tokens take spans that are addressed to this machine, and from no web page of another name", () => {
    const authenticate = createAuthenticateSender({ token: null, adminToken: null, ingestTokens: [] });
    const sender = { tenants: null, services: null };
    for (const host of ["127.0.0.1:4318", "localhost", "[::1]:4317"]) {
      expect(authenticate(from(undefined, host))).toEqual({ ok: true, sender });
    }
    expect(authenticate(from(undefined, "evil.example"))).toMatchObject({ ok: false, reason: "unauthenticated" });
  });

  it("know whose token it is", () => {
    const authenticate = createAuthenticateSender({
      token: SECRET,
      adminToken: "the-admin-token-itself",
      ingestTokens,
    });
    expect(authenticate(from(`Bearer ${SECRET}`))).toEqual({ ok: true, sender: { tenants: null, services: null } });
    expect(authenticate(from("bearer an-ingest-token-of-acme"))).toEqual({
      ok: true,
      sender: { tenants: new Set(["acme"]), services: null },
    });
    expect(authenticate(from("Bearer the-admin-token-itself"))).toMatchObject({ ok: false, reason: "forbidden" });
    for (const wrong of [undefined, "", "Bearer", "Bearer wrong", SECRET]) {
      expect(authenticate(from(wrong))).toMatchObject({ ok: false, reason: "unauthenticated" });
    }
  });

  it("need a token on loopback as well, once there is one", () => {
    const authenticate = createAuthenticateSender({ token: null, adminToken: null, ingestTokens });
    expect(authenticate(from(undefined))).toMatchObject({ ok: false });
    expect(authenticate(from("Bearer an-ingest-token-of-acme"))).toMatchObject({ ok: true });
  });
});

describe("the files of TLS", () => {
  const tlsCert = write(CERTIFICATE.cert);
  const tlsKey = write(CERTIFICATE.key);

  it("are not needed", () => {
    expect(loadTls({})).toBeNull();
  });

  it("are given as they are", () => {
    const identity = { cert: Buffer.from(CERTIFICATE.cert), key: Buffer.from(CERTIFICATE.key) };
    expect(loadTls({ tlsCert, tlsKey })).toEqual({ ...identity, clientCa: null });
    expect(loadTls({ tlsCert, tlsKey, tlsClientCa: tlsCert })).toEqual({ ...identity, clientCa: identity.cert });
  });

  it.each([
    [
      "that are not there",
      { tlsCert: "nowhere.pem", tlsKey },
      /SPANCOST_TLS_CERT: nowhere\.pem cannot be read: ENOENT/,
    ],
    ["that are no certificate", { tlsCert: tlsKey, tlsKey }, /SPANCOST_TLS_CERT: .* is not a certificate in PEM/],
    [
      "that are no key",
      { tlsCert, tlsKey: tlsCert },
      /SPANCOST_TLS_KEY: .* is not a private key in PEM, not encrypted/,
    ],
    ["of others", { tlsCert, tlsKey: write(OTHER_CERTIFICATE.key) }, /is not the key of SPANCOST_TLS_CERT/],
    ["of no authority", { tlsCert, tlsKey, tlsClientCa: tlsKey }, /SPANCOST_TLS_CLIENT_CA: .* is not a certificate/],
  ])("%s are refused, and no key is shown", (_what, config, message) => {
    expect(() => loadTls(config)).toThrow(message);
    expect(() => loadTls(config)).not.toThrow(/BEGIN|MIGH/);
  });
});

describe("the log", () => {
  function createTarget(isTTY: boolean) {
    const lines: string[] = [];
    return { isTTY, lines, write: (line: string) => lines.push(line) };
  }

  it("is JSON, one line an event, from its level on", () => {
    const target = createTarget(false);
    const logger = createLogger({ logLevel: "warn", logFormat: "auto" }, target);
    logger.info({}, "not this");
    logger.warn({ port: 4317, token: SECRET, headers: { authorization: SECRET } }, "careful");
    expect(target.lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: "warn",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        port: 4317,
        token: "[hidden]",
        headers: { authorization: "[hidden]" },
        msg: "careful",
      },
    ]);
  });

  it("is text on a terminal, with an error's stack below", () => {
    const target = createTarget(true);
    createLogger({ logLevel: "info", logFormat: "auto" }, target).error(
      { err: new Error("it broke"), what: "a b", count: 3 },
      "failed",
    );
    expect(target.lines.join("")).toMatch(/^\S+Z ERROR failed what="a b" count=3\nError: it broke\n +at /);
  });

  it.each([
    ["json", true, /^\{/],
    ["text", false, /^\d{4}-\S+ INFO hello\n$/],
  ] as const)("is %s when that is asked for", (logFormat, isTTY, expected) => {
    const target = createTarget(isTTY);
    createLogger({ logLevel: "info", logFormat }, target).info({}, "hello");
    expect(target.lines).toEqual([expect.stringMatching(expected)]);
  });
});
