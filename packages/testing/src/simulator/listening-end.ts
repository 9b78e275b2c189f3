// SPDX-License-Identifier: Apache-2.0
import type { Transport, TransportSink } from "@grpc-router/http2";
import type { DuplexEnd } from "../duplex.js";
import type { SimLink } from "./sim-link.js";

/** The left end of a link; `onRead` runs behind whatever has come there. */
export function createListeningEnd({ leftEnd }: SimLink, onRead: () => void): Transport & Pick<DuplexEnd, "deliverTo"> {
  return {
    peer: leftEnd.peer,
    write: (bytes, length) => leftEnd.write(bytes, length),
    end: () => leftEnd.end(),
    destroy: () => leftEnd.destroy(),
    setReading: (reading) => leftEnd.setReading(reading),
    deliverTo(sink: TransportSink) {
      leftEnd.deliverTo({
        receive(bytes, start, end) {
          sink.receive(bytes, start, end);
          onRead();
        },
        drained: () => sink.drained(),
        ended() {
          sink.ended();
          onRead();
        },
        closed(error) {
          sink.closed(error);
          onRead();
        },
      });
    },
  };
}
