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

/** The certificates of a listener, through their renewals. */
export class Certificates {
  /** What is in use, read and checked. */
  current: ServedTls;
  readonly #logger: Logger;
  #material: ListenerMaterial;
  /** Looks at other files from now on. */
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
   * Reads the certificates again, or takes others, and gives them to `use`.
   *
   * @throws NodeError when they cannot be used; then all stays as it was.
   */
  reload(use: (tls: ServedTls) => void, material: ListenerMaterial = this.#material): void {
    const read = this.check(material);
    use(read);
    this.current = read;
    if (material !== this.#material) {
      this.#material = material;
      this.#rewatch?.();
    }
    const named = this.current.names?.all.map(({ name, cert }) => `; for ${name}: ${describe(cert)}`) ?? [];
    const message = `Took new certificates: ${describe(String(read.cert))}${named.join("")}`;
    this.#logger.log("info", "certificates_reloaded", message);
    this.#warnOfDates();
  }

  /** Reads the certificates again, or others, and takes nothing. @throws NodeError when they cannot be used. */
  check(material: ListenerMaterial = this.#material): ServedTls {
    if ((material.ca === undefined) !== (this.#material.ca === undefined)) {
      const how = material.ca === undefined ? "given as at the start, received none" : "left out as at the start";
      throw new NodeError("TLS_INVALID", `Cannot use certificates: tls.ca must be ${how}`);
    }
    return readServed(material);
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

function readServed({ names, ...material }: ListenerMaterial): ServedTls {
  const own = readServerTls(material);
  return names === undefined ? own : { ...own, names: readServerNames(names, material) };
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
