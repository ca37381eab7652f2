// What we send: a microphone and maybe a camera, switched on and off, turned round, opened anew when they are taken away;
// in place of the camera, for a while, what is shared: a window, a tab, a screen, a picture.
// What is wanted and cannot be had stands in `lacks`: refused, missing, busy, lost, broken. Tells `track` (kind, track),
// `found` (kind) and `changed`.
import * as devices from '../lib/devices.js';
import { Emitter } from '../lib/emitter.js';
import * as quality from '../lib/quality.js';

export class LocalMedia extends Emitter {
  constructor(isVideo) {
    super();
    Object.assign(this, { isVideo, facing: 'user', step: 0, audio: null, video: null, shared: null, shares: '', isReady: false });
    this.isMuted = this.isCameraOff = this.isSoundOnly = this.isAskedForSound = false;
    this.lacks = { audio: '', video: '' };
    this.trying = {};
    this.opening = 0;
  }

  // Returns the errors of what was lacking, or null when another press was later. Without a wanted microphone it is not
  // ready: that is asked about first.
  async open({ audio, video }) {
    const turn = this.opening += 1, found = await devices.open({ audio, video, facing: this.facing }), { lacks } = found;
    this.isReady = !lacks.audio;
    if (turn !== this.opening || !this.isReady) [found.audio, found.video].forEach((track) => { if (track) track.stop(); });
    if (turn !== this.opening) return null;
    this.lacks = { audio: lacks.audio ? devices.reason(lacks.audio) : '', video: lacks.video ? devices.reason(lacks.video) : '' };
    if (this.isReady) {
      if (this.prefersDark && found.video) { found.video.stop(); found.video = null; } // learned while it was opened
      if (!audio) this.lacks.audio = this.without || 'missing';
      this.take('audio', found.audio);
      this.take('video', found.video);
      this.isCameraOff = !this.video;
    } else this.without = this.lacks.audio; // how it is named if one enters without
    this.emit('changed');
    return lacks;
  }

  // As one was before: on this page, or on another one that was taken over.
  prefer({ muted, cameraOff, soundOnly }) {
    this.isMuted = Boolean(muted);
    this.isSoundOnly = Boolean(soundOnly);
    if (this.audio) this.audio.enabled = !this.isMuted;
    this.prefersDark = Boolean(cameraOff);
    if (cameraOff && this.video) this.take('video', null);
    if (cameraOff) this.isCameraOff = true;
    this.emit('changed');
  }

  get own() { return { audio: this.audio, video: this.shared || this.video }; }

  get isFilmed() { return Boolean(this.video) && !this.isCameraOff && !this.lacks.video; }

  get isShown() { return (Boolean(this.shared) || this.isFilmed) && !this.isHeldBack; }

  get isHeard() { return Boolean(this.audio) && !this.isMuted && !this.lacks.audio; }

  // There is a picture, and yet it does not go out.
  get isHeldBack() { return this.isSoundOnly || this.isAskedForSound || this.isWeak; }

  get isWeak() { return this.step === quality.OFF; }

  // `muted` and `cameraOff` are what was chosen; `lacks` is what cannot be helped.
  get state() {
    return {
      audio: this.isHeard, video: this.isShown, weak: this.isWeak && (Boolean(this.shared) || !this.isCameraOff), soundOnly: this.isSoundOnly, shares: this.shares,
      muted: this.isMuted, cameraOff: this.isCameraOff && !this.lacks.video, lacks: Object.assign({}, this.lacks)
    };
  }

  take(kind, track) {
    const old = this[kind];
    if (old && old !== track) this.letGo(old);
    this[kind] = track;
    if (track) {
      const mine = (act) => () => { if (this[kind] === track) act(); };
      track.onended = mine(() => this.reopen(kind));
      track.onmute = mine(() => this.lose(kind)); // by the system: a telephone call, a switch at the side of a laptop
      track.onunmute = mine(() => this.find(kind));
      const { facingMode } = kind === 'video' && track.getSettings ? track.getSettings() : {};
      if (facingMode) this.facing = facingMode; // the other one may be all there is left
    }
    if (kind === 'audio' && track) track.enabled = !this.isMuted;
    this.emit('track', kind, this.own[kind]);
  }

