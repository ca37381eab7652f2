// What we send: a microphone and maybe a camera, switched on and off, turned round, opened anew when they are taken away.
// Tells `track` (kind, track) and `changed`.
class Sending extends Teller {
  constructor(isVideo) {
    super();
    Object.assign(this, { isVideo, facing: 'user', step: 0, audio: null, video: null, isReady: false });
    this.isMuted = this.isCameraOff = this.isSoundOnly = this.isAskedForSound = false;
    this.opening = 0;
  }

  // Returns what was lacking, or throws when there is no microphone either. The latest press counts.
  async open(withCamera) {
    const turn = this.opening += 1;
    const { stream, lack } = await devices.open({ video: withCamera, facing: this.facing });
    if (turn !== this.opening) { stream.getTracks().forEach((track) => track.stop()); return null; }
    this.take('audio', stream.getAudioTracks()[0] || null);
    this.take('video', stream.getVideoTracks()[0] || null);
    this.isCameraOff = !this.video;
    this.isReady = true;
    this.tell('changed');
    return lack;
  }

  get own() { return { audio: this.audio, video: this.video }; }

  get isShown() { return Boolean(this.video) && !this.isCameraOff && !this.isHeldBack; }

  // The camera is on, and yet its picture does not go out.
  get isHeldBack() { return this.isSoundOnly || this.isAskedForSound || this.isWeak; }

  get isWeak() { return this.step === quality.OFF; }

  get state() {
    return { audio: Boolean(this.audio) && !this.isMuted, video: this.isShown, weak: this.isWeak && !this.isCameraOff, soundOnly: this.isSoundOnly };
  }

  take(kind, track) {
    if (this[kind] && this[kind] !== track) { this[kind].onended = null; this[kind].stop(); }
    this[kind] = track;
    if (track) track.onended = () => this.reopen(kind);
    if (kind === 'audio' && track) track.enabled = !this.isMuted;
    this.tell('track', kind, track);
  }

  // A headset was unplugged, a phone call came in, the phone was asleep.
  async reopen(kind) {
    if (kind === 'video' && this.isCameraOff) return;
    try {
      this.take(kind, kind === 'audio' ? await devices.microphone() : await devices.camera(this.facing));
    } catch (error) {
      this.take(kind, null);
      if (kind === 'video') this.isCameraOff = true;
    }
    this.tell('changed');
  }

  reopenEnded() {
    ['audio', 'video'].forEach((kind) => { if (this[kind] && this[kind].readyState === 'ended') this.reopen(kind); });
  }

  mute(isMuted) {
    this.isMuted = isMuted;
    if (this.audio) this.audio.enabled = !isMuted;
    this.tell('changed');
  }

  // Off means that its lamp goes out too. Throws when it cannot be had.
  async turnCamera(isOn) {
    if (isOn) {
      this.take('video', await devices.camera(this.facing));
      this.isSoundOnly = false;
    } else this.take('video', null);
    this.isCameraOff = !isOn;
    this.tell('changed');
  }

  // Many phones cannot open two cameras at once, so the one in use is closed first.
  async flip() {
    const before = this.facing;
    this.facing = before === 'user' ? 'environment' : 'user';
    if (!this.video) return;
    this.video.onended = null;
    this.video.stop();
    try {
      this.take('video', await devices.camera(this.facing));
    } catch (error) {
      this.facing = before;
      this.take('video', await devices.camera(before).catch(() => null));
      this.isCameraOff = !this.video;
    }
    this.tell('changed');
  }

  soundOnly(isSoundOnly) {
    this.isSoundOnly = isSoundOnly;
    this.tell('changed');
  }

  // What the link carries now; the sender is the peer's.
  apply(sender) {
    if (!this.video) return Promise.resolve();
    return quality.apply(sender, this.video, this.isHeldBack ? quality.OFF : this.step).catch(() => {});
  }

  stop() {
    this.opening += 1;
    ['audio', 'video'].forEach((kind) => { if (this[kind]) { this[kind].onended = null; this[kind].stop(); } });
    this.audio = this.video = null;
  }
}
