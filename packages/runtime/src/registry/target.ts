// SPDX-License-Identifier: Apache-2.0

import type { DescMethod } from "@bufbuild/protobuf";
import type { LocalService } from "../builtin/local-service.js";
import type { ProbePath } from "../builtin/probe.js";
import type { MethodRoute } from "./method-route.js";

/** What a path leads to. */
export const TargetKind = { call: 0, register: 1, local: 2, probe: 3 } as const;
export type TargetKind = (typeof TargetKind)[keyof typeof TargetKind];

/** The registration stream: of one service on its generated path, of any service on the untyped one. */
export interface RegisterTarget {
  readonly kind: typeof TargetKind.register;
  /** Full name of the service that the path stands for; undefined on the untyped path. */
  readonly serviceName: string | undefined;
}

/** A method that the router answers itself. */
export interface LocalTarget {
  readonly kind: typeof TargetKind.local;
  readonly service: LocalService;
  readonly method: DescMethod;
}

/** A probe of an orchestrator: plain HTTP, no gRPC. */
export interface ProbeTarget {
  readonly kind: typeof TargetKind.probe;
  readonly path: ProbePath;
}

/** Where a request goes; found by the exact bytes of its path, which is the one value that routing and authorization see. */
export type Target = MethodRoute | RegisterTarget | LocalTarget | ProbeTarget;
