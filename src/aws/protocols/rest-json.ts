import { jsonForm, readStructure, writeStructure } from '../codec/tree.ts';
import { errorTree, parseJson } from './aws-json.ts';
import { orSerializationError, type Protocol } from './protocol.ts';
import { readRest, writeRest, type DocumentForm } from './rest.ts';

const tree = jsonForm(true);
const document: DocumentForm = {
  contentType: 'application/json',
  read: (shape, body) => orSerializationError(() => readStructure(tree, shape, parseJson(body))),
  write(shape, payload, value, has) {
    if (payload?.shape.kind === 'structure') {
      return JSON.stringify(writeStructure(tree, payload.shape, value[payload.name] as Record<string, unknown>));
    }
    const kept = Object.fromEntries(shape.members.filter(has).map(({ name }) => [name, value[name]]));
    return JSON.stringify(writeStructure(tree, shape, kept));
  },
};

/** Smithy's "AWS restJson1 protocol". */
export const restJson: Protocol = {
  read: (operation, request) => readRest(document, operation, request),
  write(operation, output, requestId) {
    const answer = writeRest(document, operation, output);
    return { ...answer, headers: { ...answer.headers, 'x-amzn-requestid': requestId } };
  },
  fail(problem, requestId) {
    const { __type: _, ...body } = errorTree(tree, problem, false);
    const headers = {
      'content-type': document.contentType,
      'x-amzn-requestid': requestId,
      'x-amzn-errortype': problem.model?.name ?? problem.code,
    };
    return { status: problem.status, headers, body: JSON.stringify(body) };
  },
};
