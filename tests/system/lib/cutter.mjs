// A door of our own in front of the system's, that can be slammed: connections are cut and refused until it is opened.
import net from 'node:net';

export function cutter(port) {
  const sockets = new Set();
  let open = true;
  const server = net.createServer((socket) => {
    if (!open) return socket.destroy();
    const other = net.connect(port, '127.0.0.1');
    for (const [a, b] of [[socket, other], [other, socket]]) {
      sockets.add(a);
      a.on('error', () => {}).on('close', () => (b.destroy(), sockets.delete(a)));
      a.pipe(b);
    }
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        slam() {
          open = false;
          for (const socket of sockets) socket.destroy();
        },
        open: () => (open = true),
        close() {
          this.slam();
          server.close();
        },
      }));
  });
}
