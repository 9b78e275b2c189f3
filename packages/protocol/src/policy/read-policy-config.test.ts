// SPDX-License-Identifier: Apache-2.0
import { fromJson, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { PolicyConfigSchema } from "../gen/grpcrouter/config/v1/policy_config_pb.js";
import { formatConfigFaults } from "./config-fault.js";
import { archive, library } from "./library.suite.js";
import { readPolicyConfig } from "./read-policy-config.js";

const services = [library, archive];
const name = "acme.v1.Library";
const at = `services["${name}"]`;

/** Reads what is said of acme.v1.Library. */
function read(service: unknown) {
  const { layers, faults } = readPolicyConfig({ services: { [name]: service } }, services);
  return { layer: layers.get(name), faults: formatConfigFaults(faults).split("\n").filter(Boolean) };
}

describe("readPolicyConfig()", () => {
  test("answers facts by service and by the names that code uses for methods", () => {
    const { layer, faults } = read({
      balance: { least_request: { choice_count: 3 }, selector: { zone: "eu-1a" } },
      defaults: {
        timeout: "0.25s",
        retry: { max_attempts: 3, retryable_status_codes: ["UNAVAILABLE", "STATUS_CODE_ABORTED"] },
      },
      outlier_detection: { interval: "5s", success_rate: {} },
      methods: {
        GetBook: { hedging: { max_attempts: 2 }, route_key: "shelf.name", priority: "high" },
        Chat: { balance: { sticky: { fallback: "fail" } }, wait_for_ready: true },
      },
    });
    expect(faults).toEqual([]);
    expect(layer).toEqual({
      source: "configuration",
      service: {
        balance: { leastRequest: { choiceCount: 3 }, selector: { zone: "eu-1a" } },
        defaults: { timeoutMs: 250, retry: { maxAttempts: 3, retryableStatusCodes: [14, 10] } },
        outlierDetection: { intervalMs: 5000, successRate: {} },
      },
      methods: {
        getBook: { hedging: { maxAttempts: 2 }, routeKey: { path: "shelf.name", fields: [] }, priority: "high" },
        chat: { balance: { sticky: { fallback: "fail" } }, waitForReady: true },
      },
    });
  });

  test("answers the message that holds the same", () => {
    const said = { retryBudget: { share: 0.5 } };
    const methods = { GetBook: { timeout: "2s" } };
    const { config } = readPolicyConfig({ services: { [name]: { ...said, methods } } }, services);
    const json = { services: { [name]: { options: said, methods } } };
    expect(toJson(PolicyConfigSchema, config)).toEqual(json);
    expect(config).toEqual(fromJson(PolicyConfigSchema, json));
  });

  test("takes the names of JSON as well as those of the .proto, also in the paths of faults", () => {
    const camel = { retryBudget: { minConcurrent: 4 }, methods: { GetBook: { defaultTimeout: "1s" } } };
    const snake = { retry_budget: { min_concurrent: 4 }, methods: { GetBook: { default_timeout: "1s" } } };
    expect(read(camel)).toEqual(read(snake));
    expect(read({ retryBudget: { minConcurrent: 4, share: 9 } }).faults).toEqual([
      `${at}.retryBudget.share: share must be greater than 0 and at most 1, received 9`,
    ]);
  });

  test.each([[null], [undefined], [{}], [{ services: {} }]])("finds nothing in %j", (json) => {
    expect(readPolicyConfig(json, services)).toMatchObject({ layers: new Map(), faults: [] });
  });

  test.each<[unknown, string]>([
    [[], 'it must be an object with "services", received a list'],
    [{ service: {} }, 'service: there is no field "service"; did you mean "services"?'],
    [{ services: [] }, "services: it must have services by name, received a list"],
    [
      { services: { "acme.v1.Libary": {} } },
      'services["acme.v1.Libary"]: there is no service "acme.v1.Libary"; did you mean "acme.v1.Library"?',
    ],
    [{ services: { X: {} } }, 'services.X: there is no service "X" (there is acme.v1.Library, acme.v1.Archive)'],
    [{ services: { [name]: null } }, `${at}: it must have fields, such as {}, received none`],
    [{ services: { [name]: 5 } }, `${at}: it must have fields, such as {}, received 5`],
  ])("refuses %j", (json, fault) => {
    expect(formatConfigFaults(readPolicyConfig(json, services).faults)).toBe(fault);
  });

  test.each<[object, string]>([
    [{ balanse: {} }, '.balanse: there is no field "balanse"; did you mean "balance"?'],
    [{ retryBudgt: {} }, '.retryBudgt: there is no field "retryBudgt"; did you mean "retryBudget"?'],
    [{ retry_budget: {}, retryBudget: {} }, ".retryBudget: it is there twice, as retry_budget and as retryBudget"],
    [{ skip: true }, ".skip: it says nothing here, because the code is generated; remove it"],
    [
      { defaults: { channel_number: 9 } },
      ".defaults.channel_number: it says nothing here, because the code is generated; remove it",
    ],
    [{ balance: null }, ".balance: it must have fields, such as {}, received nothing"],
    [{ balance: {} }, ".balance: it must name a strategy, such as round_robin: {}"],
    [
      { balance: { round_robn: {} } },
      '.balance.round_robn: there is no field "round_robn"; did you mean "round_robin"?',
    ],
    [{ balance: { random: {}, ring_hash: {} } }, ".balance.random: it excludes ring_hash; one of the two must go"],
    [
      { balance: { random: {}, selector: { version: 2 } } },
      ".balance.selector.version: it must be a text (in quotes), received 2",
    ],
    [
      { balance: { random: {}, selector: { "": "x" } } },
      '.balance.selector: selector must have labels that are not empty, received ""',
    ],
    [
      { balance: { maglev: { table_size: 4 } } },
      ".balance.maglev.table_size: table_size must be a prime of at most 5000011, such as 65537, received 4",
    ],
    [
      { balance: { ring_hash: { min_ring_size: 1.5 } } },
      ".balance.ring_hash.min_ring_size: it must be a whole number of 0 to 4294967295, received 1.5",
    ],
    [
      { balance: { custom: { name: "own", parameters: 5 } } },
      ".balance.custom.parameters: it must be an object, received 5",
    ],
    [
      { balance: { sticky: { fallback: "UNSPECIFIED" } } },
      '.balance.sticky.fallback: it must be one of REBALANCE, FAIL, received "UNSPECIFIED"',
    ],
    [
      { defaults: { timeout: "250ms" } },
      '.defaults.timeout: it must be a duration in seconds, such as "0.25s", received "250ms"',
    ],
    [{ defaults: { timeout: "0s" } }, ".defaults.timeout: it must be longer than 0 s, received 0 s"],
    [
      { defaults: { timeout: "315576000001s" } },
      '.defaults.timeout: it must be a duration of at most 315576000000 s, received "315576000001s"',
    ],
    [
      { defaults: { retry: { max_attempts: 3, backoff_multiplier: 1e300 } } },
      ".defaults.retry.backoff_multiplier: it must be a number of at most 3.4e+38, received 1e+300",
    ],
    [
      { balance: { random: {}, selector: { zone: "\ud800" } } },
      ".balance.selector.zone: it must be a text of whole characters, received half of one",
    ],
    [
      { balance: { random: {}, selector: { "\ud800": "a" } } },
      '.balance.selector["\\ud800"]: it must have a name of whole characters, received "\\ud800"',
    ],
    [{ defaults: { wait_for_ready: "yes" } }, '.defaults.wait_for_ready: it must be true or false, received "yes"'],
    [{ retry_budget: { share: "0.5" } }, '.retry_budget.share: it must be a number, received "0.5"'],
    [
      { outlier_detection: { failure_status_codes: "UNAVAILABLE" } },
      '.outlier_detection.failure_status_codes: it must be a list, received "UNAVAILABLE"',
    ],
    [
      { balance: { random: {}, selector: "zone" } },
      '.balance.selector: it must be names with their texts, received "zone"',
    ],
    [{ methods: [] }, ".methods: it must have methods by name, received a list"],
    [{ methods: { GetBok: {} } }, '.methods.GetBok: acme.v1.Library has no method "GetBok"; did you mean "GetBook"?'],
    [
      { methods: { getBook: {} } },
      '.methods.getBook: acme.v1.Library has no method "getBook"; did you mean "GetBook"?',
    ],
    [{ methods: { GetBook: null } }, ".methods.GetBook: it must have fields, such as {}, received nothing"],
    [
      { methods: { GetBook: { channelNumber: 9 } } },
      ".methods.GetBook.channelNumber: it says nothing here, because the code is generated; remove it",
    ],
    [
      { methods: { GetBook: { retry: { max_attempts: 7 } } } },
      ".methods.GetBook.retry.max_attempts: max_attempts must be 2 to 5, received 7",
    ],
    [
      { methods: { GetBook: { retry: {} } } },
      ".methods.GetBook.retry.max_attempts: max_attempts must be 2 to 5, received 0",
    ],
    [
      { methods: { GetBook: { retry: { max_attempts: 2, retryable_status_codes: ["OK"] } } } },
      '.methods.GetBook.retry.retryable_status_codes[0]: it must be one of CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED, received "OK"',
    ],
    [
      { methods: { GetBook: { route_key: "user" } } },
      '.methods.GetBook.route_key: message acme.v1.Request has no field "user" (it has user_id, shelf)',
    ],
    [
      { methods: { LendBook: { hedging: { max_attempts: 2 } } } },
      ".methods.LendBook.hedging: its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run",
    ],
    [
      { methods: { GetBook: { fallback: { service: "acme.v1.Archiv" } } } },
      '.methods.GetBook.fallback.service: there is no service "acme.v1.Archiv"; did you mean "acme.v1.Archive"?',
    ],
    [
      { methods: { GetBook: { fallback: { service: "-" } } } },
      '.methods.GetBook.fallback.service: service must be a service\'s full name, such as acme.user.v1.UserArchive, received "-"',
    ],
    [
      { methods: { GetBook: { fallback: { reply: { payload: { titel: "x" } } } } } },
      '.methods.GetBook.fallback.reply.payload: reply.payload must be the JSON of acme.v1.Book: key "titel" is unknown',
    ],
  ])("refuses %j of a service", (service, fault) => {
    expect(read(service).faults).toEqual([`${at}${fault}`]);
  });

  test("judges what all methods are to have by each of them", () => {
    const { faults } = read({
      defaults: { hedging: { max_attempts: 2 }, route_key: "user" },
      methods: {
        LendBook: { retry: { max_attempts: 2 } },
        Chat: { route_key_metadata: "x" },
        ReturnBooks: { retry: { max_attempts: 2 }, route_key: "user_id" },
      },
    });
    const hedging = `${at}.defaults.hedging`;
    const noField = 'message acme.v1.Request has no field "user" (it has user_id, shelf)';
    expect(faults).toEqual([
      `${at}.defaults.route_key: ${noField} (for GetBook)`,
      `${at}.defaults.route_key: ${noField} (for LendBook)`,
      `${hedging}: its idempotency_level must be NO_SIDE_EFFECTS or IDEMPOTENT, because several attempts may run (for WatchBooks)`,
      `${at}.defaults.route_key: ${noField} (for WatchBooks)`,
      `${hedging}: the method must take one request, because each attempt needs the whole of it, and it takes a stream (for Chat)`,
    ]);
  });

  test("tells everything at once, in every service", () => {
    const { faults } = readPolicyConfig(
      {
        services: {
          [name]: { defaults: { timeout: 1, retry: { max_attempts: 1 } }, methods: { X: {}, Chat: { priority: 9 } } },
          "acme.v1.Archive": { retry_throttling: {} },
        },
      },
      services,
    );
    expect(faults.map(({ path }) => path.slice(1).join("/"))).toEqual([
      "acme.v1.Library/defaults/timeout",
      "acme.v1.Library/defaults/retry/max_attempts",
      "acme.v1.Library/methods/X",
      "acme.v1.Library/methods/Chat/priority",
      "acme.v1.Archive/retry_throttling/max_tokens",
      "acme.v1.Archive/retry_throttling/token_ratio",
    ]);
  });
});
