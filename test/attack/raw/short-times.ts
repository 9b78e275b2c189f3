// SPDX-License-Identifier: Apache-2.0
import type { Form, TargetSettings } from "../attack.ts";

/** The quick form waits 3 s where the full form waits the 30 s that are the default; nothing else differs. */
export const shortStall: Readonly<Record<Form, TargetSettings>> = {
  quick: { connections: { limits: { stallMs: 3_000 } } },
  full: {},
};
