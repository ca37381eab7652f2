// Looks at the link every two seconds: what our video may be, and what is summed up for the support. Listens twice a
// second whether anything comes at all (tells `silence`). And keeps the screen awake.
import { Emitter } from '../lib/emitter.js';
import * as quality from '../lib/quality.js';

export class LinkMonitor extends Emitter {
  constructor(address) {
    super();
    this.address = address;
    this.state = quality.fresh();
    this.before = null;
    this.told = 0;      // loss of ours, as the other side measured it
    this.begin();
    this.timers = [setInterval(() => this.look(), quality.EVERY), setInterval(() => this.listen(), LinkMonitor.LISTENS), setInterval(() => this.report(), 60000)];
  }

  begin() { this.sums = { looks: 0, loss: 0, rtt: 0, restarts: 0, setup: 0, path: 'unknown' }; }

  // `expects` says whether there is a sound to be expected: also a muted microphone sends its silence.
  follow(peer, expects) {
    this.peer = peer;
    this.expects = expects;
    this.before = null;
    if (peer) peer.on('restart', () => { this.sums.restarts += 1; });
  }

  connected(after) { if (!this.sums.setup) this.sums.setup = Math.round(after); }

  async look() {
    const peer = this.peer;
    if (!peer || peer.state !== 'connected') { this.before = null; return; }
    const now = quality.numbers(await peer.stats()), before = this.before;
    this.before = now;
    if (!before || before.at >= now.at || peer !== this.peer) return;
    const sample = quality.sample(before, now, this.told);
    this.sums.looks += 1;
    this.sums.loss += sample.heard;
    this.sums.rtt += sample.rtt || 0;
    if (now.path !== 'unknown') this.sums.path = now.path;
    const was = this.state.step;
    this.state = quality.decide(this.state, sample);
    this.emit('sample', sample);
    if (this.state.step !== was) this.emit('step', this.state.step);
  }

  // The engine takes many seconds to call a path lost; silence is told before.
  async listen() {
    const peer = this.peer, now = performance.now();
    if (!peer || peer.state !== 'connected' || !this.expects()) { this.got = null; this.setSilent(false); return; }
    const { got } = quality.numbers(await peer.stats());
    if (peer !== this.peer) return;
    if (!got || !this.got || got !== this.got.bytes) this.got = { bytes: got, at: now }; // some engines do not count
    this.setSilent(now - this.got.at >= LinkMonitor.SILENCE);
  }

  setSilent(isSilent) {
    if (this.isSilent === isSilent) return;
    this.isSilent = isSilent;
    this.emit('silence', isSilent);
  }

  // A stretch of the call since the last report; the server adds them up. Survives the page that says it.
  report() {
    const { looks, loss, rtt, restarts, setup, path } = this.sums;
    if (!looks && !setup) return;
    this.begin();
    const body = ibolit.form({
      csrf_token: JSON.parse(document.body.getAttribute('hx-headers') || '{}')['X-CSRFToken'],
      setup_ms: setup,
      restarts,
      path,
      loss_permille: looks ? Math.round(1000 * loss / looks) : 0,
      rtt_ms: looks ? Math.round(1000 * rtt / looks) : 0,
      seconds: Math.round(looks * quality.EVERY / 1000)
    });
    // Not a fetch that is kept alive: in Chrome 64 such a one may have no header.
    const said = new Blob([body], { type: 'application/x-www-form-urlencoded' });
    if (navigator.sendBeacon) navigator.sendBeacon(this.address, said);
  }

  stop() { this.timers.forEach(clearInterval); }
}
// Milliseconds; together under 4 s.
LinkMonitor.SILENCE = 2500;
LinkMonitor.LISTENS = 500;

// The screen of a phone that lies before its owner falls asleep; the lock ends whenever the page is left.
export class Awake {
  constructor() {
    this.ask = () => {
      if (document.hidden || !navigator.wakeLock) return;
      navigator.wakeLock.request('screen').then((lock) => { this.lock = lock; }).catch(() => {}); // saving its battery
    };
    document.addEventListener('visibilitychange', this.ask);
    this.ask();
  }

  stop() {
    document.removeEventListener('visibilitychange', this.ask);
    if (this.lock) this.lock.release().catch(() => {});
  }
}