  // In place of the camera, which stays open: it is back as soon as nothing is shared any more. `what` is window, tab,
  // screen or picture. Where no picture is sent, as in a call of sound alone, the peer adds one and offers it.
  share(track, what) {
    if (this.shared && this.shared !== track) this.letGo(this.shared);
    this.shared = track;
    this.shares = track ? what : '';
    if (track) this.isSoundOnly = false;
    this.emit('track', 'video', this.own.video);
    this.emit('changed');
  }

  letGo(track) {
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
  }

  lose(kind, error) {
    const why = error ? devices.reason(error) : 'lost';
    this.lacks[kind] = why === 'missing' || why === 'broken' ? 'lost' : why;
    this.emit('changed');
  }

  find(kind) {
    if (!this.lacks[kind]) return;
    this.lacks[kind] = '';
    this.emit('found', kind);
    this.emit('changed');
  }

  // A headset was unplugged, a phone call came in, the phone was asleep. Its loss is told at once, whatever comes after.
  async reopen(kind) {
    if (this.trying[kind] || !this.isReady || (kind === 'video' && this.isCameraOff && !this.lacks.video)) return;
    const turn = this.opening;
    this.trying[kind] = true;
    if (!this.lacks[kind]) this.lose(kind);
    try {
      const track = kind === 'audio' ? await devices.microphone() : await devices.camera(this.facing);
      if (turn !== this.opening) { track.stop(); return; }
      this.take(kind, track);
      if (kind === 'video') this.isCameraOff = false;
      this.find(kind);
    } catch (error) {
      if (turn === this.opening) {
        this.take(kind, null);
        this.lose(kind, error);
      }
    } finally {
      this.trying[kind] = false;
    }
  }

  // What came back by itself needs no press; what was refused is not asked for again without one.
  reopenLost() {
    ['audio', 'video'].forEach((kind) => {
      const isOver = this[kind] && this[kind].readyState === 'ended';
      if (isOver || (this.lacks[kind] && this.lacks[kind] !== 'refused')) this.reopen(kind);
    });
  }

  mute(isMuted) {
    this.isMuted = isMuted;
    if (this.audio) this.audio.enabled = !isMuted;
    this.emit('changed');
  }

  // A press on the button of a microphone that is lacking wants it on.
  pressMicrophone() {
    if (!this.lacks.audio) { this.mute(!this.isMuted); return Promise.resolve(); }
    this.isMuted = false;
    return this.reopen('audio');
  }

  // Off means that its lamp goes out too. Throws when it cannot be had.
  async turnCamera(isOn) {
    if (isOn) {
      this.take('video', await devices.camera(this.facing));
      this.isSoundOnly = false;
    } else this.take('video', null);
    this.isCameraOff = !isOn;
    this.prefersDark = false;
    this.lacks.video = '';
    this.emit('changed');
  }

  // Many phones cannot open two cameras at once, so the one in use is closed first.
  async flip() {
    const before = this.facing;
    this.facing = before === 'user' ? 'environment' : 'user';
    if (!this.video) return;
    this.letGo(this.video);
    try {
      this.take('video', await devices.camera(this.facing));
    } catch (error) {
      this.facing = before;
      this.take('video', await devices.camera(before).catch(() => null));
      if (!this.video) this.lose('video');
    }
    this.emit('changed');
  }

  soundOnly(isSoundOnly) {
    this.isSoundOnly = isSoundOnly;
    this.emit('changed');
  }

  // What the link carries now; the sender is the peer's.
  apply(sender) {
    const { video } = this.own;
    if (!video) return Promise.resolve();
    return quality.apply(sender, video, this.isHeldBack ? quality.OFF : this.step, Boolean(this.shared)).catch(() => {});
  }

  stop() {
    this.opening += 1;
    ['audio', 'video', 'shared'].forEach((name) => { if (this[name]) this.letGo(this[name]); });
    this.audio = this.video = this.shared = null;
    this.shares = '';
  }
}
