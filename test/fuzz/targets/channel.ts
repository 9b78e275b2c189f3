// SPDX-License-Identifier: Apache-2.0
import { checkBridge } from "../model/bridge-channel.ts";
import { ByteSource } from "../model/byte-source.ts";
import { checkFrame, checkSplitter } from "../model/channel-codec.ts";
import { checkRegistration, RouterChannel } from "../model/router-channel.ts";

/**
 * What travels on a registration channel. The first octet says which part is looked at: frames as octets (most), a stream of
 * messages, the router that an instance talks to, before and after its hello, or the bridge that a router talks to.
 */
export function fuzz(input: Uint8Array): void | Promise<void> {
  const source = new ByteSource(input);
  switch (source.octet() % 8) {
    case 0:
      return checkSplitter(source);
    case 1:
    case 2:
      return new RouterChannel(source).run(source);
    case 3:
      return checkRegistration(source);
    case 4:
    case 5:
      return checkBridge(source);
    default:
      return checkFrame(source.rest());
  }
}
