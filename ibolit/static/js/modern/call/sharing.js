// What is shown in a call in place of the camera. The doctor's page shows a window, a tab or a picture; the patient's makes
// it larger. Patients show nothing: what they have belongs into the chat, where it stays for the conclusion, and nobody
// shall learn from a clinic that one's screen is shown to who asks for it.
import { Enlarging } from './enlarging.js';
import { PictureChoice } from './picture-choice.js';
import { StillPicture } from './still-picture.js';

// A window comes first in the browser's question, a whole screen not at all where it can be left out, nor this page. As
// many pixels a second as the camera has: old phones draw no more.
const WANTED = {
  video: { displaySurface: 'window', width: { max: 1600 }, height: { max: 1200 }, frameRate: { ideal: 5, max: 5 } },
  audio: false, monitorTypeSurfaces: 'exclude', selfBrowserSurface: 'exclude', surfaceSwitching: 'include', systemAudio: 'exclude'
};
const SURFACES = { browser: 'tab', monitor: 'screen' };
const FAILED = 'Показать не получилось. Попробуйте ещё раз или выберите другое окно.';
const FORBIDDEN = 'Браузеру нельзя снимать экран. Разрешите ему это в настройках компьютера и попробуйте ещё раз.';

class Sharing {
  constructor(call) {
    this.call = call;
    this.turn = 0; // of the latest press: what an earlier one brings is not shown
    const { parts } = call;
    this.choice = new PictureChoice(parts.get('pictures'), (address) => this.showPicture(address));
    parts.on('share-window', () => this.showWindow());
    parts.on('share-picture', () => { call.controls.closeMenu(); this.choice.open(); });
    parts.on('unshare', () => this.finish());
    parts.show('share-window', !call.controls.isPhone && Boolean(navigator.mediaDevices.getDisplayMedia));
    parts.show('share-picture', 'captureStream' in HTMLCanvasElement.prototype);
  }

  async showWindow() {
    const turn = this.turn += 1;
    this.call.controls.closeMenu();
    try {
      const [track] = (await navigator.mediaDevices.getDisplayMedia(WANTED)).getVideoTracks();
      if (turn !== this.turn || this.call.isOver) track.stop();
      else this.begin(track, SURFACES[track.getSettings().displaySurface] || 'window');
    } catch (error) {
      if (turn === this.turn) this.fail(error);
    }
  }

  // Whoever has closed the question needs no answer; the computer's own refusal looks the same but for its words.
  fail(error) {
    const isRefused = error.name === 'NotAllowedError', isBySystem = isRefused && /system/i.test(error.message);
    if (!isRefused || isBySystem) this.call.status.hintForAWhile(isBySystem ? FORBIDDEN : FAILED);
  }

  // Rejects when it is no picture for this browser, or does not come.
  async showPicture(address) {
    const turn = this.turn += 1, picture = await StillPicture.of(address);
    if (turn === this.turn && !this.call.isOver) this.begin(picture.begin(), 'picture');
  }

  begin(track, what) {
    if ('contentHint' in track) track.contentHint = 'detail';
    track.onended = () => this.finish(); // by the browser's own bar, or the window is closed
    this.call.localMedia.share(track, what);
  }

  finish() {
    const { parts, localMedia, status } = this.call, isHere = parts.get('sharing').contains(document.activeElement);
    if (!localMedia.shared) return;
    localMedia.share(null);
    status.hintForAWhile('Показ закончился');
    if (isHere) parts.main.querySelector('.call__summary').focus();
  }

  // Our own notices are nothing for the patient's eyes.
  show() {
    const { parts, status, localMedia } = this.call, isOn = Boolean(localMedia.shared);
    document.body.classList.toggle('page--sharing', isOn);
    parts.show('shared', isOn);
    parts.say('shared-words', status.sharing);
  }

  stop() {
    this.turn += 1;
    document.body.classList.remove('page--sharing');
  }
}

ibolit.behaviour('sharing', (section) => {
  const { call } = section.closest('#call');
  // Whose page it is the page says; who leads is known when the clinic's first word has come.
  call.sharing = section.querySelector('[data-part="pictures"]') ? new Sharing(call) : new Enlarging(call);
  call.sharing.show();
  return () => call.sharing.stop();
});
