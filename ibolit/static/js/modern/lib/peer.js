// Negotiates with one page of the other side and keeps the connection alive. Knows no socket and no page: its words go out
// by `signal` (kind, body), the other's come in by accept(kind, body); it tells `stream`, `state` and `restart`.
//
// One side leads: it always offers, the other answers or asks with want-offer, so glare cannot happen and the oldest
// engines (no rollback, no restartIce, no description made by itself) can do it. Every offer has the next `attempt`; a
// connection is known by its `base`, the attempt it began with. What belongs to an older attempt is dropped, so delayed,
// doubled and reordered words do no harm; what stays unanswered is said again.
import { Emitter } from './emitter.js';

const readable = (sdp) => sdp.replace(/a=extmap-allow-mixed\r?\n/g, ''); // a line that Chrome 64 and Safari 11 choke on

export class Peer extends Emitter {
  constructor({ leads, ice, wantsVideo, timeouts }) {
    super();
    Object.assign(this, { leads, ice, wantsVideo, timeouts: Object.assign({}, Peer.TIMEOUTS, timeouts) });
    this.own = { audio: null, video: null };
    this.senders = {};
    this.attempt = 0;   // of the last offer: made by the leader, taken by the other
    this.promised = 0;  // … and of the one being made
    this.heard = 0;     // the last attempt the other side has heard of
    this.base = 0;
    this.life = 0;
    this.line = Promise.resolve();
    this.early = [];    // words that came before we were ready
    this.candidates = [];
    this.state = 'new';
    this.restarts = 0;
    this.tries = 0;
  }

  // From here on it negotiates; `own` are the tracks to send, each may be null.
  start(own) {
    Object.assign(this.own, own);
    this.isStarted = true;
    const early = this.early.splice(0);
    if (this.leads) this.negotiate({ fresh: true });
    else if (!early.some((word) => word[0] === 'offer')) this.ask({ fresh: true });
    early.forEach((word) => this.accept(...word));
  }

  accept(kind, body) {
    if (this.isClosed) return;
    if (!this.isStarted) {
      if (this.early.length < 200) this.early.push([kind, body]);
      return;
    }
    if (kind === 'candidate') this.enqueue(() => this.takeCandidate(body));
    else if (kind === 'offer' && !this.leads) this.enqueue(() => this.answer(body));
    else if (kind === 'answer' && this.leads) this.enqueue(() => this.takeAnswer(body));
    else if (kind === 'want-offer' && this.leads) this.onWantOffer(body);
  }

  // The network has changed, or the call is lost: a new path is looked for, whoever leads.
  restart() {
    if (!this.isStarted || this.isClosed) return;
    if (this.leads) this.negotiate({ restart: true }); else this.ask({ restart: true });
  }

  // The words between us may have been lost for a while: what is open is said again.
  refresh() {
    if (!this.isStarted || this.isClosed) return;
    if (this.state !== 'connected') { this.tries = 0; this.recover(); } else if (this.unanswered) this.unanswered();
  }

  // A track in place of another, or none; without a question to the other side where the engine can.
  setTrack(kind, track) {
    this.own[kind] = track;
    if (!this.pc) return Promise.resolve();
    return this.enqueue(() => {
      const sender = this.senders[kind];
      if (sender && sender.replaceTrack) return sender.replaceTrack(track);
      if (!sender && !track) return undefined;
      if (sender) { this.pc.removeTrack(sender); this.senders[kind] = null; }
      if (track) this.add(this.pc, kind, track);
      if (this.leads) this.negotiate({}); else this.ask({});
      return undefined;
    });
  }

  stats() { return this.pc ? this.pc.getStats() : Promise.resolve(new Map()); }

  // Credentials of a relay live shorter than a consultation: the next restart begins with the newest.
  setIce(ice) {
    this.ice = ice;
    try {
      if (this.pc && this.pc.setConfiguration) this.pc.setConfiguration(ice);
    } catch (error) { /* this engine takes them with the next connection */ }
  }

  // The other side has left: only the count of attempts is kept, for the next beginning.
  reset() {
    this.stopRepeating();
    clearTimeout(this.watchdog);
    this.isStarted = false;
    this.early = [];
    this.wish = this.asked = null;
    this.life += 1;
    this.line = Promise.resolve(); // what a closed connection still owes is never answered
    if (this.pc) this.discard(this.pc);
    this.pc = null;
    this.setState('new');
  }

