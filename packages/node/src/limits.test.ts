// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from "vitest";
import { defaultListenerLimits, validateListenerLimits } from "./limits.js";

describe("validateListenerLimits()", () => {
  it("lays limits over the defaults", () => {
    expect(validateListenerLimits()).toEqual(defaultListenerLimits);
    expect(validateListenerLimits({ connections: 5 })).toEqual({ ...defaultListenerLimits, connections: 5 });
  });

  it.each([
    [{ connections: 0 }, "connections must be a whole number from 1 to 2147483647, received 0"],
    [{ handshakeMs: 0.5 }, "handshakeMs must be a whole number from 1 to 2147483647, received 0.5"],
    [{ tlsOverheadBytes: Number.NaN }, "tlsOverheadBytes must be a whole number from 1 to 2147483647, received NaN"],
    [{ conections: 5 }, "a name must be one of connections, connectionsPerAddress, handshakeMs, tlsOverheadBytes"],
  ])("refuses %j", (limits: object, message) => {
    const refusal = { code: "LIMIT_INVALID", message: expect.stringContaining(`Cannot use limits: ${message}`) };
    expect(() => validateListenerLimits(limits)).toThrow(expect.objectContaining(refusal));
  });
});
