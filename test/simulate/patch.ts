// SPDX-License-Identifier: Apache-2.0

type Arguments<Method> = Method extends (...args: infer Args) => unknown ? Args : never;
type Result<Method> = Method extends (...args: never[]) => infer Value ? Value : never;

const restores: (() => void)[] = [];

/** Lets `replace` run in the place of a method of `Class`, until `restoreAll`; it gets the object and the method that was there. */
export function patch<Instance extends object, Name extends keyof Instance & string>(
  Class: { readonly prototype: Instance },
  name: Name,
  replace: (
    self: Instance,
    original: (...args: Arguments<Instance[Name]>) => Result<Instance[Name]>,
    ...args: Arguments<Instance[Name]>
  ) => Result<Instance[Name]>,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, name);
  const method: unknown = descriptor?.value;
  if (descriptor === undefined || typeof method !== "function") {
    throw new Error(`Cannot patch ${name}: it must be a method`);
  }
  set(Class.prototype, name, descriptor, {
    value(this: Instance, ...args: Arguments<Instance[Name]>) {
      return replace(this, (...given) => Reflect.apply(method, this, given) as Result<Instance[Name]>, ...args);
    },
  });
}

/** As `patch`, for a getter; `replace` gets what it would have answered. */
export function patchGetter<Instance extends object, Name extends keyof Instance & string>(
  Class: { readonly prototype: Instance },
  name: Name,
  replace: (original: Instance[Name]) => Instance[Name],
): void {
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, name);
  const getter = descriptor?.get;
  if (descriptor === undefined || getter === undefined) throw new Error(`Cannot patch ${name}: it must be a getter`);
  set(Class.prototype, name, descriptor, {
    get(this: Instance) {
      return replace(getter.call(this) as Instance[Name]);
    },
  });
}

/** Everything is as it was. */
export function restoreAll(): void {
  for (const restore of restores.splice(0).reverse()) restore();
}

function set(target: object, name: string, before: PropertyDescriptor, change: PropertyDescriptor): void {
  Object.defineProperty(target, name, { ...before, ...change });
  restores.push(() => Object.defineProperty(target, name, before));
}
