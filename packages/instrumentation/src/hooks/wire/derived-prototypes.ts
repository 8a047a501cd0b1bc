import { reportFailure } from "./guard.ts";

/** Is told of a call, by its arguments, before the method runs. */
export type Before<Observer> = (observer: Observer, args: readonly unknown[]) => void;

/** Runs in the place of a method, which it may call as often as it likes; may throw only what that throws. */
export type InsteadOf<Observer> = (observer: Observer, args: unknown[], original: Method, self: object) => unknown;

export type Method = (...args: unknown[]) => unknown;

/**
 * Observes objects through a prototype of ours between them and their class's. It is made once a class and costs an object a third
 * of a microsecond; own methods cost one each, and taking them off again slows down every later access to the object (V8 turns it
 * into a dictionary). Own properties, `constructor` and `instanceof` stay what they are.
 */
export class DerivedPrototypes<Observer extends object> {
  readonly #observers = new WeakMap<object, Observer>();
  readonly #derived = new WeakMap<object, object>();
  readonly #befores: Readonly<Record<string, Before<Observer>>>;
  readonly #insteads: Readonly<Record<string, InsteadOf<Observer>>>;

  constructor(
    befores: Readonly<Record<string, Before<Observer>>>,
    insteads: Readonly<Record<string, InsteadOf<Observer>>> = {},
  ) {
    this.#befores = befores;
    this.#insteads = insteads;
  }

  /** Observes an object from now on. */
  observe(target: object, observer: Observer): void {
    this.#observers.set(target, observer);
    const prototype: object = Object.getPrototypeOf(target);
    let derived = this.#derived.get(prototype);
    if (derived === undefined) {
      derived = this.#derive(prototype);
      this.#derived.set(prototype, derived);
      // An object that is observed a second time has it already.
      this.#derived.set(derived, derived);
    }
    if (derived !== prototype) Object.setPrototypeOf(target, derived);
  }

  /** Leaves an object alone. It keeps the prototype, which passes everything on. */
  release(target: object): void {
    this.#observers.delete(target);
  }

  #derive(prototype: object): object {
    const derived: object = Object.create(prototype);
    for (const [name, before] of Object.entries(this.#befores)) {
      const tell: InsteadOf<Observer> = (observer, args, original, self) => {
        try {
          before(observer, args);
        } catch (error) {
          reportFailure(`observing "${name}"`, error);
        }
        return Reflect.apply(original, self, args);
      };
      this.#define(derived, prototype, name, tell);
    }
    for (const [name, instead] of Object.entries(this.#insteads)) this.#define(derived, prototype, name, instead);
    return derived;
  }

  #define(derived: object, prototype: object, name: string, run: InsteadOf<Observer>): void {
    const observers = this.#observers;
    const known: unknown = Reflect.get(prototype, name);
    if (typeof known !== "function") return;
    const value = function (this: object, ...args: unknown[]): unknown {
      const observer = observers.get(this);
      // Asked for at each call: others may have put theirs there meanwhile.
      const original = (prototype as Readonly<Record<string, Method>>)[name] ?? (known as Method);
      return observer === undefined ? Reflect.apply(original, this, args) : run(observer, args, original, this);
    };
    for (const key of ["name", "length"]) Object.defineProperty(value, key, { value: Reflect.get(known, key) });
    Object.defineProperty(derived, name, { configurable: true, writable: true, value });
  }
}
