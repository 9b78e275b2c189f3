// SPDX-License-Identifier: Apache-2.0

import type { Message } from "@bufbuild/protobuf";
import { type Call, CallPhase, executionOf } from "../channel/call.js";
import { encodeBadMessage, encodeNotOneRequest } from "../channel/call-end.js";
import { failCall } from "../channel/call-life.js";
import { CallContext } from "./call-context.js";
import { decodeMessage } from "./message-decoder.js";
import { ReplyPump } from "./reply-pump.js";
import type { MethodRun } from "./served-method.js";
import { settleError, settleMessage } from "./settle.js";
import { isThenable, mayFailUnseen } from "./thenable.js";

/**
 * Starts `code`, which is the user's: at once for methods that read a stream, at half close for the others. The mark is raised before
 * anything of the user's runs (docs/channel.md section 4).
 */
export function beginCall(call: Call, code: MethodRun): void {
  if (call.phase !== CallPhase.received) return;
  const { method } = call;
  if (call.queue !== undefined) {
    run(call, code, call.queue);
    return;
  }
  if (!call.halfClosed) return;
  const bytes = call.request;
  if (bytes === undefined) {
    failCall(call, encodeNotOneRequest(method.label, "none", executionOf(call)));
    return;
  }
  let message: Message;
  try {
    message = decodeMessage(method.desc.input, bytes, call.requestStart, call.requestEnd);
  } catch (error) {
    failCall(call, encodeBadMessage(method.label, error, executionOf(call)));
    return;
  }
  call.request = undefined;
  if (call.bufferedBytes > 0) call.port.buffered(call, -call.bufferedBytes);
  run(call, code, message);
}

function run(call: Call, code: MethodRun, input: Message | AsyncIterable<Message>): void {
  call.port.accept(call);
  call.phase = CallPhase.begun;
  const context = new CallContext(call);
  call.context = context;
  let output: unknown;
  try {
    output = code(input, context);
    if (call.method.writesStream) {
      // Code that is async and no generator: refused for what it gave, whatever becomes of it.
      mayFailUnseen(output);
      call.pump = new ReplyPump(call, output as AsyncIterable<unknown>);
    }
  } catch (error) {
    settleError(call, error);
    return;
  }
  if (call.pump !== undefined) {
    // User code may have ended the call, or the bridge, before it came back.
    if (call.phase === CallPhase.begun) call.pump.pull();
    else call.pump.stop();
  } else if (isThenable(output)) {
    output.then(
      (value) => settleMessage(call, value),
      (error: unknown) => settleError(call, error),
    );
  } else settleMessage(call, output);
}
