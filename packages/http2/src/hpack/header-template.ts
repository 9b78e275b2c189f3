// SPDX-License-Identifier: Apache-2.0
import { Http2Error } from "../http2-error.js";
import { findFieldName } from "./field-name-lookup.js";
import { checkFieldName, checkFieldValue } from "./field-rules.js";
import { fieldBytes } from "./field-text.js";
import { describeFault, HeadFault } from "./head-fault.js";
import { PreparedField } from "./prepared-field.js";

/**
 * Fields that are sent often in this order; made by `createHeaderTemplate`, encoded once per connection. Templates are
 * few and live long: one per kind of response, method, or peer, never one per call.
 */
export interface HeaderTemplate {
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** What `createHeaderTemplate` makes: the fields in all the forms that encoders need. */
export class PreparedTemplate implements HeaderTemplate {
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly prepared: readonly PreparedField[];
  /** Most octets that the fields take in any form. */
  readonly maxBytes: number;

  constructor(fields: readonly (readonly [name: string, value: string])[]) {
    this.fields = fields.map(([name, value]) => [name, value] as const);
    this.prepared = fields.map(([name, value]) => new PreparedField(name, value));
    this.maxBytes = this.prepared.reduce((sum, field) => sum + field.maxBytes, 0);
  }
}

/**
 * Makes a template of these fields, in this order, pseudo fields first. Strings have one character per octet.
 *
 * Throws `Http2Error` for names and values that RFC 9113 section 8 forbids.
 *
 * @example
 * ```ts
 * const ok = createHeaderTemplate([[":status", "200"], ["content-type", "application/grpc"]]);
 * ```
 */
export function createHeaderTemplate(fields: readonly (readonly [name: string, value: string])[]): HeaderTemplate {
  for (const [name, value] of fields) {
    validateField(name, value);
  }
  return new PreparedTemplate(fields);
}

function validateField(name: string, value: string): void {
  for (const text of [name, value]) {
    for (let at = 0; at < text.length; at++) {
      if (text.charCodeAt(at) > 0xff) {
        refuse("field must have one character per octet, up to U+00FF", text);
      }
    }
  }
  const nameBytes = fieldBytes(name);
  const valueBytes = fieldBytes(value);
  const nameId = findFieldName(nameBytes, 0, nameBytes.length);
  const nameFault = checkFieldName(nameId, nameBytes, 0, nameBytes.length);
  if (nameFault !== HeadFault.none) {
    refuse(describeFault(nameFault), name);
  }
  const valueFault = checkFieldValue(nameId, valueBytes, 0, valueBytes.length);
  if (valueFault !== HeadFault.none) {
    refuse(describeFault(valueFault), `${name}: ${value}`);
  }
}

function refuse(rule: string, received: string): never {
  throw new Http2Error(
    "invalid_argument",
    `Cannot create header template: ${rule}, received ${JSON.stringify(received)}`,
  );
}
