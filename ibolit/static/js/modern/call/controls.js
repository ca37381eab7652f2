// The round buttons and the rest under «Ещё»: what each does, what it says, and which of them this engine can.
import * as devices from '../lib/devices.js';

export class Controls {
  constructor(call) {
    this.call = call;
    const { parts, localMedia, chat } = call;
    this.parts = parts;
    const actions = {
      microphone: () => this.pressMicrophone(),
      camera: () => this.turnCamera(),
      flip: () => localMedia.flip().then(() => this.show()),
      speaker: () => this.chooseSpeaker(),
      chat: () => chat.toggle(),
      patient: () => { this.closeMenu(); call.patient.toggle(); },
      sound: () => call.playback.press(),
      'without-camera': () => call.joining.open({ audio: true, video: false }, true),
      'without-microphone': () => call.joining.open({ audio: false, video: call.isVideo }),
      again: () => call.joining.open({ audio: true, video: call.isVideo }, true),
      'sound-only': () => { localMedia.soundOnly(!localMedia.isSoundOnly); this.closeMenu(); },
      picture: () => this.showAbove(),
      'full-screen': () => this.fillScreen()
    };
    Object.keys(actions).forEach((name) => parts.on(name, actions[name]));
    this.onPress = (event) => {
      const menu = parts.get('more'), speakers = parts.get('speakers');
      if (menu.open && !menu.contains(event.target)) menu.open = false;
      if (!speakers.hidden && !speakers.contains(event.target) && !event.target.closest('[data-do=speaker]')) speakers.hidden = true;
    };
    this.onDevices = () => { localMedia.reopenLost(); this.offer(); };
    document.addEventListener('click', this.onPress);
    if (navigator.mediaDevices.addEventListener) navigator.mediaDevices.addEventListener('devicechange', this.onDevices);
    parts.main.addEventListener('htmx:afterRequest', (event) => {
      this.closeMenu();
      if (event.detail.successful && event.target.hasAttribute('data-asks')) parts.main.querySelectorAll('form[data-asks]').forEach((one) => { one.hidden = true; });
    });
    this.offer();
  }

  get isPhone() { return devices.platform(navigator.userAgent) !== 'desktop'; }

  // Labels of devices, and their number, are told only once a microphone was allowed.
  async offer() {
    const { isPhone } = this, { remote } = this.call;
    const [cameras, speakers] = await Promise.all([devices.list('videoinput'), devices.list('audiooutput')]);
    this.parts.show('flip', isPhone && devices.can.facing && cameras.length > 1);
    this.parts.show('speaker', devices.can.speaker && speakers.length > 1);
    this.parts.show('picture', this.call.isVideo && Boolean(document.pictureInPictureEnabled || remote.webkitSetPresentationMode));
    this.parts.show('full-screen', Boolean(document.documentElement.requestFullscreen || document.documentElement.webkitRequestFullscreen));
    this.speakers = speakers;
    if (remote.sinkId && !speakers.some((one) => one.deviceId === remote.sinkId)) remote.setSinkId('').catch(() => {}); // unplugged
  }

  closeMenu() { this.parts.get('more').open = false; }

  async pressMicrophone() {
    const { localMedia, status } = this.call;
    status.hintOnce('');
    await localMedia.pressMicrophone();
    if (localMedia.lacks.audio === 'refused') status.hintOnce(devices.words({ name: 'NotAllowedError' }, 'audio').steps[0]);
  }

  async turnCamera() {
    const { localMedia, status } = this.call;
    try {
      await localMedia.turnCamera(!localMedia.video || localMedia.isCameraOff || Boolean(localMedia.lacks.video));
      status.hintOnce('');
    } catch (error) {
      const { title, steps } = devices.words(error, 'video');
      status.hintOnce(localMedia.lacks.video ? steps[0] : `${title}. ${steps[0]}`);
    }
  }

  chooseSpeaker() {
    const list = this.parts.get('speakers'), { remote } = this.call;
    list.textContent = '';
    (this.speakers || []).forEach((one, i) => {
      const button = list.appendChild(document.createElement('button'));
      button.type = 'button';
      button.className = 'call__choice';
      button.textContent = one.label || `Устройство ${i + 1}`;
      button.setAttribute('aria-pressed', String((remote.sinkId || 'default') === one.deviceId));
      button.addEventListener('click', () => { remote.setSinkId(one.deviceId).catch(() => {}); list.hidden = true; });
    });
    list.hidden = !list.hidden;
  }

