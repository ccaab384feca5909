/** The registry host (with port) of an image reference; `undefined` when it means Docker Hub. */
export function imageHost(image: string): string | undefined {
  const slash = image.indexOf('/');
  if (slash < 0) return undefined;
  const first = image.slice(0, slash);
  // Docker's own rule: the first part is a host when it has a dot or a port, or is localhost.
  return first.includes('.') || first.includes(':') || first === 'localhost' ? first : undefined;
}

const ecrHost = /^\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/;

/** Our registry as programs in tasks know it: by the endpoint that their environment names. */
const registryInTasks = '169.254.170.2:4566';

/**
 * Whether an image lies in ECR: under its canonical name, or at our own registry, whose host and port are
 * `registryHost` (`127.0.0.1:4566`; `localhost` with the same port is the same registry), or as tasks name it.
 */
export function isEcrImage(image: string, registryHost: string): boolean {
  const host = imageHost(image);
  if (host === undefined) return false;
  return (
    ecrHost.test(host) || host === registryInTasks || host === registryHost || loopback(host) === loopback(registryHost)
  );
}

function loopback(host: string): string {
  return host.replace(/^localhost(?=:|$)/, '127.0.0.1');
}

/** The image of a digest in the repository of an image reference. */
export function atDigest(image: string, digest: string): string {
  return `${image.replace(/@.*$/, '').replace(/:[^:/]*$/, '')}@${digest}`;
}
