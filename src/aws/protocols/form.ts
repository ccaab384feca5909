import type { WireRequest } from './protocol.ts';

/** The form of a query, wherever it stands: in the body of a POST, or in the URI. */
function formOf(request: WireRequest): URLSearchParams {
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  if (!isForm || request.body.length === 0) return request.query;
  return new URLSearchParams(request.body.toString('utf8'));
}

const forms = new WeakMap<WireRequest, URLSearchParams>();

/** `formOf`, parsed once a request. */
export function formOnce(request: WireRequest): URLSearchParams {
  let form = forms.get(request);
  if (form === undefined) forms.set(request, (form = formOf(request)));
  return form;
}
