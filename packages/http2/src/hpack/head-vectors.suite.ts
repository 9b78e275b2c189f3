// SPDX-License-Identifier: Apache-2.0
import { HeadFault } from "./head-fault.js";
import { HeadKind } from "./head-reader.js";
import type { TextField } from "./reference-hpack.suite.js";

/** A head, what the decoder must say of it, and where that is written. */
export interface HeadVector {
  readonly title: string;
  readonly kind: HeadKind;
  readonly fields: readonly TextField[];
  readonly fault: HeadFault;
  /** RFC 9113 unless it says otherwise. */
  readonly section: string;
}

const method: TextField = [":method", "POST"];
const scheme: TextField = [":scheme", "http"];
const path: TextField = [":path", "/acme.user.v1.UserService/GetUser"];
const authority: TextField = [":authority", "router:8080"];
const pseudo = [method, scheme, path, authority] as const;
const status: TextField = [":status", "200"];

const request = (title: string, fields: readonly TextField[], fault: HeadFault, section: string): HeadVector => ({
  title,
  kind: HeadKind.request,
  fields,
  fault,
  section,
});
const regular = (title: string, field: TextField, fault: HeadFault, section: string): HeadVector =>
  request(title, [...pseudo, field], fault, section);
const response = (title: string, fields: readonly TextField[], fault: HeadFault, section: string): HeadVector => ({
  ...request(title, fields, fault, section),
  kind: HeadKind.response,
});
const trailers = (title: string, fields: readonly TextField[], fault: HeadFault, section: string): HeadVector => ({
  ...request(title, fields, fault, section),
  kind: HeadKind.trailers,
});

const names: readonly HeadVector[] = [
  regular("an empty name", ["", "x"], HeadFault.nameEmpty, "8.2.1"),
  regular("an upper-case letter", ["X-Trace", "x"], HeadFault.nameUppercase, "8.2.1"),
  regular("a known name in upper case", ["TE", "trailers"], HeadFault.nameUppercase, "8.2.1"),
  regular("a space in the name", ["x trace", "x"], HeadFault.nameInvalid, "8.2.1"),
  regular("a colon in the name", ["x:trace", "x"], HeadFault.nameInvalid, "8.2.1"),
  regular("a control in the name", ["x\x01", "x"], HeadFault.nameInvalid, "8.2.1"),
  regular("DEL in the name", ["x\x7f", "x"], HeadFault.nameInvalid, "8.2.1"),
  regular("an octet above 7f in the name", ["x\xe4", "x"], HeadFault.nameInvalid, "8.2.1"),
  regular("every token character", ["!#$%&'*+-.^_`|~09az", "x"], HeadFault.none, "8.2.1"),
];

const values: readonly HeadVector[] = [
  regular("NUL in the value", ["x", "a\0b"], HeadFault.valueInvalid, "8.2.1"),
  regular("CR in the value", ["x", "a\rb"], HeadFault.valueInvalid, "8.2.1"),
  regular("LF in the value", ["x", "a\nb: c"], HeadFault.valueInvalid, "8.2.1"),
  regular("a space before the value", ["x", " a"], HeadFault.valuePadded, "8.2.1"),
  regular("a space behind the value", ["x", "a "], HeadFault.valuePadded, "8.2.1"),
  regular("a tab before the value", ["x", "\ta"], HeadFault.valuePadded, "8.2.1"),
  regular("a tab behind the value", ["x", "a\t"], HeadFault.valuePadded, "8.2.1"),
  regular("an empty value", ["x", ""], HeadFault.none, "8.2.1"),
  regular("spaces within the value, and octets above 7f", ["x", "a b\tc\xff"], HeadFault.none, "8.2.1"),
];

