// SPDX-License-Identifier: Apache-2.0

import { X509Certificate } from "node:crypto";
import type { SecureContextOptions } from "node:tls";
import type { Logger } from "@grpc-router/protocol";
import { firstLine, NodeError } from "../node-error.js";
import { namesOf, warnOfDates } from "../tls/judge-dates.js";
import type { ClientCertificate } from "../tls/tls-acceptor.js";
import { isPemText, readServerTls, type TlsMaterial } from "../tls/tls-material.js";
import { watchFiles } from "../tls/watch-files.js";

/** Certificates, and what is asked of peers. */
export interface ListenerTls extends TlsMaterial {
  /** Default `require`, if there is `ca`. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

/** The certificates of a listener, through their renewals. */
export class Certificates {
  /** What is in use, read and checked. */
  current: SecureContextOptions;
  readonly #logger: Logger;
  #material: TlsMaterial;

  /** @throws NodeError for certificates that cannot be used. */
  constructor(material: ListenerTls, logger: Logger) {
    checkClientCertificate(material);
    this.#material = material;
    this.#logger = logger;
    this.current = readServerTls(material);
    warnOfDates(material, this.#texts, logger);
  }

  /**
   * Reads the certificates again, or takes others, and gives them to `use`.
   *
   * @throws NodeError when they cannot be used; then all stays as it was.
   */
  reload(use: (tls: SecureContextOptions) => void, material: TlsMaterial = this.#material): void {
    const read = this.check(material);
    use(read);
    this.current = read;
    this.#material = material;
    const own = new X509Certificate(String(this.current.cert));
    this.#logger.log(
      "info",
      "certificates_reloaded",
      `Took new certificates: ${namesOf(own)}, valid to ${own.validTo}`,
    );
    warnOfDates(material, this.#texts, this.#logger);
  }

  /** Reads the certificates again, or others, and takes nothing. @throws NodeError when they cannot be used. */
  check(material: TlsMaterial = this.#material): SecureContextOptions {
    if ((material.ca === undefined) !== (this.#material.ca === undefined)) {
      const how = material.ca === undefined ? "given as at the start, received none" : "left out as at the start";
      throw new NodeError("TLS_INVALID", `Cannot use certificates: tls.ca must be ${how}`);
    }
    return readServerTls(material);
  }

  /** Looks at the files every `intervalMs` and reloads them when they have changed. Returns what ends that. */
  watch(intervalMs: number, use: (tls: SecureContextOptions) => void): () => void {
    if (!Number.isInteger(intervalMs) || intervalMs < 1) {
      throw new NodeError("TLS_INVALID", `Cannot use TLS: tls.watchMs must be 1 or more, received ${intervalMs}`);
    }
    const parts = (["cert", "key", "ca"] as const).flatMap((name) => {
      const path = this.#material[name];
      return path === undefined || isPemText(path) ? [] : [{ path, text: String(this.current[name]) }];
    });
    const onChange = (): void => {
      try {
        this.reload(use);
      } catch (error) {
        this.#logger.log("error", "certificates_kept", `Kept the old certificates. ${firstLine(error)}`);
      }
    };
    const texts = parts.map(({ text }) => text);
    const paths = parts.map(({ path }) => path);
    return watchFiles(paths, { intervalMs, texts, onChange });
  }

  /** What is in use, as text. */
  get #texts(): TlsMaterial {
    const { cert, ca } = this.current;
    return { cert: String(cert), ca: ca === undefined ? undefined : String(ca) };
  }
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
