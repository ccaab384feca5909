// Opens one socket in the network namespace that this process was started in and hands it to its parent, which serves on
// it from its own namespace: a socket belongs for ever to the namespace it was made in. Arguments: protocol, address, port.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const [protocol, address, port] = process.argv.slice(2);
const give = (socket) => process.send('open', socket, () => process.disconnect());
const fail = (error) => process.send({ failed: error.message }, () => process.exit(1));

if (protocol === 'tcp') {
  const server = createServer().on('error', fail);
  server.listen({ host: address, port: Number(port), exclusive: true, backlog: 511 }, () => give(server));
} else {
  const socket = createSocket('udp4').on('error', fail);
  socket.bind({ address, port: Number(port), exclusive: true }, () => give(socket));
}
// The parent holds its own copy by now, or never will.
process.on('disconnect', () => process.exit(0));
