// SPDX-License-Identifier: Apache-2.0
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form of variables

import { describe, expect, it } from "vitest";
import { AdminService } from "../gen/grpcrouter/admin/v1/admin_pb.js";
import { createConfigBed } from "./config-bed.suite.js";
import { formatMistake } from "./config-mistake.js";
import { refuseMistakes } from "./load-config.js";

const { folder, write, load, mistakesOf } = createConfigBed();
const token = "0123456789abcdef-secret";

describe("loadConfig()", () => {
  it("takes an empty file for all defaults", () => {
    const config = load([write("empty.yaml", "# nothing\n")]);
    expect(config.mistakes).toEqual([]);
    expect(config.settings).toMatchObject({ client: {}, registration: undefined, modules: [], graceMs: undefined });
    expect(config.credentials).toBeUndefined();
  });

  it("tells every mistake with its place, in the order of the file", () => {
    const lines = mistakesOf(`listeners:
  client:
    address: 0.0.0.0:80800
    tls: { key: x.pem, client_certificate: request }
conections: {}
calls: { max_open_calls: 0, hold_lost: 3s, max_waiting_calls: "7" }
drain: { grace: 5 }
observability: { log: { level: loud } }
instances:
  token_file: instances.token
  routers: [ftp://x, ftp://x]
  credentials:
    - name: a b
      services: []
      tokens: [{}, { sha256: zz }]
memory: 5
`);
    expect(lines).toEqual([
      'router.yaml:3:5: listeners.client.address: it must be a valid host (hostname or IP address) and port pair, received "0.0.0.0:80800"',
      "router.yaml:4:5: listeners.client.tls: client_certificate needs authorities, by which certificates are judged",
      "router.yaml:4:5: listeners.client.tls: certificate and key must be given together",
      'router.yaml:5:1: conections: there is no field "conections"; did you mean "connections"?',
      "router.yaml:6:10: calls.max_open_calls: it must be greater than or equal to 1 and less than or equal to 2147483647, received 0",
      'router.yaml:6:29: calls.hold_lost: it must be greater than or equal to 0s and less than or equal to 1s, received "3s"',
      'router.yaml:6:44: calls.max_waiting_calls: it must be a whole number of 0 to 4294967295, received "7"',
      'router.yaml:7:10: drain.grace: it must be a duration in seconds, such as "0.25s", received 5',
      'router.yaml:8:25: observability.log.level: it must be one of DEBUG, INFO, WARN, ERROR, SILENT, received "loud"',
      "router.yaml:9:1: instances: credentials and token_file exclude each other; one of the two must go",
      "router.yaml:11:3: instances.routers: it must contain unique items, received a list",
      'router.yaml:11:13: instances.routers[0]: it does not match regex pattern `^https?://[^/]+/?$`, received "ftp://x"',
      'router.yaml:11:22: instances.routers[1]: it does not match regex pattern `^https?://[^/]+/?$`, received "ftp://x"',
      'router.yaml:13:7: instances.credentials[0].name: it does not match regex pattern `^[A-Za-z0-9._:/-]{1,128}$`, received "a b"',
      "router.yaml:14:7: instances.credentials[0].services: it must contain at least 1 item(s), received a list",
      "router.yaml:15:16: instances.credentials[0].tokens[0]: it must have one of file, env, sha256, received none",
      'router.yaml:15:22: instances.credentials[0].tokens[1].sha256: it does not match regex pattern `^[0-9a-fA-F]{64}$`, received "zz"',
      "router.yaml:16:1: memory: it must have fields, such as {}, received 5",
    ]);
  });

  it.each([
    [
      "listeners of one address",
      "listeners: { client: { address: 'a:1' }, admin: { address: 'a:1' } }",
      "1:1: listeners: client, registration and admin must have addresses of their own",
    ],
    [
      "a registration listener without an address",
      "listeners:\n  registration: { limits: {} }",
      "1:1: listeners: registration must have an address, or not be there",
    ],
    [
      "a certificate for what is no name",
      "listeners: { client: { tls: { certificate: a, key: b, names: { 'a b': { certificate: a, key: b } } } } }",
      "1:24: listeners.client.tls: names must be such as users.example or *.example",
    ],
    [
      "a name's certificate without its key",
      "listeners: { client: { tls: { certificate: a, key: b, names: { a.example: { certificate: a } } } } }",
      '1:64: listeners.client.tls.names["a.example"]: certificate and key must be given together',
    ],
    [
      "certificates without names",
      "listeners: { client: { tls: { certificate: a, key: b, names: [a] } } }",
      "1:55: listeners.client.tls.names: it must be names with what they have, received a list",
    ],
    [
      "more connections of one address than of all",
      "listeners: { client: { limits: { connections: 5, connections_per_address: 6 } } }",
      "1:24: listeners.client.limits: connections_per_address must be at most connections",
    ],
    [
      "more metadata than memory",
      "connections: { memory_bytes: 5, header_bytes: 6 }",
      "1:1: connections: header_bytes must be at most memory_bytes, of which it is a part",
    ],
    [
      "a level of a module that there is not",
      "observability: { log: { modules: { clals: DEBUG } } }",
      '1:36: observability.log.modules.clals: the module must be one of registry, policy, calls, connections, tls, memory, config, operator, router, received "clals"',
    ],
    [
      "a credential that is nobody's",
      "instances: { credentials: [{ name: a, services: ['*'] }] }",
      "1:28: instances.credentials[0]: a credential must have something to be known by, tokens or certificates",
    ],
  ])("refuses %s", (_, text, line) => {
    expect(mistakesOf(text)).toEqual([`router.yaml:${line}`]);
  });

  it("takes ports that are free for several listeners", () => {
    expect(mistakesOf("listeners: { client: { address: 'a:0' }, admin: { address: 'a:0' } }")).toEqual([]);
  });

  it("merges files in order, each mistake in the file that says it", () => {
    write(
      "base.yaml",
      "drain: { grace: 5s }\nplace: { zone: eu-1a, region: eu-1 }\ninstances: { routers: ['http://a:1', 'http://b:1'] }\n",
    );
    write(
      "local.json",
      '{"drain": {"grace": "2s"}, "place": {"zone": null}, "instances": {"routers": ["http://c:1"]}}',
    );
    const { settings, mistakes, value } = load(["base.yaml", "local.json"]);
    expect(mistakes).toEqual([]);
    expect(value).toEqual({
      drain: { grace: "2s" },
      place: { region: "eu-1" },
      instances: { routers: ["http://c:1"] },
    });
    expect(settings).toMatchObject({ graceMs: 2_000, router: { region: "eu-1", routers: ["http://c:1"] } });
    write("wrong.json", '{"drain": {"grace": "-1s"},\n "place": {"zoned": "x"}}');
    expect(load(["base.yaml", "wrong.json"]).mistakes.map(formatMistake)).toEqual([
      'wrong.json:1:12: drain.grace: it must be greater than or equal to 0.001s and less than or equal to 86400s, received "-1s"',
      'wrong.json:2:12: place.zoned: there is no field "zoned"; did you mean "zone"?',
    ]);
  });

  it("includes files, relative to the one that includes", () => {
    write("parts/limits.yaml", "calls: { max_open_calls: 5 }\nservices: { modules: [./a_router.js] }\n");
    write("parts/all.yaml", "include: [limits.yaml]\ncalls: { max_waiting_calls: 6 }\n");
    write("main.yaml", "include: [parts/all.yaml]\ncalls: { max_waiting_calls: 7 }\n");
    const { settings, mistakes, files } = load(["main.yaml"]);
    expect(mistakes).toEqual([]);
    expect(settings.router).toMatchObject({ maxOpenCalls: 5, maxWaitingCalls: 7 });
    expect(settings.modules).toEqual([`${folder}/parts/a_router.js`]);
    expect(files.map(({ path }) => path)).toEqual(["parts/limits.yaml", "parts/all.yaml", "main.yaml"]);
  });

  it("refuses includes that go in circles, that are not there, and that are no files", () => {
    write("loop-a.yaml", "include: [loop-b.yaml]\n");
    write("loop-b.yaml", "# b\ninclude:\n  - loop-a.yaml\n");
    expect(load(["loop-a.yaml"]).mistakes.map(formatMistake)).toEqual([
      "loop-b.yaml:3:5: include[0]: a file must not include itself, received loop-a.yaml → loop-b.yaml → loop-a.yaml",
    ]);
    expect(mistakesOf("include: [none.yaml, 5]\n")).toEqual([
      expect.stringMatching(
        /^router\.yaml:1:11: include\[0\]: Cannot read the configuration from .*none\.yaml: there is no such file$/,
      ),
      "router.yaml:1:22: include[1]: it must be a file's name, received 5",
    ]);
    expect(mistakesOf("include: base.yaml\n")).toEqual([
      'router.yaml:1:1: include: it must be a list of files, received "base.yaml"',
    ]);
  });

  it("stops where files that include two others each would never end", () => {
    for (let level = 0; level < 20; level++) {
      write(`bomb-${level}.yaml`, `include: [bomb-${level + 1}.yaml, bomb-${level + 1}.yaml]\n`);
    }
    write("bomb-20.yaml", "");
    const reasons = load(["bomb-0.yaml"]).mistakes.map(({ reason }) => reason);
    expect(reasons).toEqual(["at most 100 files must be read, received more"]);
  });

  it("takes variables for texts, numbers and flags", () => {
    const text = `listeners: { client: { address: "0.0.0.0:\${PORT:-8080}" }, admin: { disabled: "\${NO_ADMIN}" } }
calls: { max_open_calls: "\${OPEN}" }
place: { zone: "\${ZONE}" }
policies: { services: { grpcrouter.admin.v1.AdminService: { retry_budget: { share: "\${SHARE}" } } } }
`;
    write("variables.yaml", text);
    const config = load(["variables.yaml"], { NO_ADMIN: "true", OPEN: "5", ZONE: "1", SHARE: "0.5" });
    expect(config.mistakes).toEqual([]);
    expect(config.settings).toMatchObject({
      client: { address: { host: "0.0.0.0", port: 8080 } },
      admin: { disabled: true },
      router: { maxOpenCalls: 5, zone: "1" },
    });
    const { layers, mistakes } = config.readPolicies([AdminService]);
    expect([mistakes, layers.get(AdminService.typeName)?.service]).toEqual([[], { retryBudget: { share: 0.5 } }]);
    expect(load(["variables.yaml"], { NO_ADMIN: "yes", OPEN: "many", SHARE: "1" }).mistakes.map(formatMistake)).toEqual(
      [
        'variables.yaml:1:69: listeners.admin.disabled: it must be true or false, received "yes"',
        'variables.yaml:2:10: calls.max_open_calls: it must be a whole number of 0 to 4294967295, received "many"',
        "variables.yaml:3:10: place.zone: the variable ZONE must be set, it is not; ${ZONE:-default} has a default",
      ],
    );
  });

  it("reads policies as a file of policies is read, with the places of this one", () => {
    const { mistakes, readPolicies } = load([
      write(
        "policies.yaml",
        "policies:\n  services:\n    grpcrouter.admin.v1.AdminService: { balence: {} }\n    acme.v1.Users: {}\n",
      ),
    ]);
    expect(mistakes).toEqual([]);
    expect(readPolicies([AdminService]).mistakes.map(formatMistake)).toEqual([
      'policies.yaml:3:41: policies.services["grpcrouter.admin.v1.AdminService"].balence: there is no field "balence"; did you mean "balance"?',
      expect.stringContaining(
        'policies.yaml:4:5: policies.services["acme.v1.Users"]: there is no service "acme.v1.Users"',
      ),
    ]);
  });

  it("reads credentials with the secrets that they name, relative to the file", () => {
    write("etc/users.token", `${token}\n`);
    write(
      "etc/credentials.yaml",
      `instances:
  credentials:
    - name: users
      services: [acme.user.*]
      tokens: [{ file: users.token, expires: 2030-01-01T00:00:00Z }, { env: TOKEN }, { sha256: ${"ab".repeat(32)} }]
      certificates: [spiffe://acme/users]
`,
    );
    const { credentials, mistakes } = load(["etc/credentials.yaml"], { TOKEN: "abcdefghijklmnop" });
    expect(mistakes).toEqual([]);
    expect(credentials).toEqual([
      {
        name: "users",
        services: ["acme.user.*"],
        tokens: [
          { value: token, expires: "2030-01-01T00:00:00Z" },
          { value: "abcdefghijklmnop" },
          { sha256: "ab".repeat(32) },
        ],
        certificates: ["spiffe://acme/users"],
      },
    ]);
    const lines = load(["etc/credentials.yaml"]).mistakes.map(formatMistake);
    expect(lines).toEqual([
      "etc/credentials.yaml:5:72: instances.credentials[0].tokens[1].env: it must name a variable that is set, received TOKEN",
    ]);
  });

  it.each([
    [
      "instances: { token_file: none.token }",
      /^router\.yaml:1:14: instances\.token_file: Cannot read the token from .*none\.token: there is no such file$/,
    ],
    [
      "instances: { credentials: [{ name: a, services: ['a.*.b'], certificates: [x] }] }",
      /^router\.yaml:1:50: instances\.credentials\[0\]\.services\[0\]: it must be a service's full name, a package followed by \.\*, or \*, received "a\.\*\.b"$/,
    ],
    [
      "instances: { credentials: [{ name: a, services: ['*'], tokens: [{ env: SHORT }] }] }",
      /^router\.yaml:1:65: instances\.credentials\[0\]\.tokens\[0\]\.value: it must be 16 to 4096 of .*, received 5 characters$/,
    ],
  ])("refuses %s", (text, line) => {
    expect(mistakesOf(text, { SHORT: "short" })).toEqual([expect.stringMatching(line)]);
  });

  it("tells files that cannot be read, or are no configuration", () => {
    expect(load(["none.yaml", "router.toml"]).mistakes.map(formatMistake)).toEqual([
      expect.stringMatching(/^none\.yaml:1:1: Cannot read the configuration from .*: there is no such file$/),
      expect.stringMatching(/^router\.toml:1:1: .*the file must be YAML or JSON/),
    ]);
    expect(mistakesOf("[]")).toEqual(["router.yaml:1:1: it must have fields, received a list"]);
    expect(mistakesOf("a: [1\nb: 2\nc: 3")).toHaveLength(1);
  });
});

describe("refuseMistakes()", () => {
  it("throws all of them, or nothing", () => {
    const config = load([write("refused.yaml", "drian: {}\nmemory: {process_bytes: 1}\n")]);
    expect(() => refuseMistakes(config, config.mistakes)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: [
          "Cannot use the configuration refused.yaml: it must be without mistakes, received 2 mistakes",
          'refused.yaml:1:1: drian: there is no field "drian"; did you mean "drain"?',
          "refused.yaml:2:10: memory.process_bytes: it must be greater than or equal to 1048576 and less than or equal to 9007199254740991, received 1",
        ].join("\n"),
      }),
    );
    expect(() => refuseMistakes(config, [])).not.toThrow();
  });
});
