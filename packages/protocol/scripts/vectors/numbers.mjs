// SPDX-License-Identifier: Apache-2.0

/** Section 2 in its own words, on integers of any size. */
function numberOf(name) {
  let hash = 2_166_136_261n;
  for (const octet of Buffer.from(name)) hash = ((hash ^ BigInt(octet)) * 16_777_619n) % 4_294_967_296n;
  return Number(20_000n + (hash % 242_144n));
}

const names = [
  "GetUser",
  "WatchUsers",
  "ImportUsers",
  "SyncUsers",
  "Chat",
  "Ping",
  "MoveSecret",
  "ImportSecret",
  "Get",
  "List",
  "Create",
  "Update",
  "Delete",
  "Check",
  "Watch",
  "BatchGetBooks",
  "get_user",
  "GetUser2",
  "UnaryCall",
  "FullDuplexCall",
];

/** A service whose methods get these fields; a method is `name` or `name:pin`. */
function service(name, source, fields) {
  const base = source.service.slice(source.service.lastIndexOf(".") + 1);
  return { name, source, expect: { call: `${base}Call`, reply: `${base}Reply`, channel: `${base}Channel`, fields } };
}

const field = (method, name, number = numberOf(method), typed = true) => ({ method, number, field: name, typed });
const clash = (method, name) => field(method, `${name}_${numberOf(method)}`);

const services = [
  {
    name: "two methods whose names make one number",
    source: { service: "acme.vault.v1.Vault", methods: ["MoveSecret", "ImportSecret"] },
    expect: { collision: { number: 86136, methods: ["MoveSecret", "ImportSecret"] } },
  },
  service(
    "a pin undoes the collision",
    { service: "acme.vault.v1.Vault", methods: ["MoveSecret", "ImportSecret"], pins: { ImportSecret: 8 } },
    [field("MoveSecret", "move_secret"), field("ImportSecret", "import_secret", 8)],
  ),
  {
    name: "a pin among the numbers that protobuf keeps for itself",
    source: { service: "acme.user.v1.UserService", methods: ["GetUser"], pins: { GetUser: 19_000 } },
    expect: { refusedPin: 19_000 },
  },
  service(
    "fields that would be called like those of the frame",
    { service: "acme.v1.Files", methods: ["Head", "Fragment", "Request", "Response", "Get"] },
    [clash("Head", "head"), clash("Fragment", "fragment"), clash("Request", "request"), clash("Response", "response"), field("Get", "get")],
  ),
  service("methods whose fields would be called alike", { service: "acme.v1.Links", methods: ["GetURL", "GetUrl", "List"] }, [
    clash("GetURL", "get_url"),
    clash("GetUrl", "get_url"),
    field("List", "list"),
  ]),
  service("methods whose JSON names would be alike", { service: "acme.v1.Users", methods: ["get_2FA", "Get2FA"] }, [
    clash("get_2FA", "get_2_fa"),
    clash("Get2FA", "get2_fa"),
  ]),
  {
    ...service("a package nested in another's name", { service: "channel.acme.v1.Echo", methods: ["Echo"] }, [field("Echo", "echo")]),
    types: { Echo: { input: "acme.v1.Text", output: "channel.acme.v1.Text" } },
    written: { Echo: { input: ".acme.v1.Text", output: ".channel.acme.v1.Text" } },
    channelPackage: "grpcrouter.channel.channel.acme.v1",
  },
  {
    ...service("no package", { service: "PingService", methods: ["Ping"] }, [field("Ping", "ping")]),
    channelPackage: "grpcrouter.channel",
    registerPath: "/grpcrouter.channel.PingServiceChannel/Register",
  },
  service(
    "a type that cannot be imported (edition 2024, nested and not exported): no field, yet a number",
    { service: "acme.v1.Hidden", methods: ["Get", "Find"], unexported: ["Find"] },
    [field("Get", "get"), { method: "Find", number: numberOf("Find"), typed: false }],
  ),
];

export const numberVectors = {
  about: "Numbers of methods, and the names and numbers of the members that a generator gives a service (section 2).",
  names: names.map((name) => ({ name, number: numberOf(name) })),
  services,
};