  close() {
    this.reset();
    this.isClosed = true;
  }

  // One thing after another: descriptions that overtake each other leave a connection in no state at all.
  enqueue(action) {
    const life = this.life, isCurrent = () => life === this.life;
    this.line = this.line.then(() => (isCurrent() ? action() : undefined)).catch((error) => { if (isCurrent()) this.onError(error); });
    return this.line;
  }

  onError(error) {
    this.emit('trouble', error);
    this.isBroken = true;
    this.watch(500);
  }

  // The leader's part

  negotiate(wish) {
    const isQueued = Boolean(this.wish);
    this.promised = this.attempt + 1;
    this.wish = { restart: wish.restart || (isQueued && this.wish.restart), fresh: wish.fresh || (isQueued && this.wish.fresh) };
    if (!isQueued) this.enqueue(() => this.offer());
  }

  async offer() {
    const wish = this.wish, isFresh = wish.fresh || !this.pc, attempt = this.attempt + 1;
    this.wish = null;
    this.promised = attempt;
    const pc = isFresh ? this.build(attempt) : this.pc, wants = { offerToReceiveAudio: true, offerToReceiveVideo: this.wantsVideo };
    if (wish.restart && !isFresh) { wants.iceRestart = true; this.noteRestart(); }
    const offer = await pc.createOffer(wants);
    if (pc !== this.pc) return;
    this.attempt = attempt;
    await pc.setLocalDescription(offer);
    if (pc !== this.pc) return;
    const words = { attempt, base: this.base, restart: Boolean(wish.restart), sdp: offer.sdp };
    this.repeatUntilAnswered(() => this.emit('signal', 'offer', words));
  }

  async takeAnswer({ attempt, sdp }) {
    if (attempt !== this.attempt || !this.pc || this.pc.signalingState !== 'have-local-offer') return;
    const pc = this.pc;
    await pc.setRemoteDescription({ type: 'answer', sdp: readable(sdp) });
    if (pc !== this.pc) return;
    this.stopRepeating();
    await this.takeWaiting();
  }

  // Asked before our latest offer was heard, or while it is being made: that one will do.
  onWantOffer({ attempt, restart, fresh }) {
    if (attempt >= this.promised) this.negotiate({ restart, fresh });
    else if (this.unanswered) this.unanswered();
  }

  // The other side's part

  ask(wish) {
    const before = this.asked || {};
    this.asked = { restart: Boolean(wish.restart || before.restart), fresh: Boolean(wish.fresh || before.fresh) };
    this.repeatUntilAnswered(() => this.emit('signal', 'want-offer', Object.assign({ attempt: this.heard }, this.asked)));
  }

  async answer(words) {
    const { attempt, base, restart, sdp } = words;
    this.heard = Math.max(this.heard, attempt);
    if (attempt < this.attempt) return;
    if (attempt === this.attempt && this.answered) { this.emit('signal', 'answer', this.answered); return; }
    if (!this.pc || base !== this.base) {
      if (attempt !== base) { this.ask({ fresh: true }); return; } // we have missed its beginning
      this.build(base);
    } else if (restart) this.noteRestart();
    const pc = this.pc;
    this.attempt = attempt;
    this.answered = null;
    await pc.setRemoteDescription({ type: 'offer', sdp: readable(sdp) });
    if (pc !== this.pc) return;
    await this.takeWaiting();
    const answer = await pc.createAnswer();
    await pc.setLocalDescription(answer);
    if (pc !== this.pc) return;
    this.answered = { attempt, sdp: answer.sdp };
    this.emit('signal', 'answer', this.answered);
    this.settle(attempt === base, restart);
  }

  // What was asked for has come, or is asked for again.
  settle(isFresh, isRestart) {
    const asked = this.asked;
    this.stopRepeating();
    this.asked = null;
    if (asked && !isFresh && (asked.fresh || (asked.restart && !isRestart))) this.ask(asked);
  }

  // Both parts

  repeatUntilAnswered(say) {
    this.stopRepeating();
    this.unanswered = say;
    say();
    this.repeating = setInterval(say, this.timeouts.repeat);
  }

  stopRepeating() {
    clearInterval(this.repeating);
    this.unanswered = null;
  }

  async takeCandidate({ attempt, candidate }) {
    if (attempt < this.attempt) return;
    if (attempt === this.attempt && this.isDescribed(attempt)) await this.addCandidate(candidate);
    else this.candidates.push({ attempt, candidate });
  }

