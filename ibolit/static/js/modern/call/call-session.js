// One page in a call: joins what is sent, what is heard and what is seen, and says what is going on.
import * as devices from '../lib/devices.js';
import { Peer } from '../lib/peer.js';
import { Signaling } from '../lib/signaling.js';
import { ChatPanel, fetchScript } from './chat-panel.js';
import { ConnectionHelp } from './connection-help.js';
import { Controls } from './controls.js';
import { Duration } from './duration.js';
import { Joining } from './joining.js';
import { LeaveDialog } from './leave-dialog.js';
import { Awake, LinkMonitor } from './link-monitor.js';
import { LocalMedia } from './local-media.js';
import { NamedParts } from './named-parts.js';
import { PatientPanel } from './patient-panel.js';
import { Playback } from './playback.js';
import { SelfView } from './self-view.js';
import { StatusLine } from './status-line.js';
import { showInApp, showTrouble } from './trouble.js';

class CallSession {
  constructor(main) {
    const data = main.dataset;
    this.main = main;
    this.data = data;
    this.isVideo = data.kind === 'video';
    this.began = performance.now();
    this.parts = new NamedParts(main);
    this.localMedia = new LocalMedia(this.isVideo);
    this.monitor = new LinkMonitor(data.report);
    this.chat = new ChatPanel(this.parts);
    this.patient = new PatientPanel(this.parts);
    this.leaveDialog = new LeaveDialog(this);
    this.own = new SelfView(this.parts.get('own'), this.main.querySelector('.call__view'));
    this.remote = this.parts.get('remote');
    this.playback = new Playback(this.remote);
    this.duration = new Duration(this);
    this.status = new StatusLine(this);
    this.help = new ConnectionHelp(this);
    this.joining = new Joining(this);
    this.theirs = {};
    this.isPresent = this.isOver = this.isLost = this.isSilent = this.wasWelcome = false;
    this.heard = [];
    this.listen();
  }

  get isTalking() { return Boolean(this.peer) && this.peer.state !== 'new' && !this.isOver; }

  get isConnected() { return Boolean(this.peer) && this.peer.state === 'connected'; }

  // Both are here and want to talk, and nothing has come about yet, or not again.
  get isSeeking() { return this.isPresent && !this.isLost && !this.isConnected && this.isTalking && !this.theirs.waits; }

  enter() {
    this.awake = new Awake();
    this.controls = new Controls(this);
    this.ticking = setInterval(() => this.tick(), 1000);
    this.connect();
    this.joining.start();
    this.patient.begin();
    this.show();
  }

  tick() {
    this.duration.show();
    this.help.look();
  }

  unveil(isStage) {
    this.parts.show('stage', isStage);
    this.parts.show('plain', !isStage);
    const title = this.parts.get('plain-title'); // of an engine that cannot call, which this is not
    if (title) title.textContent = title.getAttribute('data-able');
    this.main.classList.toggle('call--on', isStage);
    const phone = this.main.querySelector('.call-phone'), place = this.main.querySelector(isStage ? '.call__bottom' : '.call__plain .content');
    if (phone) place.insertBefore(phone, place.firstChild); // a wish to be phoned is seen in both
  }

  // Signaling

  connect() {
    const signaling = this.signaling = new Signaling(this.data.signal), words = (kind) => (body, page) => {
      if (this.peer && page === this.page) this.peer.accept(kind, body);
    };
    ['offer', 'answer', 'candidate', 'want-offer'].forEach((kind) => signaling.on(kind, words(kind)));
    signaling.on('welcome', (body) => this.welcome(body))
      .on('peer-joined', (body) => this.meet(body.page))
      .on('peer-left', (body) => this.part(body.page, false, 'vanished'))
      .on('bye', (body, page) => this.part(page, true, body.closed ? 'closed' : ''))
      .on('media', (body, page) => { if (page === this.page) this.hear(body); })
      .on('taken-over', (body) => this.giveUp(body.sameDevice))
      .on('ended', (body) => this.go(body.to || this.data.card))
      .on('signed-out', () => ibolit.go())
      .on('closed', () => { this.losing = setTimeout(() => { this.isLost = true; this.show(); }, 2000); })
      .on('unwelcome', () => this.askWhy());
  }

