// Carries the words of one call between its two pages: comes back after every loss as the same page, drops what it has
// heard already. Knows no media. Tells: `welcome`, `peer-joined`, `peer-left`, the other's words by their kind, `opened`,
// `closed`, `taken-over`, `ended`, `signed-out`, and `unwelcome` when it is let in no more.
import { Emitter } from './emitter.js';
import * as sockets from './sockets.js';

export class Signaling extends Emitter {
  constructor(path, make) {
    super();
    this.page = sockets.newPage();
    this.address = sockets.address(path, this.page);
    this.make = make || ((address) => new WebSocket(address));
    this.heard = new Map();
    this.n = 0;
    this.tries = 0;
    this.isOver = false;
    this.renewed = 0;
    this.beating = setInterval(() => this.beat(), Signaling.BEAT);
    this.connect();
  }

  get isOpen() { return Boolean(this.socket) && this.socket.readyState === 1; }

  // What is said into nothing is lost: whoever cares says it again after the next welcome.
  send(kind, body) {
    if (!this.isOpen) return false;
    this.n += 1;
    this.socket.send(JSON.stringify({ kind, body, n: this.n }));
    if (kind === 'offer' || kind === 'want-offer') this.doubt();
    return true;
  }

  // A phone that changed its network keeps a socket that leads nowhere: many questions and no word back mean that.
  doubt() {
    const now = Date.now();
    if (now - this.lastWord < Signaling.SILENCE || now - this.renewed < 3 * Signaling.SILENCE) return;
    this.renewed = now;
    this.renew();
  }

  // A line that was cut without a word, or a server that hangs, is known by its silence only.
  beat() {
    if (!this.isOpen || this.isOver) return;
    if (Date.now() - this.lastWord < Signaling.SILENCE) { this.send('here', {}); return; }
    this.emit('closed', 0);
    this.renew();
  }

  // The path has changed: the old socket may not know it for minutes.
  renew() {
    if (this.isOver) return;
    this.tries = 0;
    this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    this.drop();
    if (this.isOver) return;
    const socket = this.make(this.address), mine = (act) => (event) => { if (this.socket === socket) act(event); };
    this.socket = socket;
    this.lastWord = Date.now();
    this.timer = setTimeout(() => this.later(), Signaling.SILENCE); // it neither opens nor fails
    socket.onmessage = mine((event) => this.hear(JSON.parse(event.data)));
    socket.onclose = mine((event) => this.onClose(event.code));
  }

  // Before closing: its end is of no interest any more.
  drop() {
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
  }

  hear(word) {
    this.lastWord = Date.now();
    if (word.page && this.isKnown(word)) return;
    if (word.kind === 'welcome') {
      clearTimeout(this.timer);
      this.tries = 0;
    } else if (word.kind === 'taken-over' || word.kind === 'ended') this.isOver = true;
    this.emit(word.kind, word.body || {}, word.page);
  }

  isKnown(word) {
    if (!this.heard.has(word.page)) this.heard.set(word.page, new Set());
    const known = this.heard.get(word.page);
    if (known.has(word.n)) return true;
    known.add(word.n);
    return false;
  }

  onClose(code) {
    const name = { 4008: 'taken-over', 4009: 'ended', 4404: 'ended', 4401: 'signed-out' }[code];
    if (code === 1008 || code === 1009) this.tries = Math.max(this.tries, 3); // too fast, or too much: not at once again
    const wasOver = this.isOver;
    this.isOver = wasOver || Boolean(name);
    this.emit('closed', code);
    if (name && !wasOver) this.emit(name, {});
    if (!this.isOver) this.later();
  }

  // At once, then with growing pauses, and not all phones of the clinic in the same moment.
  later() {
    clearTimeout(this.timer);
    this.drop();
    const pause = Signaling.PAUSES[Math.min(this.tries, Signaling.PAUSES.length - 1)];
    this.tries += 1;
    if (this.tries > 2) this.emit('unwelcome');
    this.timer = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }

  close() {
    this.isOver = true;
    clearTimeout(this.timer);
    clearInterval(this.beating);
    this.drop();
  }
}
Signaling.PAUSES = [0, 500, 1000, 2000, 4000, 8000]; // milliseconds
Signaling.SILENCE = 7000;
Signaling.BEAT = 3000;
