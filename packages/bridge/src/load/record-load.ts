// SPDX-License-Identifier: Apache-2.0

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { decodeBinaryHeader, encodeBinaryHeader, type HandlerContext } from "@connectrpc/connect";
import { type OrcaLoadReport, OrcaLoadReportSchema } from "../gen/xds/data/orca/v3/orca_load_report_pb.js";
import { isShare, metricsOf } from "./application-load.js";

/** What a call says of the instance that ran it (gRFC A51). Shares are at least 0, and 1 is all of it; what is absent is not said. */
export interface CallLoad {
  /** Share of CPU in use. */
  readonly cpuUtilization?: number | undefined;
  /** Share of memory in use. */
  readonly memUtilization?: number | undefined;
  /** Share of whatever limits the application; balancers heed it before that of CPU. */
  readonly applicationUtilization?: number | undefined;
  /** Requests per second, and failed ones, of the whole instance. */
  readonly rps?: number | undefined;
  readonly eps?: number | undefined;
  /** Shares of further resources, by name. */
  readonly utilization?: Readonly<Record<string, number>> | undefined;
  /** What this call has cost, by names and in units of your own. */
  readonly requestCost?: Readonly<Record<string, number>> | undefined;
  /** Whatever else there is to say, by name. */
  readonly named?: Readonly<Record<string, number>> | undefined;
}

const TRAILER = "endpoint-load-metrics-bin";

/**
 * Reports the load with a call, as ORCA does: in its trailer `endpoint-load-metrics-bin`, which balancers at the router
 * and at gRPC clients read. Call it at any time before the call ends; what is said again replaces what was said. Values
 * that are negative or not finite, and more than 64 metrics by name, are left out. The trailer counts as metadata.
 *
 * @example
 * getUser(request, context) {
 *   recordLoad(context, { applicationUtilization: pool.used / pool.size });
 *   return find(request.userId);
 * }
 */
export function recordLoad(context: Pick<HandlerContext, "responseTrailer">, load: CallLoad): void {
  const { responseTrailer } = context;
  const report = readReport(responseTrailer.get(TRAILER));
  const { cpuUtilization, memUtilization, applicationUtilization, rps, eps } = load;
  if (isShare(cpuUtilization)) report.cpuUtilization = cpuUtilization;
  if (isShare(memUtilization)) report.memUtilization = memUtilization;
  if (isShare(applicationUtilization)) report.applicationUtilization = applicationUtilization;
  if (isShare(rps)) report.rpsFractional = rps;
  if (isShare(eps)) report.eps = eps;
  report.utilization = merged(report.utilization, load.utilization);
  report.requestCost = merged(report.requestCost, load.requestCost);
  report.namedMetrics = merged(report.namedMetrics, load.named);
  responseTrailer.set(TRAILER, encodeBinaryHeader(report, OrcaLoadReportSchema));
}

type Metrics = NonNullable<MessageInitShape<typeof OrcaLoadReportSchema>["namedMetrics"]>;

function merged(before: Metrics, given: Readonly<Record<string, number>> | undefined): Metrics {
  return given === undefined ? before : metricsOf({ ...before, ...given }).named;
}

/** What the call has said so far; an empty report if that was nothing that can be read. */
function readReport(trailer: string | null): OrcaLoadReport {
  if (trailer === null) return create(OrcaLoadReportSchema);
  try {
    return decodeBinaryHeader(trailer, OrcaLoadReportSchema);
  } catch {
    return create(OrcaLoadReportSchema);
  }
}