const pseudoFields: readonly HeadVector[] = [
  request("the four pseudo fields", pseudo, HeadFault.none, "8.3.1"),
  request("pseudo fields in another order", [path, authority, scheme, method], HeadFault.none, "8.3"),
  request("an unknown pseudo field", [...pseudo, [":color", "red"]], HeadFault.pseudoUnknown, "8.3"),
  request("a pseudo field without a name", [...pseudo, [":", "x"]], HeadFault.pseudoUnknown, "8.3"),
  request(
    ":protocol, which we never offered",
    [...pseudo, [":protocol", "websocket"]],
    HeadFault.pseudoUnknown,
    "8.3, RFC 8441",
  ),
  request("a response's pseudo field", [...pseudo, status], HeadFault.pseudoMisplaced, "8.3"),
  request("a pseudo field behind others", [method, scheme, ["te", "trailers"], path], HeadFault.pseudoLate, "8.3"),
  request("a pseudo field behind an unknown one", [method, scheme, ["x", "y"], path], HeadFault.pseudoLate, "8.3"),
  ...pseudo.map((field) => request(`${field[0]} repeated`, [...pseudo, field], HeadFault.pseudoRepeated, "8.3, 8.3.1")),
  request("no :method", [scheme, path, authority], HeadFault.methodMissing, "8.3.1"),
  request("no :scheme", [method, path, authority], HeadFault.schemeMissing, "8.3.1"),
  request("no :path", [method, scheme, authority], HeadFault.pathMissing, "8.3.1"),
  request("no field at all", [], HeadFault.methodMissing, "8.3.1"),
  request("no :authority", [method, scheme, path], HeadFault.none, "8.3.1"),
  request("an empty :path", [method, scheme, [":path", ""]], HeadFault.pathInvalid, "8.3.1"),
  request("a space in :path", [method, scheme, [":path", "/a HTTP/1.1"]], HeadFault.pathInvalid, "8.3.1"),
  request("a control in :path", [method, scheme, [":path", "/a\x0b"]], HeadFault.pathInvalid, "8.3.1"),
  request("an empty :method", [[":method", ""], scheme, path], HeadFault.methodInvalid, "8.3.1"),
  request("a space in :method", [[":method", "GET /"], scheme, path], HeadFault.methodInvalid, "8.3.1"),
  request("an empty :scheme", [method, [":scheme", ""], path], HeadFault.schemeInvalid, "8.3.1"),
  request("a digit before :scheme", [method, [":scheme", "1http"], path], HeadFault.schemeInvalid, "8.3.1"),
  request("a slash in :scheme", [method, [":scheme", "http://x/?"], path], HeadFault.schemeInvalid, "8.3.1"),
  request("a scheme with all it may have", [method, [":scheme", "Ab1+-."], path], HeadFault.none, "8.3.1"),
  request("a user in :authority", [...pseudo.slice(0, 3), [":authority", "me@x"]], HeadFault.authorityInvalid, "8.3.1"),
  request("a path in :authority", [...pseudo.slice(0, 3), [":authority", "x/y"]], HeadFault.authorityInvalid, "8.3.1"),
  request("a space in :authority", [...pseudo.slice(0, 3), [":authority", "x y"]], HeadFault.authorityInvalid, "8.3.1"),
];

const connectMethod: TextField = [":method", "CONNECT"];

const connectRequests: readonly HeadVector[] = [
  request("CONNECT with :authority", [connectMethod, authority], HeadFault.none, "8.5"),
  request("CONNECT without :authority", [connectMethod], HeadFault.connectInvalid, "8.5"),
  request("CONNECT with :path", [connectMethod, authority, path], HeadFault.connectInvalid, "8.5"),
  request("CONNECT with :scheme", [connectMethod, authority, scheme], HeadFault.connectInvalid, "8.5"),
  request("CONNECX, which is another method", [[":method", "CONNECX"], authority], HeadFault.schemeMissing, "8.3.1"),
];

const connectionFields: readonly HeadVector[] = [
  regular("connection", ["connection", "close"], HeadFault.connectionSpecific, "8.2.2"),
  regular("keep-alive", ["keep-alive", "timeout=5"], HeadFault.connectionSpecific, "8.2.2"),
  regular("proxy-connection", ["proxy-connection", "keep-alive"], HeadFault.connectionSpecific, "8.2.2"),
  regular("transfer-encoding", ["transfer-encoding", "chunked"], HeadFault.connectionSpecific, "8.2.2"),
  regular("upgrade", ["upgrade", "h2c"], HeadFault.connectionSpecific, "8.2.2"),
  regular("te: trailers", ["te", "trailers"], HeadFault.none, "8.2.2"),
  regular("te: Trailers", ["te", "Trailers"], HeadFault.none, "8.2.2, RFC 9110 10.1.4"),
  regular("te: gzip", ["te", "gzip"], HeadFault.teInvalid, "8.2.2"),
  regular("te: trailers, deflate", ["te", "trailers, deflate"], HeadFault.teInvalid, "8.2.2"),
  response("a response with connection", [status, ["connection", "close"]], HeadFault.connectionSpecific, "8.2.2"),
  trailers(
    "trailers with transfer-encoding",
    [["transfer-encoding", "chunked"]],
    HeadFault.connectionSpecific,
    "8.2.2",
  ),
];

