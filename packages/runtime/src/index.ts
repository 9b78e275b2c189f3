// SPDX-License-Identifier: Apache-2.0

// The schema of server reflection, for clients of it (the CLI).
export { ServerReflection } from "./gen/grpc/reflection/v1/reflection_pb.js";
export { ServerReflection as ServerReflectionAlpha } from "./gen/grpc/reflection/v1alpha/reflection_pb.js";
