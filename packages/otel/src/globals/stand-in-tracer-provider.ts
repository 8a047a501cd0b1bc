import type { Context, Span, SpanOptions, Tracer, TracerOptions, TracerProvider } from "@opentelemetry/api";

/**
 * Stands in for the tracer provider of an app that may register its own later: tracers that were taken before, as a NodeSDK's
 * instrumentations take theirs, make the app's spans from then on.
 */
export class StandInTracerProvider implements TracerProvider {
  #provider: TracerProvider;

  constructor(provider: TracerProvider) {
    this.#provider = provider;
  }

  getTracer(name: string, version?: string, options?: TracerOptions): Tracer {
    return new StandInTracer(() => this.#provider, name, version, options);
  }

  /** From now on spans are made by this one. */
  handOver(provider: TracerProvider): void {
    this.#provider = provider;
  }
}

class StandInTracer implements Tracer {
  readonly #getProvider: () => TracerProvider;
  readonly #scope: readonly [name: string, version?: string, options?: TracerOptions];
  #made: { readonly by: TracerProvider; readonly tracer: Tracer } | undefined;

  constructor(getProvider: () => TracerProvider, ...scope: readonly [string, string?, TracerOptions?]) {
    this.#getProvider = getProvider;
    this.#scope = scope;
  }

  startSpan(name: string, options?: SpanOptions, context?: Context): Span {
    return this.#tracer.startSpan(name, options, context);
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: readonly unknown[]): ReturnType<F> {
    const start = this.#tracer.startActiveSpan.bind(this.#tracer) as (...all: readonly unknown[]) => ReturnType<F>;
    return start(name, ...rest);
  }

  get #tracer(): Tracer {
    const provider = this.#getProvider();
    if (this.#made?.by !== provider) this.#made = { by: provider, tracer: provider.getTracer(...this.#scope) };
    return this.#made.tracer;
  }
}
