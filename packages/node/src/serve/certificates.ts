// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import type { Logger } from "@grpc-router/protocol";
import type { CertificateSource, TlsListenerName } from "../metrics/certificate-book.js";
import { firstLine, NodeError } from "../node-error.js";
import { namesOf, warnOfDates } from "../tls/judge-dates.js";
import { readServerNames, type ServedTls } from "../tls/server-names.js";
import { isPemText, readServerTls } from "../tls/tls-material.js";
import { watchFiles } from "../tls/watch-files.js";
import type { CertificateFiles, ServeTls } from "./serve-options.js";

/** Certificates that are others now, by the field of a configuration. */
export interface CertificateChange {
  /** `listeners.client.tls.certificate`, `…authorities` or `…names.NAME.certificate`. */
  readonly path: readonly string[];
  /** When it ends, and its names; undefined: there was none. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Certificates that were read and can be used, and are not in use yet. */
export interface PreparedCertificates {
  /** What they have in place of what was in use when they were read. */
  readonly differences: readonly CertificateChange[];
  /** Uses them for connections to come, as they were read. Answers whether any is new; the log says which. */
  take(): boolean;
}

/** Certificates of a listener that can take the place of those in use. */
export interface RenewableCertificates<Files = CertificateFiles> {
  /** Reads them again, or `files` in their place, and takes nothing. @throws NodeError when they cannot be used. */
  prepare(files?: Files): PreparedCertificates;
}

/** Whose certificates they are, and who is told of them. */
export interface CertificatesOptions {
  readonly listener: TlsListenerName;
  readonly logger: Logger;
}

/** The certificates of a listener, through their renewals. */
export class Certificates implements RenewableCertificates, CertificateSource {
  readonly #options: CertificatesOptions;
  readonly #watchMs: number | undefined;
  /** What the log says behind `certificates`. */
  readonly #whose: string;
  #files: CertificateFiles;
  // Not in the open: it has the key, and a server that is printed shows what it has.
  #current: ServedTls;
  #use: (tls: ServedTls) => void = () => {};
  /** Looks from now on for what differs from what is in use, maybe in other files. */
  #rewatch: (() => void) | undefined;

  /** @throws NodeError for certificates that cannot be used. */
  constructor(tls: ServeTls, options: CertificatesOptions) {
    validateTls(tls);
    this.#options = options;
    this.#watchMs = tls.watchMs;
    this.#whose = options.listener === "admin" ? " of the admin API" : "";
    this.#files = tls;
    this.#current = readServed(tls);
    this.#warnOfDates();
  }

  /** What is in use, read and checked. */
  get current(): ServedTls {
    return this.#current;
  }

  prepare(files: CertificateFiles = this.#files): PreparedCertificates {
    if ((files.ca === undefined) !== (this.#files.ca === undefined)) {
      const how = files.ca === undefined ? "given as at the start, received none" : "left out as at the start";
      throw new NodeError("TLS_INVALID", `Cannot use certificates: tls.ca must be ${how}`);
    }
    const read = readServed(files);
    return { differences: this.#differences(read), take: () => this.#take(read, files) };
  }

  /**
   * Gives what is taken from now on to `use`, and looks at the files every `watchMs`, if that was said, to take what has
   * changed. Returns what ends the looking.
   */
  follow(use: (tls: ServedTls) => void): () => void {
    this.#use = use;
    const intervalMs = this.#watchMs;
    if (intervalMs === undefined) return () => {};
    const begin = (): (() => void) => {
      const parts = this.#parts().filter(({ path }) => !isPemText(path));
      const texts = parts.map(({ text }) => text);
      const paths = parts.map(({ path }) => path);
      return watchFiles(paths, { intervalMs, texts, onChange: () => this.#renew() });
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

  #renew(): void {
    const { logger } = this.#options;
    try {
      this.prepare().take();
    } catch (error) {
      logger.log("error", "certificates_kept", `Kept the old certificates${this.#whose}. ${firstLine(error)}`);
    }
  }

  #take(read: ServedTls, files: CertificateFiles): boolean {
    const news = this.#newsOf(read);
    this.#use(read);
    this.#current = read;
    this.#files = files;
    this.#rewatch?.();
    if (news.length > 0) {
      const message = `Took new certificates${this.#whose}: ${news.join("; ")}`;
      this.#options.logger.log("info", "certificates_reloaded", message);
    }
    this.#warnOfDates();
    return news.length > 0;
  }

  #differences(read: ServedTls): CertificateChange[] {
    const tls = ["listeners", this.#options.listener, "tls"];
    return changesOf(this.#current, read).map(({ field, was, is }) => {
      return { path: [...tls, ...field.split(" ")], before: was && summary(was), after: is && summary(is) };
    });
  }

  /** What is new in `read`, for the log. */
  #newsOf(read: ServedTls): readonly string[] {
    return changesOf(this.#current, read).map(({ field, is }) => {
      const [part, name] = field.split(" ");
      const what = part === "names" ? `for ${name}: ` : part === "authorities" ? "authorities: " : "";
      return `${what}${is === undefined ? "none of its own any more" : describe(is)}`;
    });
  }

  /** What was given, and the text of it that is in use. */
  #parts(): { readonly path: string; readonly text: string }[] {
    const own = (["cert", "key", "ca"] as const).flatMap((part) => {
      const path = this.#files[part];
      return path === undefined ? [] : [{ path, text: String(this.#current[part]) }];
    });
    const named = this.#current.names?.all.flatMap(({ material, cert, key }) => [
      { path: material.cert, text: cert },
      { path: material.key, text: key },
    ]);
    return [...own, ...(named ?? [])];
  }

  #warnOfDates(): void {
    const { logger } = this.#options;
    const { cert, ca, names } = this.#current;
    const texts = { cert: String(cert), ca: ca === undefined ? undefined : String(ca) };
    warnOfDates(this.#files, texts, logger);
    for (const { material, cert } of names?.all ?? []) warnOfDates(material, { cert }, logger);
  }
}

/** Those of several listeners as one: whoever takes them takes all. */
export function joinPrepared(parts: readonly PreparedCertificates[]): PreparedCertificates {
  return {
    differences: parts.flatMap(({ differences }) => differences),
    take: () => parts.map((part) => part.take()).includes(true),
  };
}

/**
 * Reads certificates as a listener would, and takes nothing.
 *
 * @throws NodeError `FILE_UNREADABLE` or `TLS_INVALID` when they cannot be used.
 */
export function checkCertificates(tls: ServeTls): void {
  validateTls(tls);
  readServed(tls);
}

function readServed({ cert, key, ca, names }: CertificateFiles): ServedTls {
  const own = readServerTls({ cert, key, ca });
  return names === undefined ? own : { ...own, names: readServerNames(names, { ca }) };
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

function validateTls({ ca, clientCertificate, watchMs }: ServeTls): void {
  if (watchMs !== undefined && (!Number.isInteger(watchMs) || watchMs < 1)) {
    throw new NodeError("TLS_INVALID", `Cannot use TLS: tls.watchMs must be 1 or more, received ${watchMs}`);
  }
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
