import { serializationError } from '../codec/problem.ts';
import { jsonForm, readStructure, writeStructure, type TreeForm } from '../codec/tree.ts';
import { errorMembers, orSerializationError, type Problem, type Protocol } from './protocol.ts';

const form = jsonForm(false);

/** AWS JSON 1.0 and 1.1 (Smithy, "AWS JSON 1.0 protocol" and "AWS JSON 1.1 protocol"). */
export function awsJson(version: '1.0' | '1.1'): Protocol {
  const contentType = `application/x-amz-json-${version}`;
  return {
    read(operation, { body }) {
      const tree = body.length === 0 ? {} : parseJson(body);
      return orSerializationError(() => readStructure(form, operation.input, tree));
    },
    write(operation, output, requestId) {
      const body = JSON.stringify(writeStructure(form, operation.output, output));
      return { status: 200, headers: { 'content-type': contentType, 'x-amzn-requestid': requestId }, body };
    },
    fail(problem, requestId) {
      const headers: Record<string, string> = { 'content-type': contentType, 'x-amzn-requestid': requestId };
      addQueryError(headers, problem);
      return { status: problem.status, headers, body: JSON.stringify(errorTree(form, problem, version === '1.0')) };
    },
  };
}

/** Parses a JSON body, or says that it is none. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw serializationError('The request body is not valid JSON');
  }
}

/** `{"__type": …, "message": …}` with the error's other members. The long form of the type has the namespace before it. */
export function errorTree(form: TreeForm, problem: Problem, long: boolean): Record<string, unknown> {
  const name = problem.model?.name ?? problem.code;
  const type = long && problem.service !== undefined ? `${problem.service.namespace}#${name}` : name;
  const members = errorMembers(problem);
  const { model } = problem;
  const known = model === undefined ? {} : writeStructure(form, model.shape, members);
  return { __type: type, ...known, message: problem.message };
}

/** Services that once spoke query tell the error's old code in a header (Smithy, "awsQueryCompatible trait"). */
export function addQueryError(headers: Record<string, string>, problem: Problem): void {
  if (problem.service?.row.protocols.includes('query') !== true) return;
  const code = problem.model?.queryCode ?? problem.code;
  headers['x-amzn-query-error'] = `${code};${problem.fault === 'client' ? 'Sender' : 'Receiver'}`;
}
