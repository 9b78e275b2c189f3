// SPDX-License-Identifier: Apache-2.0
import { fieldText } from "./field-text.js";
import type { FieldView, HeadReader } from "./head-reader.js";

/** A header list as plain strings, one character per octet, in wire order, pseudo fields included. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** A reader that makes plain strings: for clients, tools and tests, where convenience counts more than speed. */
export function createFieldListReader(): HeadReader<FieldList> {
  return new FieldListReader();
}

class FieldListReader implements HeadReader<FieldList> {
  #fields: (readonly [name: string, value: string])[] = [];

  begin(): void {
    this.#fields = [];
  }

  field(view: FieldView): void {
    this.#fields.push(view.entry === undefined ? textOf(view) : notedText(view.entry, view));
  }

  end(): FieldList {
    return this.#fields;
  }

  keep(head: FieldList): FieldList {
    return head;
  }
}

/** The strings of a table entry, made once. Only this reader writes notes on the entries it is shown. */
function notedText(entry: { note: unknown }, view: FieldView): readonly [name: string, value: string] {
  entry.note ??= textOf(view);
  return entry.note as readonly [name: string, value: string];
}

function textOf(view: FieldView): readonly [name: string, value: string] {
  return [
    fieldText(view.nameBytes, view.nameStart, view.nameEnd),
    fieldText(view.valueBytes, view.valueStart, view.valueEnd),
  ];
}
