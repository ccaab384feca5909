import { parseDocument, readElement } from '../codec/xml-read.ts';
import { element, escapeText, writeAttributes, writeMembers } from '../codec/xml-write.ts';
import type { Operation } from '../schema/model.ts';
import type { Protocol } from './protocol.ts';
import { readRest, writeRest, type DocumentForm } from './rest.ts';

function documentOf(operation: Operation): DocumentForm {
  const { xmlns } = operation.service.row;
  return {
    contentType: 'application/xml',
    read: (shape, body) => readElement(shape, parseDocument(body.toString('utf8'))),
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
    return { ...answer, headers: { ...answer.headers, 'x-amz-request-id': requestId } };
  },
  fail(problem, requestId) {
    const more = problem.model === undefined ? '' : writeMembers(problem.model.shape, problem.members);
    const error =
      element('Type', problem.fault === 'client' ? 'Sender' : 'Receiver') +
      element('Code', escapeText(problem.code)) +
      element('Message', escapeText(problem.message)) +
      more;
    const body = element('ErrorResponse', element('Error', error) + element('RequestId', requestId));
    return {
      status: problem.status,
      headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
      body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
    };
  },
};