const hosts: readonly HeadVector[] = [
  regular("host like :authority", ["host", "router:8080"], HeadFault.none, "8.3.1"),
  regular("host like :authority in upper case", ["host", "Router:8080"], HeadFault.none, "8.3.1"),
  regular("host unlike :authority", ["host", "other:8080"], HeadFault.hostMismatch, "8.3.1"),
  regular("host of another length", ["host", "router"], HeadFault.hostMismatch, "8.3.1"),
  regular("a user in host", ["host", "me@router:8080"], HeadFault.authorityInvalid, "8.3.1"),
  request("host alone", [method, scheme, path, ["host", "a"]], HeadFault.none, "8.3.1"),
  request(
    "host repeated",
    [method, scheme, path, ["host", "a"], ["host", "a"]],
    HeadFault.hostRepeated,
    "RFC 9110 7.2",
  ),
];

const contentLengths: readonly HeadVector[] = [
  regular("content-length: 12", ["content-length", "12"], HeadFault.none, "8.1.1"),
  regular("content-length of 15 digits", ["content-length", "9".repeat(15)], HeadFault.none, "8.1.1"),
  regular("content-length of 16 digits", ["content-length", "9".repeat(16)], HeadFault.contentLengthInvalid, "8.1.1"),
  regular("an empty content-length", ["content-length", ""], HeadFault.contentLengthInvalid, "8.1.1"),
  regular("content-length: -1", ["content-length", "-1"], HeadFault.contentLengthInvalid, "8.1.1"),
  regular("content-length: 0x10", ["content-length", "0x10"], HeadFault.contentLengthInvalid, "8.1.1"),
  regular("content-length: 5, 5", ["content-length", "5, 5"], HeadFault.contentLengthInvalid, "RFC 9110 8.6"),
  request(
    "content-length repeated",
    [...pseudo, ["content-length", "5"], ["content-length", "5"]],
    HeadFault.contentLengthRepeated,
    "RFC 9110 8.6",
  ),
];

const responsesAndTrailers: readonly HeadVector[] = [
  response("a response", [status, ["content-type", "application/grpc"]], HeadFault.none, "8.3.2"),
  response("an interim response", [[":status", "103"]], HeadFault.none, "8.1"),
  response("no :status", [["content-type", "application/grpc"]], HeadFault.statusMissing, "8.3.2"),
  response("an empty response", [], HeadFault.statusMissing, "8.3.2"),
  response(":status repeated", [status, status], HeadFault.pseudoRepeated, "8.3"),
  response(":status behind others", [["server", "x"], status], HeadFault.pseudoLate, "8.3"),
  response("a request's pseudo field", [status, path], HeadFault.pseudoMisplaced, "8.3"),
  response(":status of two digits", [[":status", "20"]], HeadFault.statusInvalid, "8.3.2"),
  response(":status of four digits", [[":status", "2000"]], HeadFault.statusInvalid, "8.3.2"),
  response(":status with a letter", [[":status", "2x0"]], HeadFault.statusInvalid, "8.3.2"),
  response(":status 099", [[":status", "099"]], HeadFault.statusInvalid, "8.3.2, RFC 9110 15"),
  response(":status 101", [[":status", "101"]], HeadFault.statusInvalid, "8.6"),
  trailers("trailers", [["grpc-status", "0"]], HeadFault.none, "8.1"),
  trailers("empty trailers", [], HeadFault.none, "8.1"),
  trailers("trailers with :status", [status], HeadFault.pseudoMisplaced, "8.3"),
  trailers("trailers with :path", [path], HeadFault.pseudoMisplaced, "8.3"),
];

/** Heads by what RFC 9113 section 8 says of them. */
export const headVectors: readonly HeadVector[] = [
  ...names,
  ...values,
  ...pseudoFields,
  ...connectRequests,
  ...connectionFields,
  ...hosts,
  ...contentLengths,
  ...responsesAndTrailers,
];
