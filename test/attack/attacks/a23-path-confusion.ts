// SPDX-License-Identifier: Apache-2.0
import { joinBytes, rawData, rawMessage } from "@grpc-router/testing/raw-http2";
import { defineAttack } from "../attack.ts";
import { Path, requestHeaders } from "../raw/orders.ts";

const unimplemented = 12;

/** Ways to write a path that somebody between the client and the method may take for `/pkg.Service/Method`. */
const forms: readonly ((path: string) => string)[] = [
  (path) => path.slice(1),
  (path) => `/${path}`,
  (path) => `//${path}`,
  (path) => `${path}/`,
  (path) => `${path}//`,
  (path) => `/.${path}`,
  (path) => `/..${path}`,
  (path) => path.replace(/\/(\w+)$/, "/./$1"),
  (path) => path.replace(/\/(\w+)$/, "/x/../$1"),
  (path) => path.replace(/\/(\w+)$/, "//$1"),
  (path) => path.replace(/\/(\w+)$/, "%2f$1"),
  (path) => path.replace(/\/(\w+)$/, "%2F$1"),
  (path) => path.replace(/\/(\w+)$/, "\\$1"),
  (path) => path.replace("/", "%2F"),
  (path) => path.replace("R", "%52"),
  (path) => path.replace("faults", "%66aults"),
  (path) => `${path}%00`,
  (path) => `${path}%20`,
  (path) => `${path} `,
  (path) => ` ${path}`,
  (path) => `${path}?x=1`,
  (path) => `${path}?`,
  (path) => `${path}#x`,
  (path) => `${path};x=1`,
  (path) => path.toLowerCase(),
  (path) => path.toUpperCase(),
  (path) => path.replace("Run", "run"),
  (path) => path.replace("faults.v1.", ""),
  (path) => path.replace(".v1.", ".v1"),
  (path) => path.replace("faults.v1.", "faults/v1/"),
  (path) => `http://router.test${path}`,
  (path) => `${path}.`,
  (path) => `${path}\t`,
  (path) => `${path}\u00e9`,
];

/**
 * Path confusion: forms of a path that one parser takes for the method and another does not, so that a rule which denies
 * the method is walked around. Here one parser feeds routing and rules, and only the exact form is a method: if none of the
 * others reaches the instance, none gets past a rule.
 */
export const attack = defineAttack<{ rounds: number }>({
  id: "A23",
  name: "Path confusion",
  cves: ["CVE-2026-33186"],
  sizes: { quick: { rounds: 1 }, full: { rounds: 100 } },
  repeats: false,
  async run(context, { rounds }) {
    const { began } = await context.instance();
    let refused = 0;
    const passed: string[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const form of forms) {
        const path = form(Path.run);
        const before = (await context.instance()).began;
        // A connection each: what is malformed may end it.
        const client = await context.client();
        const { status, how } = await client.call({ path, cancelAfterMs: 1_000 });
        client.close();
        const ran = (await context.instance()).began > before;
        if (ran) passed.push(path);
        const holds = !ran && (status === unimplemented || how === "reset");
        context.check(`${JSON.stringify(path)} is not the method`, holds, ran ? "ran" : status);
        if (holds) refused++;
      }
    }
    const ran = (await context.instance()).began - began;
    context.check("nothing reaches the instance", ran === 0, ran);
    return `${refused} of ${rounds * forms.length} forms refused${passed.length === 0 ? "" : `; ran: ${passed.join(" ")}`}`;
  },
  async counter(context) {
    const connection = await context.open();
    connection.send(joinBytes(requestHeaders(1, Path.run), rawData(1, rawMessage([]), true)));
    const ran = await context.until(async () => (await context.instance()).began === 1, 2_000);
    context.check("the exact form is the method", ran);
    return "the exact form runs";
  },
});
