// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { GenRouter } from "@grpc-router/protocol/codegenv1";
import {
  createDuplex,
  createFakeScheduler,
  createRecordingLogger,
  createSeededRandom,
  createTestClient,
  type Duplex,
  type DuplexOptions,
  type FakeScheduler,
  type RecordingLogger,
  type TestClient,
  type TestClientOptions,
} from "@grpc-router/testing";
import type { MemoryGauge } from "../memory-gauge.js";
import type { RouterOptions, ServiceSettings } from "../registry/settings.js";
import { createRouter } from "../router.js";
import type { RouterCore, RouterPorts } from "../router-core.js";
import { RawInstance as Instance, type RawInstance } from "./raw-instance.suite.js";
import { type MethodName, testServiceRouter } from "./test-service.suite.js";

/** Options of `createTestRouter`. */
export interface TestRouterOptions extends RouterOptions {
  readonly settings?: ServiceSettings;
  readonly desc?: GenRouter<DescService>;
  /** Routed beside it. */
  readonly further?: GenRouter<DescService>;
  readonly furtherSettings?: ServiceSettings;
  readonly seed?: number;
  readonly memory?: MemoryGauge;
  readonly sha256?: RouterPorts["sha256"];
  readonly wallMs?: RouterPorts["wallMs"];
  readonly trace?: (line: string) => void;
  readonly inflate?: RouterPorts["inflate"];
}

/** A peer of the router, and the network between. */
export interface TestPeer {
  readonly client: TestClient;
  readonly duplex: Duplex;
}

/** A router on virtual time with the test service. */
export class TestRouter {
  readonly scheduler: FakeScheduler = createFakeScheduler();
  readonly logger: RecordingLogger = createRecordingLogger();
  readonly core: RouterCore;
  /** What the router routes. */
  readonly desc: GenRouter<DescService>;

  constructor({
    settings = {},
    desc = testServiceRouter(),
    further,
    furtherSettings = {},
    seed = 1,
    trace,
    memory,
    sha256,
    wallMs,
    inflate,
    ...options
  }: TestRouterOptions = {}) {
    const random = createSeededRandom(seed);
    this.desc = desc;
    const router = createRouter(options).service(desc, settings);
    if (further !== undefined) router.service(further, furtherSettings);
    this.core = router.open({
      scheduler: this.scheduler,
      random: random.random,
      randomBytes: (count) => new Uint8Array(count).fill(7),
      logger: this.logger,
      trace,
      memory,
      sha256,
      wallMs,
      inflate,
    });
  }

  /** A connection to the router, of a client or an instance. */
  connect(options: DuplexOptions & TestClientOptions = {}): TestPeer {
    const { initialWindowBytes = 1_048_576, ...duplexOptions } = options;
    const duplex = createDuplex(this.scheduler, duplexOptions);
    duplex.right.deliverTo(this.core.accept(duplex.right));
    return { client: createTestClient(duplex.left, this.scheduler, { initialWindowBytes }), duplex };
  }

  /** A registered instance on a connection of its own. */
  instance(
    hello: Parameters<RawInstance["hello"]>[0] = {},
    methods?: readonly MethodName[],
  ): RawInstance & { readonly peer: TestPeer } {
    const peer = this.connect();
    const instance = new Instance(peer.client).hello(hello, methods);
    this.run();
    return Object.assign(instance, { peer });
  }

  /** Everything that is due happens; time stands still. */
  run(): void {
    this.scheduler.runUntilIdle();
  }
}
