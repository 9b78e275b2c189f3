// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import {
  FeatureSet_VisibilityFeature_DefaultSymbolVisibility as DefaultVisibility,
  Edition,
  SymbolVisibility,
} from "@bufbuild/protobuf/wkt";

/**
 * Whether another file may name this message. Since edition 2024 a message can be local to its file, and a nested one
 * is unless it says `export`. A message that cannot be named has no member in the frames and travels as fragments.
 */
export function isImportable(message: DescMessage): boolean {
  switch (message.proto.visibility) {
    case SymbolVisibility.VISIBILITY_EXPORT:
      return true;
    case SymbolVisibility.VISIBILITY_LOCAL:
      return false;
    default:
      break;
  }
  switch (defaultVisibility(message)) {
    case DefaultVisibility.EXPORT_TOP_LEVEL:
      return message.parent === undefined;
    case DefaultVisibility.LOCAL_ALL:
    case DefaultVisibility.STRICT:
      return false;
    default:
      return true;
  }
}

function defaultVisibility({ file }: DescMessage): DefaultVisibility {
  const stated = file.proto.options?.features?.defaultSymbolVisibility;
  if (stated !== undefined && stated !== DefaultVisibility.DEFAULT_SYMBOL_VISIBILITY_UNKNOWN) return stated;
  if (file.edition < Edition.EDITION_2024) return DefaultVisibility.EXPORT_ALL;
  return file.edition === Edition.EDITION_2024 ? DefaultVisibility.EXPORT_TOP_LEVEL : DefaultVisibility.STRICT;
}
