// SPDX-License-Identifier: Apache-2.0
import { gzipSync } from "node:zlib";
import { joinBytes, RawType, rawData } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { Path, payloadField, requestHeaders } from "../raw/orders.ts";
import { isOk } from "../raw/raw-client.ts";

const mib = 1024 * 1024;
const resourceExhausted = 8;
/** Octets by which the target's memory may rise: nothing near what the prefix or the zip promise. */
const mostRise = 16 * mib;
const proxyReason = "a proxy does not read gRPC messages";

/**
 * Length bomb and zip bomb: a prefix that promises 4 GiB with one octet behind it, and a message of zeros that gzip makes a
 * thousandth of. The prefix is judged before anything is kept; the router never inflates, the instance only up to its limit.
 */
export const attack = defineAttack<{ calls: number; zippedBytes: number }>({
  id: "A24",
  name: "Message bombs",
  cves: ["CVE-2024-37168"],
  sizes: { quick: { calls: 20, zippedBytes: 10 * mib }, full: { calls: 1_000, zippedBytes: 10 * mib } },
  // Again and again it would be the inflating at the instance, next to the victim, that is measured.
  repeats: false,
  unfit: { "node-http2": "messages are the matter of the program on top", haproxy: proxyReason, envoy: proxyReason },
  async run(context, { calls, zippedBytes }) {
    const before = context.residentBytes();
    const lengthBomb = joinBytes([0, 0xff, 0xff, 0xff, 0xff], [0]);
    const connection = await context.open();
    for (let index = 0; index < calls; index++) {
      const id = 2 * index + 1;
      connection.send(joinBytes(requestHeaders(id, Path.collect), rawData(id, lengthBomb)));
    }
    // Refused on the prefix: the request is still open, and so is the connection.
    const refused = () => Math.max(connection.count(RawType.headers), connection.resets.size);
    await connection.until(() => refused() >= calls, 3_000);
    context.check("a prefix of 4 GiB is refused at once", refused() >= calls, refused());
    const zipped = gzipSync(payloadField(5, zippedBytes));
    const client = await context.client();
    const fields = [["grpc-encoding", "gzip"]] as const;
    const zips = await client.calls(calls, 5, {
      path: Path.run,
      fields,
      messages: [zipped],
      flags: 1,
      cancelAfterMs: 5_000,
    });
    const wrong = zips.find(({ status }) => status !== resourceExhausted);
    context.check(
      "a message that inflates beyond the limit ends RESOURCE_EXHAUSTED",
      wrong === undefined,
      wrong?.status,
    );
    const rise = context.residentBytes() - before;
    context.check("the memory hardly rises", rise <= mostRise, `${(rise / mib).toFixed(1)} MiB`);
    const { began } = await context.instance();
    return `${calls} prefixes of 4 GiB refused; ${zippedBytes / mib} MiB in ${zipped.length} octets: status ${zips[0]?.status}, ran ${began}; +${(rise / mib).toFixed(1)} MiB`;
  },
  async counter(context) {
    const client = await context.client();
    const fields = [["grpc-encoding", "gzip"]] as const;
    const zipped = gzipSync(payloadField(5, 3 * mib));
    const plain = await client.calls(5, 5, { path: Path.run, messages: [payloadField(5, 16_000)] });
    const results = await client.calls(5, 5, { path: Path.run, fields, messages: [zipped], flags: 1 });
    const good = [...plain, ...results].filter(isOk).length;
    context.check("messages below the limit pass, compressed or not", good === 10, good);
    return `${good} of 10 messages of 16 KB, or of 3 MiB compressed, answered`;
  },
});
