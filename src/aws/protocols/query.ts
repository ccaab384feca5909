import { queryTree, readQuery, type QueryNode } from '../codec/query.ts';
import { element, escapeText, writeMembers } from '../codec/xml-write.ts';
import { formOnce } from './form.ts';
import type { Protocol, WireRequest } from './protocol.ts';

/** The parameters of a query that say what is asked, not with which input. */
const envelope = new Set(['Action', 'Version']);

/** The AWS query protocol: form in, XML out (Smithy, "AWS query protocol"). */
export const query: Protocol = {
  read(operation, request) {
    return readQuery({ ec2: false, refusesUnknown: false }, operation.input, parametersOf(request));
  },
  write(operation, output, requestId) {
    const { name, service } = operation;
    const result =
      operation.output.name === 'Unit' ? '' : element(`${name}Result`, writeMembers(operation.output, output));
    const metadata = element('ResponseMetadata', element('RequestId', requestId));
    const body = element(`${name}Response`, result + metadata, xmlns(service.row.xmlns));
    return { status: 200, headers: headersOf(requestId), body };
  },
  fail(problem, requestId) {
    const { model, message } = problem;
    const type = element('Type', problem.fault === 'client' ? 'Sender' : 'Receiver');
    const code = element('Code', escapeText(model?.queryCode ?? problem.code));
    const more = model === undefined ? '' : writeMembers(model.shape, problem.members, isNoMessage);
    const error = element('Error', type + code + element('Message', escapeText(message)) + more);
    const body = element('ErrorResponse', error + element('RequestId', requestId), xmlns(problem.service?.row.xmlns));
    return { status: problem.status, headers: headersOf(requestId), body };
  },
};

/** EC2's query protocol: lists are flat, the answer has no Result element (Smithy, "AWS EC2 query protocol"). */
export const ec2Query: Protocol = {
  read(operation, request) {
    const { refusesUnknown = false } = operation.service.row;
    return readQuery({ ec2: true, refusesUnknown }, operation.input, parametersOf(request));
  },
  write(operation, output, requestId) {
    // What has nothing to answer says so ("Common elements of EC2 responses").
    const members =
      operation.output.members.length === 0 ? '<return>true</return>' : writeMembers(operation.output, output);
    const content = element('requestId', requestId) + members;
    const body = element(`${operation.name}Response`, content, xmlns(operation.service.row.xmlns));
    return { status: 200, headers: headersOf(requestId), body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}` };
  },
  fail(problem, requestId) {
    const error = element('Code', escapeText(problem.code)) + element('Message', escapeText(problem.message));
    const body = element('Response', element('Errors', element('Error', error)) + element('RequestID', requestId));
    return {
      status: problem.status,
      headers: headersOf(requestId),
      body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
    };
  },
};

function parametersOf(request: WireRequest): QueryNode {
  const form = formOnce(request);
  const input = [...form].filter(([name]) => !envelope.has(name) && !isAuthentication(name));
  return queryTree(input);
}

/** A presigned query carries its signature among its parameters, an old client its access key. */
function isAuthentication(name: string): boolean {
  return name.startsWith('X-Amz-') || name === 'AWSAccessKeyId' || name.startsWith('Signature') || name === 'Timestamp';
}

function isNoMessage(member: { readonly name: string }): boolean {
  return member.name.toLowerCase() !== 'message';
}

function headersOf(requestId: string): Record<string, string> {
  return { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId };
}

function xmlns(uri: string | undefined): string {
  return uri === undefined ? '' : ` xmlns="${uri}"`;
}
