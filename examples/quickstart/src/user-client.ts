// SPDX-License-Identifier: Apache-2.0
// The client that people have already: grpc-js against the service's own paths. Nothing in it knows of a router.
import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, type ClientReadableStream, credentials, Metadata } from "@grpc/grpc-js";
import { UserService } from "./gen/acme/user/v1/user_pb.js";

/** Responses of one call and the instance that gave them. */
export interface Answer<Response> {
  readonly responses: readonly Response[];
  /** The response header `x-served-by`. */
  readonly servedBy: string;
}

type Request<Name extends keyof typeof UserService.method> = MessageInitShape<
  (typeof UserService.method)[Name]["input"]
>;

const TIMEOUT_MS = 5_000;

/** Calls acme.user.v1.UserService at `address` (host:port), plaintext; each call ends within 5 s. */
export class UserClient {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  /** Unary. */
  getUser(request: Request<"getUser">) {
    const { path, write, read, message } = codec(UserService.method.getUser);
    return answered<ReturnType<typeof read>>((done) =>
      this.#client.makeUnaryRequest(path, write, read, message(request), new Metadata(), options(), done),
    );
  }

  /** Server streaming. */
  watchUsers(request: Request<"watchUsers">) {
    const { path, write, read, message } = codec(UserService.method.watchUsers);
    return collected(this.#client.makeServerStreamRequest(path, write, read, message(request), options()));
  }

  /** Client streaming. */
  importUsers(requests: readonly Request<"importUsers">[]) {
    const { path, write, read, message } = codec(UserService.method.importUsers);
    return answered<ReturnType<typeof read>>((done) => {
      const call = this.#client.makeClientStreamRequest(path, write, read, new Metadata(), options(), done);
      for (const request of requests) call.write(message(request));
      call.end();
      return call;
    });
  }

  /** Both streaming. */
  syncUsers(requests: readonly Request<"syncUsers">[]) {
    const { path, write, read, message } = codec(UserService.method.syncUsers);
    const call = this.#client.makeBidiStreamRequest(path, write, read, options());
    for (const request of requests) call.write(message(request));
    call.end();
    return collected(call);
  }

  close(): void {
    this.#client.close();
  }
}

function options() {
  return { deadline: Date.now() + TIMEOUT_MS };
}

/** What grpc-js wants to know of a method. */
function codec<Method extends DescMethod>(method: Method) {
  const input: Method["input"] = method.input;
  const output: Method["output"] = method.output;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    write: (message: MessageShape<Method["input"]>) => Buffer.from(toBinary(input, message)),
    read: (bytes: Buffer): MessageShape<Method["output"]> => fromBinary(output, bytes),
    message: (init: MessageInitShape<Method["input"]>): MessageShape<Method["input"]> => create(input, init),
  };
}

interface Emitter {
  on(event: "metadata", listener: (metadata: Metadata) => void): unknown;
}

/** A call with one response. */
function answered<Response>(
  start: (done: (error: Error | null, response?: Response) => void) => Emitter,
): Promise<Answer<Response>> {
  return new Promise((resolve, reject) => {
    let servedBy = "";
    const call = start((error, response) => {
      if (error !== null) reject(error);
      else resolve({ responses: response === undefined ? [] : [response], servedBy });
    });
    call.on("metadata", (metadata) => {
      servedBy = servedByOf(metadata);
    });
  });
}

/** A call with a stream of responses. */
function collected<Request, Response>(
  call: ClientReadableStream<Response> | ClientDuplexStream<Request, Response>,
): Promise<Answer<Response>> {
  return new Promise((resolve, reject) => {
    const responses: Response[] = [];
    let servedBy = "";
    call.on("metadata", (metadata: Metadata) => {
      servedBy = servedByOf(metadata);
    });
    call.on("data", (response: Response) => responses.push(response));
    call.on("error", reject);
    call.on("end", () => resolve({ responses, servedBy }));
  });
}

function servedByOf(metadata: Metadata): string {
  return String(metadata.get("x-served-by")[0] ?? "");
}
