// SPDX-License-Identifier: Apache-2.0
import { checkBridge } from "../model/bridge-channel.ts";
import { ByteSource } from "../model/byte-source.ts";
import { checkRegistration, RouterChannel } from "../model/router-channel.ts";

/**
 * The ends of a registration channel, by the first octet: the router that an instance talks to, after its hello or from the
 * first octet on, or the bridge that a router talks to.
 */
export function fuzz(input: Uint8Array): void | Promise<void> {
  const source = new ByteSource(input);
  switch (source.octet() % 8) {
    case 1:
    case 2:
      return new RouterChannel(source).run(source);
    case 3:
      return checkRegistration(source);
    default:
      return checkBridge(source);
  }
}
