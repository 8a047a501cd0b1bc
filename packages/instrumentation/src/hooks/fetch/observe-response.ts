import type { StreamFilter } from "@spancost/llm-wire";
import type { ObservedBody, ObservedCall } from "../../calls/observed-call.ts";
import type { Tap } from "./observe-reader.ts";
import { type ExposedStream, passOn } from "./observe-stream.ts";
import { OPEN_BODIES } from "./open-bodies.ts";
import { canWatchStreams, watchStream } from "./watch-stream.ts";

const CONSUMERS = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;
type Consumer = (typeof CONSUMERS)[number];

/** Ends the calls whose responses nobody ever reads, when they are collected. */
const forgotten = new FinalizationRegistry<ObservedBody>((body) => body.abandon());

const forgetBody = (body: ObservedBody): void => OPEN_BODIES.delete(body);

/** What is known of the responses whose own properties ask for it. */
const watches = new WeakMap<object, ResponseWatch>();
/** The own properties of a watched response, by its prototype: made once, as functions of each response's own cost 1 us each. */
const properties = new WeakMap<object, readonly (readonly [name: string, property: PropertyDescriptor])[]>();

/**
 * Watches how the app reads a response, on the response itself. A new `Response` around a teed body would lose what only
 * `fetch` can set (url, type, redirected, also on clones), would read a body that nobody asked for, and would parse JSON a
 * second time; own properties that shadow the reading methods keep the object, its identity and its laziness.
 * @param createFilter takes out of the stream what the app did not ask for
 */
export function observeResponse(response: Response, call: ObservedCall, createFilter?: () => StreamFilter): void {
  const prototype: object = Object.getPrototypeOf(response);
  const body = call.openBody(response.headers, forgetBody);
  // No body, or a stand-in for a response that a test put there.
  if (!(Reflect.get(prototype, "body", response) instanceof ReadableStream)) return body.complete();
  const tap: Tap = { body, filter: createFilter?.(), isInternal: false, keep: undefined };
  watches.set(response, new ResponseWatch(response, prototype, tap, call, createFilter));
  forgotten.register(response, body);
  OPEN_BODIES.add(body);
  // One at a time: `Object.defineProperties` takes three times as long (V8 of Node 24.21).
  for (const [name, property] of readProperties(prototype)) Object.defineProperty(response, name, property);
}

function readProperties(prototype: object): readonly (readonly [name: string, property: PropertyDescriptor])[] {
  let known = properties.get(prototype);
  if (known === undefined) properties.set(prototype, (known = Object.entries(createProperties(prototype))));
  return known;
}

function createProperties(prototype: object): PropertyDescriptorMap {
  const created: PropertyDescriptorMap = {
    body: {
      get(this: object): unknown {
        const watch = watches.get(this);
        return watch === undefined ? Reflect.get(prototype, "body", this) : watch.exposeStream();
      },
      configurable: true,
    },
  };
  for (const name of [...CONSUMERS, "clone"] as const) {
    if (typeof Reflect.get(prototype, name) !== "function") continue;
    const { [name]: method } = {
      [name](this: object, ...args: unknown[]): unknown {
        // Asked for at each call: others may have put theirs there meanwhile.
        const native = Reflect.get(prototype, name) as Method;
        const watch = watches.get(this);
        if (watch === undefined) return Reflect.apply(native, this, args);
        return name === "clone" ? watch.clone(native) : watch.consume(name, native, args);
      },
    };
    created[name] = { value: method, configurable: true, writable: true };
  }
  return created;
}

type Method = (...args: unknown[]) => unknown;

class ResponseWatch {
  readonly #response: Response;
  readonly #prototype: object;
  readonly #tap: Tap;
  readonly #call: ObservedCall;
  readonly #createFilter: (() => StreamFilter) | undefined;
  #exposed: ExposedStream | undefined;

  constructor(
    response: Response,
    prototype: object,
    tap: Tap,
    call: ObservedCall,
    createFilter: (() => StreamFilter) | undefined,
  ) {
    this.#response = response;
    this.#prototype = prototype;
    this.#tap = tap;
    this.#call = call;
    this.#createFilter = createFilter;
  }

  /** The stream that the app gets. */
  exposeStream(): ReadableStream | null {
    const source = this.#readSource();
    if (source === null || this.#exposed?.source === source) return this.#exposed?.stream ?? source;
    // Being read by one of the response's own methods, which is watched there.
    if (source.locked || this.#response.bodyUsed) return source;
    const expose = canWatchStreams() ? watchStream : passOn;
    this.#exposed = expose(source, this.#tap, this.#response);
    return this.#exposed.stream;
  }

  /** Runs one of the response's own methods that read it to its end. */
  consume(name: Consumer, native: Method, args: unknown[]): unknown {
    const isWatched = !this.#isTaken();
    this.#lockIfTaken();
    if (isWatched && this.#tap.filter !== undefined) return consumeFiltered(name, this.exposeStream(), this.#response);
    if (isWatched) this.#tap.body.isAwaited = true;
    const result = this.#runNative(native, args);
    return isWatched && result instanceof Promise ? watchResult(name, result, this.#tap.body, this.#call) : result;
  }

  clone(native: Method): unknown {
    this.#lockIfTaken();
    const copy = this.#runNative(native, []);
    if (copy instanceof Object)
      this.#call.guard("observing a clone", () => observeResponse(copy as Response, this.#call, this.#createFilter));
    return copy;
  }

  #readSource(): ReadableStream | null {
    return Reflect.get(this.#prototype, "body", this.#response) as ReadableStream | null;
  }

  /** A clone leaves the response with another stream than the one that the app may have seen. */
  #isExposedTaken(): boolean {
    return this.#exposed?.stream.locked === true && this.#exposed.source === this.#readSource();
  }

  #isTaken(): boolean {
    return this.#response.bodyUsed || this.#readSource()?.locked === true || this.#isExposedTaken();
  }

  #lockIfTaken(): void {
    if (this.#isExposedTaken() && this.#exposed?.source.locked === false) this.#exposed.lockSource();
  }

  #runNative(native: Method, args: unknown[]): unknown {
    this.#tap.isInternal = true;
    try {
      return Reflect.apply(native, this.#response, args);
    } finally {
      this.#tap.isInternal = false;
    }
  }
}

/** Reads the stream without what was not asked for, by the runtime's own method on a response made for it. */
function consumeFiltered(name: Consumer, stream: ReadableStream | null, { headers }: Response): Promise<unknown> {
  const type = headers.get("content-type");
  return new Response(stream, type === null ? {} : { headers: { "content-type": type } })[name]();
}

function watchResult(
  name: Consumer,
  result: Promise<unknown>,
  body: ObservedBody,
  call: ObservedCall,
): Promise<unknown> {
  return result.then(
    (value) => {
      call.guard("reading the body", () => showResult(name, value, body));
      return value;
    },
    (error: unknown) => {
      // A body that came whole and is not what the app takes it for: the provider answered, and nothing is known.
      if (error instanceof SyntaxError || name === "formData") body.complete();
      else body.abandon(error);
      throw error;
    },
  );
}

function showResult(name: Consumer, value: unknown, body: ObservedBody): void {
  if (body.ignoresBytes) return body.complete();
  if (name === "json") return body.readValue(value);
  if (typeof value === "string") return body.readText(value);
  if (value instanceof Uint8Array) body.readBytes(value);
  if (value instanceof ArrayBuffer) body.readBytes(new Uint8Array(value));
  if (!(value instanceof Blob)) return body.complete();
  value.text().then(
    (text) => body.readText(text),
    () => body.complete(),
  );
}
