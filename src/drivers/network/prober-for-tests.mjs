// Opens and takes connections inside the network namespace it was started in, as its parent asks over IPC.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const answer = (id, result) => process.send({ id, result });
let held;

/** Serves on a port: tells whoever connects its address as seen here, then echoes. */
function listen(id, { protocol, address, port }) {
  const failed = (error) => answer(id, error.message);
  if (protocol === 'udp') {
    const socket = createSocket('udp4').on('error', failed);
    socket.on('message', (_, peer) => socket.send(peer.address, peer.port, peer.address));
    socket.bind({ address, port }, () => answer(id, true));
    return;
  }
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', (data) => socket.write(data));
    socket.write(`${socket.remoteAddress}\n`);
  });
  server.on('error', failed).listen({ host: address, port }, () => answer(id, true));
}

/** Connects and answers the address that the other end sees; undefined when patience is out. */
function tryTcp(id, { from, address, port, patienceMs }) {
  const socket = connect({ host: address, port, ...(from === undefined ? {} : { localAddress: from }) });
  const finish = once(patienceMs, (seen) => {
    socket.destroy();
    answer(id, seen);
  });
  socket.on('error', () => finish(undefined)).on('data', (data) => finish(String(data).trim()));
}

/** The same with a datagram, of `size` bytes in one packet, repeated until one is answered. */
function tryUdp(id, { from, address, port, patienceMs, size = 1 }) {
  const socket = createSocket('udp4');
  const finish = once(patienceMs, (seen) => {
    clearInterval(again);
    socket.close();
    answer(id, seen);
  });
  const send = () => socket.send('?'.repeat(size), port, address, (error) => error && finish(undefined));
  const again = setInterval(send, 300);
  socket.on('error', () => finish(undefined)).on('message', (data) => finish(String(data)));
  socket.bind({ address: from }, send);
}

/** Opens a connection that stays. */
function hold(id, { from, address, port }) {
  held = connect({ host: address, port, localAddress: from }).on('error', () => {});
  held.once('data', () => answer(id, true));
}

/** Sends something on it and waits for the echo. */
function say(id, { text }) {
  let heard = '';
  const hear = (data) => {
    heard += String(data);
    if (!heard.includes(text)) return;
    held.off('data', hear);
    answer(id, true);
  };
  held.on('data', hear).write(text);
}

function once(patienceMs, finish) {
  let done = false;
  const end = (seen) => {
    if (done) return;
    done = true;
    clearTimeout(timer);
    finish(seen);
  };
  const timer = setTimeout(() => end(undefined), patienceMs);
  return end;
}

const commands = {
  listen,
  connect: (id, details) => (details.protocol === 'udp' ? tryUdp : tryTcp)(id, details),
  hold,
  say,
};
process.on('message', ({ id, what, details }) => commands[what](id, details));
process.on('disconnect', () => process.exit(0));
process.send({ id: 0, result: true });
