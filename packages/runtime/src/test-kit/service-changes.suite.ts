// SPDX-License-Identifier: Apache-2.0

import type { RouterOptions, ServiceSettings } from "../registry/settings.js";
import { createRouter, untypedRegisterPath } from "../router.js";
import { RawInstance } from "./raw-instance.suite.js";
import type { TestRouter } from "./test-router.suite.js";
import { kinds, testServiceRouter } from "./test-service.suite.js";
import { bytes } from "./text.suite.js";

export const otherName = "acme.test.v1.OtherService";
export const otherPath = `/${otherName}/Get`;
export const other = testServiceRouter({}, "OtherService");
export const otherRegisterPath = "/grpcrouter.channel.acme.test.v1.OtherServiceChannel/Register";

export function routerOf(settings: ServiceSettings = {}, desc = testServiceRouter(), options: RouterOptions = {}) {
  return createRouter(options).service(desc, settings);
}

/** An instance of a service by name, on a connection of its own. */
export function register(
  router: TestRouter,
  service: string,
  path: string,
  methods: readonly string[] = ["Get"],
  instanceId = "one",
) {
  const instance = new RawInstance(router.connect().client, path);
  const typed = path !== untypedRegisterPath;
  const list = methods.map((name, index) => ({ name, number: 20_000 + index, typed, kind: kinds.Get }));
  instance.hello({ service, methods: list, instanceId, processKey: bytes(instanceId.padEnd(16)) });
  router.run();
  return instance;
}

export function statusOf(router: TestRouter, client: ReturnType<TestRouter["connect"]>["client"], path: string) {
  const call = client.unary(path, bytes("a"));
  router.run();
  return call.status?.details?.errorInfo?.reason ?? call.status?.code;
}

/** The service without one of its methods. */
export function withoutMethod(
  desc: ReturnType<typeof testServiceRouter>,
  name: string,
): ReturnType<typeof testServiceRouter> {
  const methods = desc.service.methods.filter((method) => method.name !== name);
  return { ...desc, service: { ...desc.service, methods } };
}
