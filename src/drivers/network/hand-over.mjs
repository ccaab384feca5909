// Opens one socket in the network namespace that this process was started in and hands it to its parent, which serves on
// it from its own namespace: a socket belongs for ever to the namespace it was made in. Arguments: protocol, address, port.
// `connect` opens a connection instead, to an address or to a name that the fourth argument's name server knows.
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { createServer, isIP, Socket } from 'node:net';

const [protocol, address, port, nameServer] = process.argv.slice(2);
const give = (socket) => process.send('open', socket, () => process.disconnect());
const fail = (error) => process.send({ failed: error.message }, () => process.exit(1));

if (protocol === 'tcp') {
  const server = createServer().on('error', fail);
  server.listen({ host: address, port: Number(port), exclusive: true, backlog: 511 }, () => give(server));
} else if (protocol === 'connect') {
  // Paused from the start: whatever the other end says first is the parent's to read.
  const socket = new Socket().pause().on('error', fail);
  const connect = (host) => socket.connect({ host, port: Number(port), autoSelectFamily: false }, () => give(socket));
  if (isIP(address)) connect(address);
  else {
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    if (nameServer) resolver.setServers([nameServer]);
    resolver.resolve4(address).then(([first]) => connect(first), fail);
  }
} else {
  const socket = createSocket('udp4').on('error', fail);
  socket.bind({ address, port: Number(port), exclusive: true }, () => give(socket));
}
// The parent holds its own copy by now, or never will.
process.on('disconnect', () => process.exit(0));
