// SPDX-License-Identifier: Apache-2.0

/**
 * States of a stream (RFC 9113 section 5.1). The two reserved states are missing because nobody may push here: we
 * announce ENABLE_PUSH 0 and never push.
 *
 * ```
 *                    idle
 *                      │ sendHead / receiveHead
 *        sendEnd     open     receiveEnd
 *           ┌──────────┴──────────┐
 *  halfClosedLocal         halfClosedRemote
 *           └──────────┬──────────┘
 *        receiveEnd    │   sendEnd
 *                   closed  ◀── sendReset / receiveReset from everywhere but idle
 * ```
 */
export const StreamState = { idle: 0, open: 1, halfClosedLocal: 2, halfClosedRemote: 3, closed: 4 } as const;
export type StreamState = (typeof StreamState)[keyof typeof StreamState];

/** What moves a stream, or may arrive for it. A head is any HEADERS frame, trailers too; an end is END_STREAM on it or on DATA. */
export const StreamEvent = {
  sendHead: 0,
  sendData: 1,
  sendEnd: 2,
  sendReset: 3,
  receiveHead: 4,
  receiveData: 5,
  receiveEnd: 6,
  receiveReset: 7,
  receiveWindowUpdate: 8,
} as const;
export type StreamEvent = (typeof StreamEvent)[keyof typeof StreamEvent];

/** Instead of a state: why the event cannot be. */
export const StreamFault = {
  /** Wrong on a stream that has not begun: connection error PROTOCOL_ERROR when received. */
  notOpen: -1,
  /** The side that this comes from has ended: STREAM_CLOSED when received. */
  ended: -2,
} as const;
export type StreamFault = (typeof StreamFault)[keyof typeof StreamFault];

/** The state after `event`, or the fault that it is. */
export function nextStreamState(state: StreamState, event: StreamEvent): StreamState | StreamFault {
  return transitions[state * eventCount + event] as StreamState | StreamFault;
}

const eventCount = 9;
const { open, halfClosedLocal: local, halfClosedRemote: remote, closed } = StreamState;
const { notOpen, ended } = StreamFault;

// A row per state, a column per event, in the order of the constants.
const transitions: readonly (StreamState | StreamFault)[] = [
  // sendHead, sendData, sendEnd, sendReset, receiveHead, receiveData, receiveEnd, receiveReset, receiveWindowUpdate
  ...[open, notOpen, notOpen, notOpen, open, notOpen, notOpen, notOpen, notOpen],
  ...[open, open, local, closed, open, open, remote, closed, open],
  ...[ended, ended, ended, closed, local, local, closed, closed, local],
  ...[remote, remote, closed, closed, ended, ended, ended, closed, remote],
  // WINDOW_UPDATE and RST_STREAM may cross our own end or reset on the way.
  ...[ended, ended, ended, closed, ended, ended, ended, closed, closed],
];
