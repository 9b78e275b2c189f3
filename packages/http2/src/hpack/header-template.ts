// SPDX-License-Identifier: Apache-2.0

/** Fields that are sent often in this order; made by `createHeaderTemplate`, encoded once per connection. */
export interface HeaderTemplate {
  readonly fields: readonly (readonly [name: string, value: string])[];
}
