// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import type { Logger } from "@grpc-router/protocol";
import { firstLine, NodeError } from "../node-error.js";
import { namesOf, warnOfDates } from "../tls/judge-dates.js";
import { type NamedCertificate, readServerNames, type ServedTls } from "../tls/server-names.js";
import type { ClientCertificate } from "../tls/tls-acceptor.js";
import { isPemText, readServerTls, type TlsMaterial } from "../tls/tls-material.js";
import { watchFiles } from "../tls/watch-files.js";

/** Certificates of a listener. */
export interface ListenerMaterial extends TlsMaterial {
  /** By the names that clients say. */
  readonly names?: Readonly<Record<string, NamedCertificate>> | undefined;
}

/** Certificates, and what is asked of peers. */
export interface ListenerTls extends ListenerMaterial {
  /** Default `require`, if there is `ca`. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

/** Certificates that are others now, by the field of a configuration. */
export interface CertificateChange {
  /** `listeners.client.tls.certificate`, `…authorities` or `…names.NAME.certificate`. */
  readonly path: readonly string[];
  /** When it ends, and its names; undefined: there was none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** The certificates of a listener, through their renewals. */
export class Certificates {
  /** What is in use, read and checked. */
  current: ServedTls;
  readonly #logger: Logger;
  #material: ListenerMaterial;
  /** Looks from now on for what differs from what is in use, maybe in other files. */
  #rewatch: (() => void) | undefined;

  /** @throws NodeError for certificates that cannot be used. */
  constructor(material: ListenerTls, logger: Logger) {
    checkClientCertificate(material);
    this.#material = material;
    this.#logger = logger;
    this.current = readServed(material);
    this.#warnOfDates();
  }

  /**
   * Reads the certificates again, or takes others, and gives them to `use`. Answers whether there are new ones, which it logs.
   *
   * @throws NodeError when they cannot be used; then all stays as it was.
   */
  reload(use: (tls: ServedTls) => void, material: ListenerMaterial = this.#material): boolean {
    const read = this.check(material);
    const news = this.#newsOf(read);
    use(read);
    this.current = read;
    this.#material = material;
    this.#rewatch?.();
    if (news.length > 0) this.#logger.log("info", "certificates_reloaded", `Took new certificates: ${news.join("; ")}`);
    this.#warnOfDates();
    return news.length > 0;
  }

  /** Reads the certificates again, or others, and takes nothing. @throws NodeError when they cannot be used. */
  check(material: ListenerMaterial = this.#material): ServedTls {
    if ((material.ca === undefined) !== (this.#material.ca === undefined)) {
      const how = material.ca === undefined ? "given as at the start, received none" : "left out as at the start";
      throw new NodeError("TLS_INVALID", `Cannot use certificates: tls.ca must be ${how}`);
    }
    return readServed(material);
  }

  /** What `read` has in place of what is in use, at `path`. */
  differences(read: ServedTls, path: readonly string[]): CertificateChange[] {
    return changesOf(this.current, read).map(({ field, was, is }) => {
      return { path: [...path, ...field.split(" ")], before: was && summary(was), after: is && summary(is) };
    });
  }

  /** What is new in `read`, for the log. */
  #newsOf(read: ServedTls): readonly string[] {
    return changesOf(this.current, read).map(({ field, is }) => {
      const [part, name] = field.split(" ");
      const what = part === "names" ? `for ${name}: ` : part === "authorities" ? "authorities: " : "";
      return `${what}${is === undefined ? "none of its own any more" : describe(is)}`;
    });
  }

