// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { serviceOfRegisterPath } from "./register-path.js";

test.each([
  ["/grpcrouter.channel.acme.user.v1.UserServiceChannel/Register", "acme.user.v1.UserService"],
  ["/grpcrouter.channel.EchoChannel/Register", "Echo"],
  ["/grpcrouter.channel.Channel/Register", undefined],
  ["/grpcrouter.channel.acme.user.v1.UserService/Register", undefined],
  ["/grpcrouter.channel.acme.UserServiceChannel/Get", undefined],
  ["/grpcrouter.v1.ChannelService/Register", undefined],
  ["/acme.user.v1.UserServiceChannel/Register", undefined],
  ["/grpcrouter.channel.acme..UserChannel/Register", undefined],
])("serviceOfRegisterPath() of %s", (path, service) => expect(serviceOfRegisterPath(path)).toBe(service));