  showAbove() {
    const { remote } = this.call;
    this.closeMenu();
    if (document.pictureInPictureElement) document.exitPictureInPicture();
    else if (remote.requestPictureInPicture) remote.requestPictureInPicture().catch(() => this.call.status.hintOnce('Сначала дождитесь видео собеседника'));
    else remote.webkitSetPresentationMode('picture-in-picture');
  }

  fillScreen() {
    const whole = document.documentElement;
    this.closeMenu();
    if (document.fullscreenElement || document.webkitFullscreenElement) (document.exitFullscreen || document.webkitExitFullscreen).call(document);
    else (whole.requestFullscreen || whole.webkitRequestFullscreen).call(whole);
  }

  // The label begins with the word that is seen: voice control looks for that one.
  press(action, isOff, label) {
    this.parts.buttons(action).forEach((button) => {
      button.classList.toggle('control--off', isOff);
      button.setAttribute('aria-label', label);
    });
  }

  show() {
    const { call, parts } = this, { localMedia, chat } = call;
    const isMuted = localMedia.isMuted || Boolean(localMedia.lacks.audio), hasCamera = localMedia.isFilmed;
    this.press('microphone', isMuted, isMuted ? 'Микрофон: включить' : 'Микрофон: выключить');
    this.press('camera', !hasCamera, hasCamera ? 'Камера: выключить' : 'Камера: включить');
    parts.buttons('flip').forEach((one) => { one.disabled = !hasCamera; });
    parts.buttons('sound-only').forEach((one) => one.setAttribute('aria-pressed', String(localMedia.isSoundOnly)));
    parts.main.querySelectorAll('.call__offers [data-do=without-camera]').forEach((one) => { one.hidden = !(call.joining.waits === 'asking' && call.joining.wantsCamera); });
    this.showOwn();
    this.showChat(chat);
    if (localMedia.isReady && !this.isOffered) { this.isOffered = true; this.offer(); }
  }

  // The camera as in a mirror; what is shared as the other side sees it.
  showOwn() {
    const { localMedia } = this.call, own = this.parts.get('own'), mirror = this.parts.get('mirror');
    const track = localMedia.shared || (localMedia.isFilmed ? localMedia.video : null), now = mirror.srcObject && mirror.srcObject.getVideoTracks()[0];
    own.hidden = !track;
    own.setAttribute('aria-label', `${localMedia.shared ? 'Что вы показываете' : 'Ваше изображение'}: перенести в другой угол`);
    own.classList.toggle('call__own--mirrored', !localMedia.shared && localMedia.facing === 'user');
    own.classList.toggle('call__own--held-back', Boolean(track) && localMedia.isHeldBack);
    if (!track) mirror.srcObject = null;
    else if (now !== track) {
      mirror.srcObject = new MediaStream([track]);
      this.playOwn();
    }
  }

  playOwn() {
    const mirror = this.parts.get('mirror');
    if (mirror.srcObject && mirror.paused) mirror.play().catch(() => {}); // muted: only a saved battery forbids it
  }

  showChat(chat) {
    this.parts.buttons('patient').filter((one) => one.classList.contains('control')).forEach((button) => button.setAttribute('aria-expanded', String(this.call.patient.isOpen)));
    this.parts.buttons('chat').filter((one) => one.classList.contains('control')).forEach((button) => {
      const count = button.querySelector('.control__count');
      count.hidden = !chat.unread;
      count.setAttribute('data-count', chat.unread); // drawn, not written: who says «чат» aloud presses this one
      button.setAttribute('aria-label', chat.unread ? `Чат, новых сообщений: ${chat.unread}` : 'Чат');
      button.setAttribute('aria-expanded', String(chat.isOpen));
    });
  }

  stop() {
    document.removeEventListener('click', this.onPress);
    if (navigator.mediaDevices.removeEventListener) navigator.mediaDevices.removeEventListener('devicechange', this.onDevices);
  }
}