  /** Looks at the files every `intervalMs` and reloads them when they have changed. Returns what ends that. */
  watch(intervalMs: number, use: (tls: ServedTls) => void): () => void {
    if (!Number.isInteger(intervalMs) || intervalMs < 1) {
      throw new NodeError("TLS_INVALID", `Cannot use TLS: tls.watchMs must be 1 or more, received ${intervalMs}`);
    }
    const onChange = (): void => {
      try {
        this.reload(use);
      } catch (error) {
        this.#logger.log("error", "certificates_kept", `Kept the old certificates. ${firstLine(error)}`);
      }
    };
    const begin = (): (() => void) => {
      const parts = this.#parts().filter(({ path }) => !isPemText(path));
      const texts = parts.map(({ text }) => text);
      const paths = parts.map(({ path }) => path);
      return watchFiles(paths, { intervalMs, texts, onChange });
    };
    let end = begin();
    this.#rewatch = () => {
      end();
      end = begin();
    };
    return () => {
      this.#rewatch = undefined;
      end();
    };
  }

  /** What was given, and the text of it that is in use. */
  #parts(): { readonly path: string; readonly text: string }[] {
    const own = (["cert", "key", "ca"] as const).flatMap((part) => {
      const path = this.#material[part];
      return path === undefined ? [] : [{ path, text: String(this.current[part]) }];
    });
    const named = this.current.names?.all.flatMap(({ material, cert, key }) => [
      { path: material.cert, text: cert },
      { path: material.key, text: key },
    ]);
    return [...own, ...(named ?? [])];
  }

  #warnOfDates(): void {
    const { cert, ca, names } = this.current;
    const texts = { cert: String(cert), ca: ca === undefined ? undefined : String(ca) };
    warnOfDates(this.#material, texts, this.#logger);
    for (const { material, cert } of names?.all ?? []) warnOfDates(material, { cert }, this.#logger);
  }
}

/**
 * Reads certificates as a listener would, and takes nothing.
 *
 * @throws NodeError `FILE_UNREADABLE` or `TLS_INVALID` when they cannot be used.
 */
export function checkCertificates(material: ListenerTls): void {
  checkClientCertificate(material);
  readServed(material);
}

function readServed({ names, ...material }: ListenerMaterial): ServedTls {
  const own = readServerTls(material);
  return names === undefined ? own : { ...own, names: readServerNames(names, material) };
}

interface FieldChange {
  readonly field: string;
  readonly was: string | undefined;
  readonly is: string | undefined;
}

/** The fields whose PEM texts differ, those that are there now first. */
function changesOf(before: ServedTls, after: ServedTls): FieldChange[] {
  const [had, has] = [shownBy(before), shownBy(after)];
  const fields = new Set([...has.keys(), ...had.keys()]);
  return [...fields]
    .map((field) => ({ field, was: had.get(field), is: has.get(field) }))
    .filter(({ was, is }) => was !== is);
}

/** The PEM texts of certificates by their fields, the parts of which are apart by spaces: no name has one. */
function shownBy({ cert, ca, names }: ServedTls): ReadonlyMap<string, string> {
  const named = names?.all.map(({ name, cert }): [string, string] => [`names ${name} certificate`, cert]) ?? [];
  const authorities: [string, string][] = ca === undefined ? [] : [["authorities", String(ca)]];
  return new Map([["certificate", String(cert)], ...authorities, ...named]);
}

/** As `describe`, with what matters first. */
function summary(pem: string): string {
  const certificate = new X509Certificate(pem);
  return `valid to ${certificate.validTo}, ${namesOf(certificate)}`;
}

/** Its names, and when it ends. */
function describe(pem: string): string {
  const certificate = new X509Certificate(pem);
  return `${namesOf(certificate)}, valid to ${certificate.validTo}`;
}

function checkClientCertificate({ ca, clientCertificate }: ListenerTls): void {
  if (clientCertificate === undefined) return;
  if (clientCertificate !== "require" && clientCertificate !== "request") {
    const received = JSON.stringify(clientCertificate);
    throw new NodeError(
      "TLS_INVALID",
      `Cannot use TLS: tls.clientCertificate must be require or request, received ${received}`,
    );
  }
  if (ca !== undefined) return;
  throw new NodeError("TLS_INVALID", "Cannot use TLS: tls.ca must be given with tls.clientCertificate, received none");
}
