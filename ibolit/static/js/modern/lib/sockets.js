// Sockets in this network: their addresses, and whether they pass at all. Knows no page.
// The socket of a call, for one page.
export function address(path, page) { return `${location.origin.replace(/^http/, 'ws')}${path}?page=${page}`; }

export function newPage() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (one) => one.toString(16).padStart(2, '0')).join('');
}

// Some filters let pages through and no socket. Only sure when a page does come: else there is no network at all.
export function canOpen(path, timeout) {
  return new Promise((done) => {
    const socket = new WebSocket(address(path, newPage()));
    const end = (is) => { clearTimeout(timer); socket.onopen = socket.onerror = null; socket.close(); done(is); };
    const fail = () => fetch('/healthz', { cache: 'no-store' }).then((answer) => end(!answer.ok), () => end(true));
    const timer = setTimeout(fail, timeout || 6000);
    socket.onopen = () => end(true);
    socket.onerror = fail;
  });
}
