// How one comes in: what is opened, what was switched off before and stays so, and what stands there when there is no
// microphone.
import * as devices from '../lib/devices.js';
import { showInApp, showTrouble } from './trouble.js';

export class Joining {
  constructor(call) {
    this.call = call;
    this.localMedia = call.localMedia;
    this.waits = '';        // asking, blocked: why the other side hears nothing yet
    this.wantsCamera = this.wasDark = false;
  }

  start() {
    const { kept, call } = this;
    this.wasDark = Boolean(kept.cameraOff);
    this.localMedia.prefer(kept);
    this.open({ audio: true, video: call.isVideo && !kept.cameraOff && new URLSearchParams(location.search).get('camera') !== 'off' });
  }

  // `isAgain`: after something was wrong, so it is said that one is heard now.
  async open(wanted, isAgain) {
    const { call } = this;
    this.waits = 'asking';
    this.wantsCamera = wanted.video;
    call.parts.show('trouble', false);
    call.unveil(true);
    call.tellMedia();
    call.show();
    const lacks = await this.localMedia.open(wanted);
    if (!lacks) return; // another press was later
    this.waits = this.localMedia.isReady ? '' : 'blocked';
    if (this.waits) this.block(lacks);
    else {
      this.sayHowItIs(isAgain);
      call.begin();
    }
    call.tellMedia();
    call.show();
  }

  // No microphone: what to press, and the other ways to talk.
  block(lacks) {
    const { call } = this, { parts } = call;
    call.unveil(false);
    showTrouble(parts, devices.wordsOf(lacks));
    showInApp(parts);
    // Of use only where the camera is wanting, too, and there is a microphone to be asked for alone.
    parts.show('without-camera', Boolean(lacks.video) && devices.reason(lacks.audio) !== 'missing');
    parts.show('without-microphone', true);
  }

  // What was switched off before – on this page, or on the one that was taken over – is off, and that is said.
  sayHowItIs(isAgain) {
    const { call, localMedia } = this, { isMuted, isCameraOff, lacks } = localMedia, isDark = call.isVideo && isCameraOff && !lacks.video && this.wasDark;
    if (isMuted && isDark) call.status.hintOnce('Микрофон и камера выключены, как и были', () => localMedia.isMuted && localMedia.isCameraOff);
    else if (isMuted) call.status.hintOnce('Микрофон выключен, как и был', () => localMedia.isMuted);
    else if (isDark) call.status.hintOnce('Камера выключена, как и была', () => localMedia.isCameraOff);
    else if (isAgain && !lacks.audio) call.status.hintOnce('Микрофон включён', () => localMedia.isHeard);
  }

  // The page of ours that was here before, maybe on another device.
  follow(media) {
    this.wasDark = Boolean(media.cameraOff);
    this.localMedia.prefer(media);
    if (this.localMedia.isReady) this.sayHowItIs();
    if (media.shares) this.call.status.hintForAWhile('Показ закончился: разговор открыт заново');
  }

  // Of this tab; the clinic knows better, but it forgets when it is started anew.
  get kept() {
    try {
      return JSON.parse(sessionStorage.getItem(this.call.data.signal)) || {};
    } catch (error) { return {}; }
  }

  keep({ muted, cameraOff, soundOnly }) {
    try {
      sessionStorage.setItem(this.call.data.signal, JSON.stringify({ muted, cameraOff, soundOnly }));
    } catch (error) { /* a browser that keeps nothing */ }
  }
}
