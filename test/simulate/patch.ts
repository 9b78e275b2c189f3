// SPDX-License-Identifier: Apache-2.0

type Method = (...args: never[]) => unknown;

const restores: (() => void)[] = [];

/** Puts what `make` gives in the place of a method of `Class`, until `restoreAll`; `make` gets the method that was there. */
export function patch<Instance extends object, Name extends keyof Instance & string>(
  Class: { readonly prototype: Instance },
  name: Name,
  make: (original: Instance[Name] & Method) => Instance[Name] & ThisType<Instance>,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, name);
  if (typeof descriptor?.value !== "function") throw new Error(`Cannot patch ${name}: it must be a method`);
  Object.defineProperty(Class.prototype, name, { ...descriptor, value: make(descriptor.value) });
  restores.push(() => Object.defineProperty(Class.prototype, name, descriptor));
}

/** As `patch`, for a getter. */
export function patchGetter<Instance extends object, Name extends keyof Instance & string>(
  Class: { readonly prototype: Instance },
  name: Name,
  get: (this: Instance, original: Instance[Name]) => Instance[Name],
): void {
  const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, name);
  const original = descriptor?.get;
  if (descriptor === undefined || original === undefined) throw new Error(`Cannot patch ${name}: it must be a getter`);
  Object.defineProperty(Class.prototype, name, {
    ...descriptor,
    get(this: Instance) {
      return get.call(this, original.call(this) as Instance[Name]);
    },
  });
  restores.push(() => Object.defineProperty(Class.prototype, name, descriptor));
}

/** Everything is as it was. */
export function restoreAll(): void {
  for (const restore of restores.splice(0).reverse()) restore();
}
