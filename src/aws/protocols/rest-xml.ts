import { AwsError } from '../../base/errors.ts';
import { Malformed } from '../codec/problem.ts';
import { parseDocument, readElement } from '../codec/xml-read.ts';
import { element, escapeText, writeAttributes, writeMembers } from '../codec/xml-write.ts';
import type { Operation } from '../schema/model.ts';
import type { Problem, Protocol } from './protocol.ts';
import { readRest, writeRest, type DocumentForm } from './rest.ts';

function documentOf(operation: Operation): DocumentForm {
  const { xmlns, malformedCode, malformedDocumentCode = malformedCode } = operation.service.row;
  return {
    contentType: 'application/xml',
    read(shape, body) {
      try {
        return readElement(shape, parseDocument(body.toString('utf8')));
      } catch (error) {
        if (error instanceof Malformed) throw new AwsError(malformedDocumentCode, error.message);
        throw error;
      }
    },
    write(shape, payload, value, has) {
      const inner = payload?.shape.kind === 'structure' ? payload.shape : shape;
      const values = payload === undefined ? value : (value[payload.name] as Record<string, unknown>);
      const name = payload?.traits.xmlName ?? inner.traits.xmlName ?? inner.name;
      const own = writeAttributes(inner, payload, values);
      const attributes = own.includes(' xmlns') || xmlns === undefined ? own : ` xmlns="${xmlns}"${own}`;
      const content = payload === undefined ? writeMembers(inner, values, has) : writeMembers(inner, values);
      return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, content, attributes)}`;
    },
  };
}

/** Smithy's "AWS restXml protocol". */
export const restXml: Protocol = {
  read: (operation, request) => readRest(documentOf(operation), operation, request),
  write(operation, output, requestId) {
    const answer = writeRest(documentOf(operation), operation, output);
    const ids = { 'x-amz-request-id': requestId };
    const more = operation.service.row.id === 's3' ? { 'x-amz-id-2': hostId(requestId) } : {};
    return { ...answer, headers: { ...answer.headers, ...ids, ...more } };
  },
  fail(problem, requestId) {
    const bare = problem.service?.row.id === 's3';
    const headers = { 'content-type': 'application/xml', 'x-amz-request-id': requestId, ...problem.headers };
    const body = bare ? bareError(problem, requestId) : wrappedError(problem, requestId);
    return {
      status: problem.status,
      headers: bare ? { ...headers, 'x-amz-id-2': hostId(requestId) } : headers,
      body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
    };
  },
};

function wrappedError(problem: Problem, requestId: string): string {
  const error =
    element('Type', problem.fault === 'client' ? 'Sender' : 'Receiver') + codeAndMessage(problem) + membersOf(problem);
  return element('ErrorResponse', element('Error', error) + element('RequestId', requestId));
}

/** S3 tells more of an error than its model has: the key that is not there, the region that is right. */
function bareError(problem: Problem, requestId: string): string {
  const known = problem.model?.shape.byName;
  const more = Object.entries(problem.members)
    .filter(([name, value]) => known?.has(name) !== true && value !== undefined)
    .map(([name, value]) => element(name, escapeText(String(value))));
  const about =
    element('Resource', escapeText(problem.resource)) +
    element('RequestId', requestId) +
    element('HostId', hostId(requestId));
  return element('Error', codeAndMessage(problem) + membersOf(problem) + more.join('') + about);
}

function codeAndMessage({ code, message }: Problem): string {
  return element('Code', escapeText(code)) + element('Message', escapeText(message));
}

function membersOf({ model, members }: Problem): string {
  return model === undefined ? '' : writeMembers(model.shape, members);
}

/** S3's second id of a request, which names the host that answered: there is one. */
function hostId(requestId: string): string {
  return Buffer.from(`stowage/${requestId}`).toString('base64');
}
