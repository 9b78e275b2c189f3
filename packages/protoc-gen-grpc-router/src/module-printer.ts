// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { GeneratedFile, Printable, Target } from "@bufbuild/protoplugin";
import { ownComments } from "./channel-comments.js";
import type { MethodModel, ServiceModel } from "./service-model.js";

/** Where generated modules find what they are made with. */
const contract = "@grpc-router/protocol/codegenv1";

/** Tells bundlers that the call has no effect, so that an unused constant goes. */
const pure = "/*@__PURE__*/";

/** A service as the module printers see it: with descriptors from the same schema, so that imports resolve. */
export interface PrintedService {
  readonly model: ServiceModel;
  readonly service: DescService;
  readonly channel: DescService;
}

/** What one kind of module exports for a service. */
export interface ExportedConstant {
  readonly name: string;
  /** Its type in the contract, such as `GenRouter`. */
  readonly type: string;
  /** What makes it in the contract, such as `routerDesc`. */
  readonly call: string;
  /** First line of its documentation. */
  readonly summary: string;
  /** What is printed for one method. */
  readonly value: (method: MethodModel) => string;
  /** What is printed for the service as a whole, behind the methods. Absent: nothing. */
  readonly policies?: string;
}

/** Prints a constant for one target. JavaScript and declarations are printed as such; nothing is transpiled. */
export function printConstant(
  f: GeneratedFile,
  printed: PrintedService,
  { constant, target }: { readonly constant: ExportedConstant; readonly target: Target },
): void {
  const { service } = printed;
  f.print(f.jsDoc(documentService(service, constant.summary)));
  if (target === "dts") {
    const type = f.import(constant.type, contract, true);
    f.print(f.export("declare const", constant.name), ": ", type, "<typeof ", f.importSchema(service, true), ">;");
  } else {
    const type = [": ", f.import(constant.type, contract, true), "<typeof ", f.importSchema(service), ">"];
    f.print(f.export("const", constant.name), target === "ts" ? type : [], " = ", pure);
    printCall(f, printed, constant);
  }
  f.print();
}

function printCall(f: GeneratedFile, { model, service, channel }: PrintedService, constant: ExportedConstant): void {
  const names = [f.importSchema(service), ", ", f.importSchema(channel)];
  const begin: Printable[] = ["  ", f.import(constant.call, contract), "(", names, ", {"];
  f.print(begin);
  for (const method of model.methods) {
    const documentation = documentMethod(method.desc);
    if (documentation !== "") f.print(f.jsDoc(documentation, "    "));
    f.print("    ", method.desc.localName, ": ", constant.value(method), ",");
  }
  f.print(constant.policies === undefined ? "  });" : `  }, ${constant.policies});`);
}

function documentService(service: DescService, summary: string): string {
  const own = ownComments(service);
  const deprecated = service.deprecated || service.file.deprecated ? ["@deprecated"] : [];
  const tags = [`@generated from service ${service.typeName}`, ...deprecated];
  return [summary, "", ...own, ...(own.length > 0 ? [""] : []), ...tags].join("\n");
}

/** A method's comment and mark; nothing for a method that has neither, so that the facts stay a table. */
function documentMethod(method: DescMethod): string {
  const own = ownComments(method);
  const deprecated = method.deprecated ? ["@deprecated"] : [];
  return [...own, ...(own.length > 0 && method.deprecated ? [""] : []), ...deprecated].join("\n");
}
