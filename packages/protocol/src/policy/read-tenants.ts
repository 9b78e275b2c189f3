// SPDX-License-Identifier: Apache-2.0

import { TenantSourceSchema, type Tenants, TenantsSchema } from "../gen/grpcrouter/config/v1/policy_config_pb.js";
import { MAX_TENANTS } from "../limits.js";
import type { ConfigFault, ConfigPath } from "./config-fault.js";
import { isFacts, show } from "./fact-rule.js";
import { FactPlace } from "./policy-fault.js";
import { checkMetadataName } from "./policy-rules.js";
import { pathInJson, readOptions } from "./read-options.js";
import { isTold } from "./read-policy-part.js";
import type { TenantSourceFacts, TenantsFacts } from "./tenant-facts.js";

const { identifiedBy, list } = TenantsSchema.field;

/** What {@link readTenants} answers. */
export interface ReadTenants {
  readonly message: Tenants;
  /** What is right of it. */
  readonly facts: TenantsFacts;
}

/** Reads `tenants` of a configuration, which stands at `path`. */
export function readTenants(json: unknown, path: ConfigPath, faults: ConfigFault[]): ReadTenants {
  const read = readOptions(TenantsSchema, json, path);
  faults.push(...read.faults);
  const { message } = read;
  const told = read.faults.map((fault) => fault.path);
  const refuse = (inner: ConfigPath, reason: string): void => {
    const fault = { path: [...path, ...inner], reason };
    if (isFacts(json) && !isTold(fault.path, told)) faults.push(fault);
  };
  const source = readSource(message, json, refuse);
  const listed = pathInJson(json, [list]);
  if (message.list.length > MAX_TENANTS) {
    refuse(listed, `it must have at most ${MAX_TENANTS} tenants, received ${message.list.length}`);
  }
  const ids = new Map<string, number>();
  for (const [index, { id }] of message.list.entries()) {
    const before = ids.get(id);
    if (id === "") refuse([...listed, index, "id"], 'id must not be empty, received ""');
    else if (before === undefined) ids.set(id, index);
    else refuse([...listed, index, "id"], `id must be given once, received ${show(id)} as in list[${before}]`);
  }
  const tenants = message.list.filter(({ id }, index) => ids.get(id) === index);
  return { message, facts: { identifiedBy: source, list: tenants.map(({ id, labels }) => ({ id, labels })) } };
}

function readSource(
  { identifiedBy: said }: Tenants,
  json: unknown,
  refuse: (path: ConfigPath, reason: string) => void,
): TenantSourceFacts {
  const { metadata, clientCertificate } = TenantSourceSchema.field;
  const source = said?.source;
  switch (source?.case) {
    case "metadata": {
      const place = new FactPlace([], [], "metadata");
      checkMetadataName(source.value, place);
      for (const { reason } of place.faults) refuse(pathInJson(json, [identifiedBy, metadata]), reason);
      return { metadata: source.value };
    }
    case "clientCertificate":
      if (!source.value) {
        const path = pathInJson(json, [identifiedBy, clientCertificate]);
        refuse(path, `${path.at(-1)} must be true or absent, received false`);
      }
      return { clientCertificate: true };
    default:
      refuse(
        pathInJson(json, [identifiedBy]),
        "it must name metadata or client_certificate, by which tenants are known",
      );
      return { clientCertificate: true };
  }
}