  welcome(body) {
    clearTimeout(this.losing);
    this.isLost = false;
    this.ice = body.ice;
    this.leads = body.leads;
    this.duration.follow(body);
    if (this.peer) this.peer.setIce(body.ice);
    if (!this.wasWelcome && body.media) this.joining.follow(body.media);
    this.wasWelcome = true;
    this.isPresent = Boolean(body.peer);
    if (body.peer) this.meet(body.peer);
    else if (this.peer && !this.isConnected) this.peer.reset();
    this.show();
  }

  meet(page) {
    this.isPresent = true;
    this.status.gone = '';
    if (this.peer && this.page === page) {
      if (this.peer.isStarted) this.peer.refresh(); else this.begin();
    } else {
      if (this.peer) this.peer.close();
      this.page = page;
      this.theirs = {};
      this.peer = new Peer({ leads: this.leads, ice: this.ice, wantsVideo: this.isVideo });
      this.follow(this.peer);
      this.begin();
    }
    this.tellMedia();
    this.show();
  }

  follow(peer) {
    const mine = (act) => (...what) => { if (this.peer === peer) act(...what); };
    peer.on('signal', mine((kind, body) => this.signaling.send(kind, body)))
      .on('stream', mine((stream) => this.playback.take(stream)))
      .on('state', mine((state) => this.turn(state)));
    this.monitor.follow(peer, () => !(this.theirs.lacks || {}).audio);
  }

  begin() {
    if (this.peer && this.localMedia.isReady && !this.peer.isStarted && this.isPresent) this.peer.start(this.localMedia.own);
  }

  turn(state) {
    if (state === 'connected') {
      this.monitor.connected(performance.now() - this.began);
      this.main.dataset.setup = this.main.dataset.setup || Math.round(performance.now() - this.began);
      this.tellMedia();
      this.apply();
      if (this.leads) this.bringSharing();
    } else if (state === 'lost' && !this.isPresent) this.peer.reset();
    this.show();
  }

  // Gone for good, or only its socket: then the call goes on as long as there is sound.
  part(page, isMeant, how) {
    if (page !== this.page) return;
    if (this.isPresent) this.status.gone = how; // after its own last word no more is told of it
    this.isPresent = false;
    if (isMeant || !this.isConnected) this.peer.reset();
    this.show();
  }

  hear(body) {
    this.theirs = body;
    this.monitor.told = Number(body.heard) || 0;
    if (this.localMedia.isAskedForSound !== Boolean(body.soundOnly)) {
      this.localMedia.isAskedForSound = Boolean(body.soundOnly);
      this.apply();
      this.tellMedia();
    }
    if (this.status.isShown) this.bringSharing();
    this.show();
  }

  // What shows and what enlarges is fetched when there is a use for it; `sharing` is there then.
  bringSharing() {
    if (!this.sharing) fetchScript(this.data.sharingScript).then(() => { if (!this.isOver) ibolit.scan(this.parts.get('sharing')); }, () => {});
  }

  tellMedia() {
    const more = this.lossHeard > 0.03 ? { heard: Math.round(this.lossHeard * 1000) / 1000 } : {}, { state } = this.localMedia;
    if (this.joining.waits) more.waits = this.joining.waits;
    this.joining.keep(state);
    this.signaling.send('media', Object.assign(state, more));
  }

  apply() { return this.localMedia.apply(this.peer && this.peer.senders.video); }

  giveUp(isSameDevice) {
    this.end();
    this.main.classList.add('call--elsewhere');
    this.parts.on('again', () => ibolit.go());
    this.unveil(false);
    const title = isSameDevice ? 'Разговор продолжается в другой вкладке' : 'Разговор продолжается на другом устройстве';
    showTrouble(this.parts, { title, steps: [] });
    this.parts.buttons('again').forEach((one) => { one.textContent = 'Вернуть сюда'; });
  }

  // Let in no more: the window has closed, or one was signed out. The page itself knows where to go.
  async askWhy() {
    try {
      const answer = await fetch(location.pathname, { credentials: 'same-origin', redirect: 'manual' });
      if (answer.type === 'opaqueredirect' || answer.status === 404) this.go(this.data.card);
    } catch (error) { /* no network at all: the socket goes on trying */ }
  }

  // A leave that is under way is not redirected.
  go(to) {
    if (this.leaveDialog.isUnderWay) return;
    this.leaveDialog.mean();
    this.end();
    ibolit.go(to);
  }

  // Seen and heard

