import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { text } from "node:stream/consumers";
import axios from "axios";
import got from "got";
import nodeFetch from "node-fetch";
import undici5 from "undici-5";
import undici6 from "undici-6";
import undici7 from "undici-7";
import undici8 from "undici-8";
import type { Protocol } from "./services.ts";

type Headers = Readonly<Record<string, string>>;

/** One way to send a GET request. */
export interface Client {
  readonly name: string;
  readonly protocol: Protocol;
  /** Whether it follows redirects as it is used here. */
  readonly followsRedirects?: boolean;
  /** Whether the stock instrumentations of HTTP see it. */
  readonly isInstrumented: boolean;
  /** Gives the body. `headers` is handed on as it is. */
  readonly send: (url: string, headers: Headers) => Promise<string>;
}

type Undici = typeof undici8;
const MAJORS = [undici5 as unknown as Undici, undici6 as unknown as Undici, undici7 as unknown as Undici, undici8];

const sendNode =
  (module: Pick<typeof http, "get">, toOptions: (url: string, headers: Headers) => object) =>
  (url: string, headers: Headers): Promise<string> =>
    new Promise((resolve, reject) => {
      module
        .get(url, toOptions(url, headers), (response) => void text(response).then(resolve, reject))
        .on("error", reject);
    });

/** As a list of names and values in turn. */
const toList = (url: string, headers: Headers) => ({
  headers: ["Host", new URL(url).host, ...Object.entries(headers).flat()],
});

async function sendHttp2(url: string, headers: object, change = (given: object): unknown => given): Promise<string> {
  const session = http2.connect(url);
  try {
    return await text(session.request(change({ ":path": new URL(url).pathname, ...headers }) as Headers));
  } finally {
    session.destroy();
  }
}

export const CLIENTS: readonly Client[] = [
  {
    name: "fetch",
    protocol: "http",
    followsRedirects: true,
    isInstrumented: true,
    send: async (url, headers) => (await fetch(url, { headers })).text(),
  },
  ...MAJORS.map((undici, index): Client => ({
    name: `undici ${index + 5}, request`,
    protocol: "http",
    isInstrumented: true,
    send: async (url, headers) => (await undici.request(url, { headers })).body.text(),
  })),
  ...MAJORS.map((undici, index): Client => ({
    name: `undici ${index + 5}, fetch`,
    protocol: "http",
    followsRedirects: true,
    isInstrumented: true,
    send: async (url, headers) => (await (undici.fetch as unknown as typeof fetch)(url, { headers })).text(),
  })),
  { name: "node:http", protocol: "http", isInstrumented: true, send: sendNode(http, (_url, headers) => ({ headers })) },
  { name: "node:http, headers as a list", protocol: "http", isInstrumented: true, send: sendNode(http, toList) },
  {
    name: "node:https",
    protocol: "https",
    isInstrumented: true,
    send: sendNode(https, (_url, headers) => ({ headers, rejectUnauthorized: false })),
  },
  { name: "node:http2", protocol: "h2", isInstrumented: false, send: (url, headers) => sendHttp2(url, headers) },
  {
    name: "axios",
    protocol: "http",
    followsRedirects: true,
    isInstrumented: true,
    send: async (url, headers) =>
      (await axios.get(url, { headers, responseType: "text", validateStatus: null, transformResponse: [] })).data,
  },
  {
    name: "node-fetch",
    protocol: "http",
    followsRedirects: true,
    isInstrumented: true,
    send: async (url, headers) => (await nodeFetch(url, { headers })).text(),
  },
  {
    name: "got",
    protocol: "http",
    followsRedirects: true,
    isInstrumented: true,
    send: (url, headers) => got(url, { headers, retry: { limit: 0 }, throwHttpErrors: false }).text(),
  },
];
