import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createHostAllowList } from "../../src/index.ts";

const HOSTS = [
  "allowed.example.com",
  "ported.example.com:8443",
  "*.svc.cluster.local:8080",
  "*.Mesh.internal.",
  "[fd00::17]:9000",
  "fd00::18",
  "192.0.2.7",
];

const CASES: readonly (readonly [allowed: boolean, url: string])[] = [
  [true, "http://allowed.example.com/"],
  [true, "https://allowed.example.com:4443/v1?x=1#y"],
  [true, "HTTPS://ALLOWED.EXAMPLE.COM/"],
  [true, "https://allowed.example.com./"],
  [true, "https://user:password@allowed.example.com/"],
  [false, "https://allowed.example.com@evil.test/"],
  [false, "https://allowed.example.com:443@evil.test/"],
  [false, "https://evil.test\\@allowed.example.com/"],
  [false, "https://evil.test/@allowed.example.com/"],
  [false, "https://evil.test#@allowed.example.com/"],
  [false, "https://evil.test?@allowed.example.com/"],
  [false, "https://allowed.example.com.evil.test/"],
  [false, "https://notallowed.example.com/"],
  [false, "https://x.allowed.example.com/"],
  [false, "ftp://allowed.example.com/"],
  [false, "data:text/plain,allowed.example.com"],
  [false, "allowed.example.com"],
  [false, "//allowed.example.com/"],
  [false, ""],
  [true, "https://ported.example.com:8443/"],
  [false, "https://ported.example.com/"],
  [false, "http://ported.example.com:8444/"],
  [true, "http://a.svc.cluster.local:8080/"],
  [true, "http://a.b.svc.cluster.local:8080/"],
  [false, "http://svc.cluster.local:8080/"],
  [false, "http://asvc.cluster.local:8080/"],
  [false, "http://.svc.cluster.local:8080/"],
  [false, "http://a.svc.cluster.local/"],
  [true, "http://a.mesh.internal/"],
  [true, "http://[fd00::17]:9000/"],
  [true, "http://[FD00:0:0:0:0:0:0:17]:9000/"],
  [false, "http://[fd00::17]/"],
  [true, "http://[fd00::18]:1/"],
  [true, "http://192.0.2.7/"],
  [false, "http://192.0.2.70/"],
  [true, "http://localhost:3000/"],
  [true, "http://LOCALHOST./"],
  [true, "http://127.0.0.1/"],
  [true, "http://127.255.255.254:1/"],
  [true, "http://2130706433/"],
  [true, "http://[::1]:3000/"],
  [false, "http://127.0.0.1.evil.test/"],
  [false, "http://localhost.evil.test/"],
  [false, "http://evil.localhost/"],
  [false, "http://0.0.0.0/"],
  [false, "http://[::ffff:7f00:1]/"],
  [false, "https://api.openai.com/v1/chat/completions"],
];

describe("the list of hosts that attribution may be sent to", () => {
  const list = createHostAllowList({ hosts: HOSTS });

  it.each(CASES)("answers %s for %s", (allowed, url) => {
    expect(list.allows(url)).toBe(allowed);
  });

  it("has loopback alone by default, and not even that when told so", () => {
    expect(list.problems).toEqual([]);
    const urls = ["http://127.0.0.1/", "http://[::1]/", "http://localhost/", "http://10.0.0.1/", "http://example.com/"];
    expect(urls.map((url) => createHostAllowList().allows(url))).toEqual([true, true, true, false, false]);
    expect(urls.filter((url) => createHostAllowList({ loopback: false }).allows(url))).toEqual([]);
  });

  it.each([
    "*",
    "*:80",
    "**.example.com",
    "a.*.com",
    "https://example.com",
    "example.com/x",
    "user@example.com",
    "",
    " ",
    "example.com:99999",
    "*.10.0.0.1",
    "[zz]",
  ])("refuses %j and says so", (entry) => {
    const refusing = createHostAllowList({ hosts: [entry], loopback: false });
    expect(refusing.problems).toHaveLength(1);
    expect(refusing.allows("http://example.com/")).toBe(false);
  });

  it("never throws, and allows nothing that a URL parser puts elsewhere", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.webUrl(), (text, url) => {
        createHostAllowList({ hosts: [text] }).allows(text);
        expect(list.allows(url)).toBe(false);
        expect(list.allows(`http://allowed.example.com${text}`)).toBe(
          URL.canParse(`http://allowed.example.com${text}`) &&
            /^allowed\.example\.com\.?$/.test(new URL(`http://allowed.example.com${text}`).hostname),
        );
      }),
    );
  });
});
