// SPDX-License-Identifier: Apache-2.0
export type {
  ApplicationLoad,
  Bridge,
  BridgeConnection,
  BridgeOptions,
  CallLoad,
  LoadOptions,
  OpenOptions,
  Relay,
  RouterStatus,
} from "@grpc-router/bridge";
export { BridgeError, createBridge, recordLoad } from "@grpc-router/bridge";
export type { PeerInfo, Scheduler, Timer, Transport, TransportSink } from "@grpc-router/http2";
export type { Logger, LogLevel } from "@grpc-router/protocol";
export type {
  AttemptOutcome,
  BalancedCall,
  Balancer,
  BalancerFactory,
  CallInterceptor,
  CallResult,
  CallRun,
  Candidate,
  CandidateLoad,
  Candidates,
  ConnectionSettings,
  CredentialSettings,
  EventRing,
  HistogramSnapshot,
  HookResult,
  InstanceInfo,
  InterceptedCall,
  MessageHook,
  MethodHooks,
  MethodSettings,
  MetricDefinition,
  MetricFamily,
  MetricPoint,
  MetricsSettings,
  PolicyFact,
  RegistrationSettings,
  Router,
  RouterOptions,
  ServiceChanges,
  ServiceSettings,
  SharedSettings,
  TokenSettings,
} from "@grpc-router/runtime";
export {
  CallError,
  CallMetadata,
  canTake,
  createLeastRequest,
  createRoundRobin,
  createRouter,
  EventLog,
  explainPolicy,
  isRouterError,
  policyFactsOf,
  RouterError,
  tokenOf,
} from "@grpc-router/runtime";
export type { AdminPage, AdminPageAnswer, AdminPageRequest } from "./admin/admin-pages.js";
export {
  type AdministeredServer,
  type AdminOptions,
  type AdminServer,
  type AdminTls,
  type OpenAdminOptions,
  type OpenedAdmin,
  openAdmin,
  type ServeAdminOptions,
  serveAdmin,
} from "./admin/serve-admin.js";
export { createConfigDefaults } from "./config/config-defaults.js";
export {
  ConfigHolder,
  type ConfigHolderOptions,
  type PreparedConfig,
  type ReloadOutcome,
} from "./config/config-holder.js";
export { type ConfigMistake, formatMistake } from "./config/config-mistake.js";
export { createConfigSchema } from "./config/config-schema.js";
export { type LoadConfigOptions, type LoadedConfig, loadConfig, refuseMistakes } from "./config/load-config.js";
export type { AppliedText } from "./config/read-config-files.js";
export { type ReadServiceConfigFile, readPolicies, readServiceConfigFile } from "./config/read-policies.js";
export type { ListenerSettings, RouterSettings } from "./config/router-settings.js";
export { diffConfigs, formatChange, showConfig } from "./config/show-config.js";
export { type ReadCredentialsOptions, readCredentials } from "./credentials/read-credentials.js";
export { readToken } from "./credentials/read-token.js";
export {
  type DescriptorSources,
  descriptorExtensions,
  readDescriptorServices,
} from "./descriptors/read-descriptor-services.js";
export { readDescriptorSet } from "./descriptors/read-descriptor-set.js";
export { type WatchDescriptorsOptions, watchDescriptors } from "./descriptors/watch-descriptors.js";
export { checkDialOptions, type DialRouterOptions, type DialTlsOptions, dialRouter } from "./dial/dial-router.js";
export { createServerRelay, type ServerRelayOptions } from "./dial/server-relay.js";
export {
  AdminService,
  type Call,
  CallPhase,
  type CallStats,
  CallStatsSchema,
  type ConfigOutcome,
  type Connection,
  ConnectionRole,
  type Event,
  EventSchema,
  GetCallStatsResponseSchema,
  type GetEngineStatsResponse,
  GetEngineStatsResponseSchema,
  GetLogLevelResponseSchema,
  GetPolicyResponseSchema,
  type GetPolicyStatsResponse,
  GetPolicyStatsResponseSchema,
  type Instance,
  InstanceSchema,
  ListCallsResponseSchema,
  ListConnectionsResponseSchema,
  ListInstancesResponseSchema,
  ListServicesResponseSchema,
  type Method,
  MethodKind,
  ProfileKind,
  type Service,
  ServiceSchema,
  State,
  type TakeProfileResponse,
  type TapCallsResponse,
  type TapEvent,
  TapEventSchema,
  type TapMessage,
  type TraceFramesResponse,
} from "./gen/grpcrouter/admin/v1/admin_pb.js";
export { defaultListenerLimits, type ListenerLimits } from "./limits.js";
export { type AccessLog, type AccessLogField, type AccessLogOptions, createAccessLog } from "./log/access-log.js";
export { type ConsoleLoggerOptions, createConsoleLogger } from "./log/console-logger.js";
export { createJsonLogger, type JsonLoggerOptions } from "./log/json-logger.js";
export { LogLevels, type LogThreshold } from "./log/log-levels.js";
export { type ExportMetricsOptions, exportMetrics, type MetricsExport } from "./metrics/export-metrics.js";
export { metricDefinitions } from "./metrics/metric-definitions.js";
export { createMetricsPage, type MeteredServer } from "./metrics/metrics-page.js";
export { prometheusSample } from "./metrics/prometheus-name.js";
export { type ExpositionFormat, writeExposition } from "./metrics/write-exposition.js";
export { NodeError, type NodeErrorCode } from "./node-error.js";
export { createNodeScheduler } from "./scheduler/node-scheduler.js";
export {
  type CertificateChange,
  checkCertificates,
  joinPrepared,
  type PreparedCertificates,
  type RenewableCertificates,
} from "./serve/certificates.js";
export type { EngineStats, LimitStats } from "./serve/engine-stats.js";
export { isLoopback } from "./serve/instance-access.js";
export type { ListenerStats } from "./serve/listener-stats.js";
export type { PolicyStats } from "./serve/policy-stats.js";
export {
  type DrainResult,
  type InFlight,
  type OperatorVerbs,
  type RouterPhase,
  type RouterServer,
  type ServeRegistrationOptions,
  type ServeRouterOptions,
  type ServeTls,
  serveRouter,
} from "./serve/serve-router.js";
export { createSocketTransport, type SocketTransport, type SocketTransportOptions } from "./socket/socket-transport.js";
export {
  createSystemdNotifier,
  type SystemdNotifier,
  type SystemdNotifierOptions,
} from "./systemd/systemd-notifier.js";
export type { NamedCertificate } from "./tls/server-names.js";
export { type ExportTracesOptions, exportTraces, type TracesExport } from "./trace/export-traces.js";
