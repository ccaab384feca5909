import { AwsError } from '../../base/errors.ts';
import { splitCommand } from '../../model/ssm/command-line.ts';
import type { SessionPurpose } from '../../model/ssm/session.ts';

type Parameters = Readonly<Record<string, readonly string[] | undefined>>;

/** The shell of a session without a document of its own. */
const defaultDocument = 'SSM-SessionManagerRunShell';

/**
 * What a session is for, by its document ("Start a session", Systems Manager User Guide). Throws `InvalidDocument` for
 * one that is none of Session Manager's own for containers, `ValidationException` for parameters that it does not take.
 */
export function readDocument(
  name = defaultDocument,
  parameters: Parameters,
): { readonly name: string; readonly purpose: SessionPurpose } {
  const short = name.slice(name.lastIndexOf('/') + 1);
  switch (short) {
    case defaultDocument:
      take(short, parameters, []);
      return { name: short, purpose: { kind: 'command', command: ['sh'] } };
    case 'AWS-StartInteractiveCommand': {
      const { command = '' } = take(short, parameters, ['command']);
      const words = splitCommand(command);
      if (words === undefined) throw invalid('The command has a quote that is not closed.');
      return { name: short, purpose: { kind: 'command', command: words.length > 0 ? words : ['sh'] } };
    }
    case 'AWS-StartPortForwardingSession': {
      const given = take(short, parameters, ['portNumber', 'localPortNumber']);
      return { name: short, purpose: portOf('localhost', given) };
    }
    case 'AWS-StartPortForwardingSessionToRemoteHost': {
      const given = take(short, parameters, ['host', 'portNumber', 'localPortNumber']);
      // A name or an address; the document's own pattern takes nothing else.
      if (!/^[^,$^&()!;'"<>`{}[\]|#=\s]{3,255}$/.test(given['host'] ?? '')) throw badParameter('host');
      return { name: short, purpose: portOf(given['host'] ?? '', given) };
    }
    default:
      throw new AwsError('InvalidDocument', `Document with name ${name} does not exist.`);
  }
}

function portOf(host: string, given: Readonly<Record<string, string | undefined>>): SessionPurpose {
  const { portNumber = '80', localPortNumber } = given;
  if (!isPort(portNumber)) throw badParameter('portNumber');
  if (localPortNumber !== undefined && localPortNumber !== '0' && !isPort(localPortNumber)) {
    throw badParameter('localPortNumber');
  }
  return {
    kind: 'port',
    host,
    port: Number(portNumber),
    ...(localPortNumber === undefined ? {} : { localPort: localPortNumber }),
  };
}

/** The single values of the parameters that a document takes. */
function take(
  document: string,
  parameters: Parameters,
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const unknown = Object.keys(parameters).find((name) => !names.includes(name));
  if (unknown !== undefined) throw invalid(`Parameter ${unknown} is not defined in document ${document}.`);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, values = []]) => {
      if (values.length > 1) throw badParameter(name);
      return [name, values[0]];
    }),
  );
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

function badParameter(name: string): AwsError {
  return invalid(`The value of the parameter ${name} is not valid.`);
}
