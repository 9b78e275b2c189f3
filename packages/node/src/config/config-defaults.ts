// SPDX-License-Identifier: Apache-2.0

import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type RouterConfig, RouterConfigSchema } from "../gen/grpcrouter/config/v1/router_config_pb.js";
import { commentOf, defaultOf, writtenFields, writtenValues } from "./config-fields.js";

/** Where the default differs by the place of a message. */
const defaultsByPath: Readonly<Record<string, string>> = {
  "listeners.client.address": "127.0.0.1:8080",
};

/** What is written down although nothing is said by default, and is left out of a router that runs on defaults. */
const examples: Readonly<Record<string, string>> = {
  "listeners.registration.address": "10.0.0.1:8090",
  certificate: "cert.pem",
  key: "key.pem",
  authorities: "ca.pem",
  watch_interval: "60s",
  max_idle: "3600s",
  max_age: "3600s",
  max_age_grace: "60s",
  grown_window_bytes: "4194304",
  modules: "[./gen/acme/user/v1/user_router.js]",
  service_config: "service-config.json",
  descriptor_sets: "[image.binpb]",
  descriptor_folders: "[/etc/grpc-router/descriptors]",
  "services.names": '["acme.**"]',
  "listeners.client.tls.names": "{ users.example: { certificate: cert.pem, key: key.pem } }",
  "listeners.registration.tls.names": "{ users.example: { certificate: cert.pem, key: key.pem } }",
  learn: '["acme.**"]',
  instance_labels: "[version]",
  otlp_endpoint: "http://localhost:4318",
  "observability.access_log.file": "access.log",
  "observability.access_log.fields": "[time, method, status]",
  "observability.access_log.metadata": "[user-agent]",
  "observability.log.modules": "{ registry: DEBUG }",
  credentials: '[{ name: users, services: ["acme.user.*"], tokens: [{ file: users.token }] }]',
  token_file: "instances.token",
  routers: '["http://10.0.0.2:8080"]',
  zone: "eu-1a",
  region: "eu-1",
  process_bytes: "1073741824",
  include: "[base.yaml]",
};

/** Their content is said by service; what there is to say is described where policies are. */
const whole: ReadonlySet<keyof RouterConfig> = new Set(["policies"]);

const width = 110;

/**
 * A file of YAML with every field, its words and its default. What has no default stands there as a comment, so the file
 * says what an empty one says.
 */
export function createConfigDefaults(): string {
  const lines = [
    "# Every field of the configuration with its default; what is commented out has none.",
    ...linesOf(RouterConfigSchema, { path: [], indent: "", commented: false }),
  ];
  return `${lines.join("\n")}\n`;
}

interface Place {
  readonly path: readonly string[];
  readonly indent: string;
  /** Something around it is not said by default. */
  readonly commented: boolean;
}

function linesOf(desc: DescMessage, place: Place): string[] {
  const gap = place.path.length === 0 ? [""] : [];
  return writtenFields(desc).flatMap((field) => [...gap, ...fieldLines(field, place)]);
}

function fieldLines(field: DescField, place: Place): string[] {
  const path = [...place.path, field.name];
  const value = writtenDefault(field, path);
  const isMessage = field.fieldKind === "message" && !field.message.typeName.startsWith("google.protobuf.");
  if (isMessage && place.path.length === 0 && whole.has(field.localName as keyof RouterConfig)) {
    return [...commentLines(field, place.indent), `${place.indent}${field.name}: {}`];
  }
  if (!isMessage) {
    const isSaid = value !== undefined && !place.commented;
    const shown = `${field.name}: ${value ?? exampleOf(field, path)}`;
    return [...commentLines(field, place.indent), isSaid ? `${place.indent}${shown}` : `${place.indent}# ${shown}`];
  }
  const commented = place.commented || !hasDefaults(field.message, path);
  const head = commented ? `${place.indent}# ${field.name}:` : `${place.indent}${field.name}:`;
  const inner = linesOf(field.message, { path, indent: `${place.indent}  `, commented });
  return [...commentLines(field, place.indent), head, ...inner];
}

/** Something in the message has a default; one without any would be there without saying anything. */
function hasDefaults(desc: DescMessage, path: readonly string[]): boolean {
  if (["registration", "access_log"].includes(path.at(-1) ?? "")) return false; // to say it is to have one
  return desc.fields.some((field) => {
    const inner = [...path, field.name];
    if (field.fieldKind !== "message" || field.message.typeName.startsWith("google.protobuf.")) {
      return writtenDefault(field, inner) !== undefined;
    }
    return hasDefaults(field.message, inner);
  });
}

function writtenDefault(field: DescField, path: readonly string[]): string | undefined {
  const at = path.join(".");
  // Certificates have no defaults; what goes with them counts only where they are.
  if (path.includes("tls")) return undefined;
  return defaultsByPath[at] ?? defaultOf(field);
}

function exampleOf(field: DescField, path: readonly string[]): string {
  const said = examples[path.join(".")] ?? examples[field.name];
  if (said !== undefined) return said;
  return field.fieldKind === "enum"
    ? (defaultOf(field) ?? writtenValues(field.enum)[0] ?? "")
    : (defaultOf(field) ?? '""');
}

function commentLines(field: DescField, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of commentOf(`${field.parent.typeName}.${field.name}`).split(" ")) {
    if (line.length + word.length >= width) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
