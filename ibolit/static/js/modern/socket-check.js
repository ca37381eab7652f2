// Before a call: a network that lets no socket through will carry no call either, and that is better known now.
import * as sockets from './lib/sockets.js';

ibolit.behaviour('socket-check', (box) => {
  let isOver = false;
  if (window.RTCPeerConnection && navigator.onLine) sockets.canOpen(box.getAttribute('data-signal')).then((is) => { if (!isOver) box.hidden = is; });
  return () => { isOver = true; };
});