  resume() {
    if (this.isOver || document.hidden) return;
    this.playback.resume();
    this.controls.playOwn();
  }

  listen() {
    const { localMedia, monitor, chat, patient, playback } = this;
    localMedia.on('track', (kind, track) => { if (this.peer) this.peer.setTrack(kind, track).then(() => this.apply()); });
    localMedia.on('changed', () => { this.apply(); this.tellMedia(); this.show(); });
    [chat, patient, playback].forEach((one) => one.on('changed', () => this.show()));
    monitor.on('step', (step) => { localMedia.step = step; this.apply(); this.tellMedia(); this.show(); });
    localMedia.on('found', (kind) => this.status.hintOnce(kind === 'audio' ? 'Микрофон включён: вас слышно' : '', () => localMedia.isHeard));
    monitor.on('silence', (isSilent) => { this.isSilent = isSilent; this.show(); });
    monitor.on('sample', (sample) => {
      const wasLossy = this.lossHeard > 0.03;
      this.lossHeard = sample.heard;
      if (wasLossy || sample.heard > 0.03) this.tellMedia();
    });
    this.hearOf(window, 'online', () => this.moved());
    this.hearOf(window, 'pagehide', () => this.end());
    this.hearOf(window, 'pageshow', (event) => { if (event.persisted) ibolit.go(); });
    this.hearOf(document, 'visibilitychange', () => this.wake());
    [this.remote, this.parts.get('mirror')].forEach((one) => this.hearOf(one, 'pause', () => setTimeout(() => this.resume(), 300)));
    // Its other news – a guess of the speed – come many times a minute.
    const network = navigator.connection;
    let type = network && network.type;
    if (network && network.addEventListener) this.hearOf(network, 'change', () => {
      if (network.type !== type) { type = network.type; this.moved(); }
    });
  }

  hearOf(where, name, act) {
    where.addEventListener(name, act);
    this.heard.push([where, name, act]);
  }

  moved() {
    if (this.isOver) return;
    this.signaling.renew();
    if (this.isTalking) this.peer.restart();
  }

  // A phone that was locked has stopped the picture, and maybe taken the microphone.
  wake() {
    if (document.hidden || this.isOver) return;
    this.localMedia.reopenLost();
    this.resume();
    if (this.peer && !this.isConnected) this.peer.refresh();
  }

  show() {
    if (this.isOver) return;
    const { isShown } = this.status, hasPicture = (this.isVideo || isShown) && this.isConnected && this.theirs.video !== false && !this.localMedia.isSoundOnly;
    this.main.classList.toggle('call--picture', hasPicture);
    this.main.classList.toggle('call--shown', hasPicture && isShown);
    this.main.classList.toggle('call--chatting', this.chat.isOpen || this.patient.isOpen);
    this.main.dataset.state = this.peer ? this.peer.state : 'new';
    this.status.show();
    this.parts.show('sound', this.playback.needsPress);
    this.controls.show();
    if (this.sharing) this.sharing.show();
  }

  // The last message is sent before the socket closes.
  end() {
    if (this.isOver) return;
    this.signaling.send('bye', this.leaveDialog.isMeant ? {} : { closed: true });
    this.isOver = true;
    this.monitor.report();
    this.monitor.stop();
    this.signaling.close();
    if (this.peer) this.peer.close();
    this.localMedia.stop();
    if (this.sharing) this.sharing.stop();
    this.awake.stop();
    this.leaveDialog.stop();
    clearInterval(this.ticking);
    clearTimeout(this.losing);
    this.heard.forEach(([where, name, act]) => { if (name !== 'pageshow') where.removeEventListener(name, act); });
  }

  stop() {
    this.end();
    this.chat.stop();
    this.patient.stop();
    this.controls.stop();
    this.parts.stop();
  }
}

ibolit.behaviour('call', (main) => {
  const parts = main.querySelector('[data-part=stage]');
  if (!parts || !devices.can.call) {
    const plain = new NamedParts(main);
    if (!window.isSecureContext) showTrouble(plain, devices.words(null, 'both'));
    if (showInApp(plain)) showTrouble(plain, { title: 'Здесь звонок не работает', steps: ['Откройте эту страницу в браузере телефона.'] });
    plain.show('again', false);
    return undefined;
  }
  const call = new CallSession(main);
  main.call = call; // for those who look into a call: tests and the support
  call.enter();
  return () => call.stop();
});
