// SPDX-License-Identifier: Apache-2.0
import type { DescFile, DescService } from "@bufbuild/protobuf";
import { fileBytes, isSameFile, isStandardFile, withImports } from "@grpc-router/protocol";
import { RouterError } from "../router-error.js";
import { fileSymbols } from "./file-symbols.js";

/** Everything that reflection tells: the services, their files and all that these import. */
export interface DescriptorBook {
  /** Full names of the services, sorted. */
  readonly services: readonly string[];
  /**
   * Adds a service with its file and all files that it imports. Adding one again is without effect.
   *
   * @throws RouterError DESCRIPTOR_CONFLICT if a file of that name with other contents is here; nothing is added then.
   */
  add(service: DescService): void;
  /**
   * Has these services from now on, and the router's own, in place of those before.
   *
   * @throws RouterError as `add`; then all stays as it was.
   */
  replace(services: readonly DescService[]): void;
  /** As `add` for the router's own services: where files of a name differ, those of routed services count. */
  addOwn(service: DescService): void;
  /** The file of this name ("acme/user/v1/user.proto"). */
  file(name: string): DescriptorFile | undefined;
  /** The file that declares this full name; if several do, the one added first. */
  fileOfSymbol(symbol: string): DescriptorFile | undefined;
  /** The file that declares the extension `number` of the message `typeName`. */
  fileOfExtension(typeName: string, number: number): DescriptorFile | undefined;
  /** Numbers of the known extensions of the message `typeName`, sorted; undefined if there is no such message. */
  extensionNumbers(typeName: string): readonly number[] | undefined;
}

/** One file. */
export interface DescriptorFile {
  readonly name: string;
  /** Names of the files it imports. */
  readonly imports: readonly string[];
  /** The serialized google.protobuf.FileDescriptorProto, without source info. */
  readonly bytes: Uint8Array;
}

/** Creates an empty book. */
export function createDescriptorBook(): DescriptorBook {
  return new Book();
}

/** What the questions are answered from; made when the first is asked, as most routers are never asked. */
interface Index {
  readonly symbols: ReadonlyMap<string, StoredFile>;
  /** Files by number of extension, by full name of the extended message. */
  readonly extensions: ReadonlyMap<string, ReadonlyMap<number, StoredFile>>;
}

class StoredFile implements DescriptorFile {
  readonly desc: DescFile;
  /** Belongs to one of the router's own services only. */
  readonly own: boolean;
  #bytes: Uint8Array | undefined;

  constructor(desc: DescFile, own: boolean) {
    this.desc = desc;
    this.own = own;
  }

  get name(): string {
    return this.desc.proto.name;
  }

  get imports(): readonly string[] {
    return this.desc.proto.dependency;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= fileBytes(this.desc);
    return this.#bytes;
  }
}

class Book implements DescriptorBook {
  #services = new Set<string>();
  #files = new Map<string, StoredFile>();
  readonly #own: DescService[] = [];
  #index: Index | undefined;

  get services(): readonly string[] {
    return [...this.#services].sort();
  }

  add(service: DescService): void {
    const files = withImports(service.file);
    for (const file of files) this.#check(service, file);
    this.#store(service, files, false);
  }

  replace(services: readonly DescService[]): void {
    const next = new Book();
    for (const service of services) next.add(service);
    for (const service of this.#own) next.addOwn(service);
    this.#services = next.#services;
    this.#files = next.#files;
    this.#index = undefined;
  }

  addOwn(service: DescService): void {
    this.#own.push(service);
    this.#store(service, withImports(service.file), true);
  }

  file(name: string): DescriptorFile | undefined {
    return this.#files.get(name);
  }

  fileOfSymbol(symbol: string): DescriptorFile | undefined {
    return this.#indexed().symbols.get(symbol);
  }

  fileOfExtension(typeName: string, number: number): DescriptorFile | undefined {
    return this.#indexed().extensions.get(typeName)?.get(number);
  }

  extensionNumbers(typeName: string): readonly number[] | undefined {
    const { symbols, extensions } = this.#indexed();
    const numbers = extensions.get(typeName);
    if (numbers !== undefined) return [...numbers.keys()].sort((one, other) => one - other);
    return symbols.has(typeName) ? [] : undefined;
  }

  #check(service: DescService, desc: DescFile): void {
    const known = this.#files.get(desc.proto.name);
    if (known === undefined || known.own || isStandardFile(known.name) || isSameFile(known.desc, desc)) return;
    const users = [...this.#services].join(", ");
    throw new RouterError(
      "DESCRIPTOR_CONFLICT",
      `Cannot route ${service.typeName}: file ${known.name} must be the same in all services, received other contents than with ${users}. Build all from one version of it`,
    );
  }

  #store(service: DescService, files: Iterable<DescFile>, own: boolean): void {
    for (const desc of files) {
      const known = this.#files.get(desc.proto.name);
      if (known === undefined || (known.own && !own)) this.#files.set(desc.proto.name, new StoredFile(desc, own));
    }
    this.#services.add(service.typeName);
    this.#index = undefined;
  }

  #indexed(): Index {
    this.#index ??= makeIndex(this.#files.values());
    return this.#index;
  }
}

function makeIndex(files: Iterable<StoredFile>): Index {
  const symbols = new Map<string, StoredFile>();
  const extensions = new Map<string, Map<number, StoredFile>>();
  for (const file of files) {
    for (const { name, extension } of fileSymbols(file.desc)) {
      if (!symbols.has(name)) symbols.set(name, file);
      if (extension === undefined) continue;
      const numbers = extensions.get(extension.extendee.typeName) ?? new Map<number, StoredFile>();
      extensions.set(extension.extendee.typeName, numbers);
      if (!numbers.has(extension.number)) numbers.set(extension.number, file);
    }
  }
  return { symbols, extensions };
}