  isDescribed() {
    const pc = this.pc;
    return Boolean(pc && pc.remoteDescription && pc.remoteDescription.type) && (!this.leads || pc.signalingState === 'stable');
  }

  async takeWaiting() {
    const due = this.candidates.filter((one) => one.attempt === this.attempt);
    this.candidates = this.candidates.filter((one) => one.attempt > this.attempt);
    for (const one of due) await this.addCandidate(one.candidate);
  }

  // One that came late for its generation, or of a kind the engine does not know, is no loss.
  addCandidate(candidate) { return this.pc.addIceCandidate(candidate).catch(() => {}); }

  build(base) {
    if (this.pc) this.discard(this.pc);
    const pc = new RTCPeerConnection(this.ice), mine = (act) => (event) => { if (this.pc === pc) act(event); };
    this.pc = pc;
    this.base = base;
    this.answered = null;
    this.isBroken = false;
    this.senders = {};
    this.together = new MediaStream();
    this.remote = null;
    this.theirs = {};
    pc.onicecandidate = mine((event) => {
      if (event.candidate) this.emit('signal', 'candidate', { attempt: this.attempt, candidate: plainCandidate(event.candidate) });
    });
    pc.oniceconnectionstatechange = mine(() => this.onIceState());
    if ('ontrack' in pc) pc.ontrack = mine((event) => this.show([event.track]));
    else pc.onaddstream = mine((event) => this.show(event.stream.getTracks()));
    ['audio', 'video'].forEach((kind) => { if (this.own[kind]) this.add(pc, kind, this.own[kind]); });
    if (this.state === 'new') this.setState('connecting');
    this.watch(this.timeouts.connect);
    return pc;
  }

  add(pc, kind, track) {
    if (pc.addTrack) this.senders[kind] = pc.addTrack(track, this.together);
    else pc.addStream(new MediaStream([track])); // Chrome before 64
  }

  // One stream, whatever they came in: Chrome 64 sends each in one of its own, and the picture's would leave no sound.
  show(tracks) {
    const news = tracks.filter((track) => this.theirs[track.kind] !== track);
    news.forEach((track) => { this.theirs[track.kind] = track; });
    if (news.length) this.remote = new MediaStream(Object.keys(this.theirs).map((kind) => this.theirs[kind]));
    this.emit('stream', this.remote);
  }

  discard(pc) {
    pc.onicecandidate = pc.oniceconnectionstatechange = pc.ontrack = pc.onaddstream = null;
    pc.close();
  }

  // The engine says `disconnected` also for a hiccup, so it gets three seconds; `failed` it never takes back by itself.
  onIceState() {
    const now = this.pc.iceConnectionState;
    if (now === 'connected' || now === 'completed') {
      clearTimeout(this.watchdog);
      this.tries = 0;
      this.setState('connected');
    } else if (now === 'disconnected' && this.state === 'connected') this.watch(this.timeouts.hiccup);
    else if (now === 'failed' && this.state !== 'lost') this.watch(this.state === 'connected' ? 0 : this.pause());
  }

  watch(after) {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.recover(), after);
  }

  pause() { return this.timeouts.recover[Math.min(this.tries, this.timeouts.recover.length - 1)]; }

  // A restart, and after some that did not help a new connection. While the other side has not answered there is nothing
  // to mend: it is being asked again already.
  recover() {
    if (!this.isStarted || this.isClosed) return;
    if (this.state === 'connected') this.setState('lost');
    const isStuck = this.isBroken || this.tries >= this.timeouts.stuck;
    if (this.unanswered && !isStuck) this.unanswered();
    else if (this.leads) this.negotiate({ restart: true, fresh: isStuck });
    else this.ask({ restart: true, fresh: isStuck });
    this.isBroken = false;
    this.tries = isStuck ? 0 : this.tries + 1;
    this.watch(this.pause());
  }

  noteRestart() {
    this.restarts += 1;
    this.emit('restart');
  }

  setState(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit('state', state);
  }
}
// Milliseconds, but `stuck`: so many restarts in vain.
Peer.TIMEOUTS = { repeat: 3000, hiccup: 3000, connect: 10000, recover: [3000, 3000, 4000, 6000, 8000], stuck: 6 };

function plainCandidate(one) {
  return one.toJSON ? one.toJSON() : { candidate: one.candidate, sdpMid: one.sdpMid, sdpMLineIndex: one.sdpMLineIndex };
}
