// The check before a call: picture, voice, loudspeaker, relay, and the window it is seen in. Ten seconds; skipping is fine.
import * as devices from '../lib/devices.js';
import * as sockets from '../lib/sockets.js';
import { NamedParts } from './named-parts.js';
import { showInApp, showTrouble } from './trouble.js';

class Check {
  constructor(main) {
    this.parts = new NamedParts(main);
    this.ice = JSON.parse(main.dataset.ice);
    this.signal = main.dataset.signal;
    this.isVideo = main.dataset.kind === 'video';
    this.loudest = 0;
    this.parts.on('again', () => this.begin());
    this.parts.on('beep', () => this.beep());
    this.parts.on('heard', () => this.mark('speaker', 'good', 'Звук слышен'));
    this.parts.on('unheard', () => this.mark('speaker', 'bad', 'Прибавьте громкость, выключите беззвучный режим, проверьте наушники и нажмите «Проверить звук» ещё раз'));
  }

  start() {
    const name = showInApp(this.parts);
    if (name) showTrouble(this.parts, { title: `Вы открыли сайт внутри ${name}`, steps: ['Там звонок может не работать. Нажмите «Открыть в браузере» или скопируйте ссылку и вставьте её в браузер телефона.'] });
    if (!devices.can.call && window.isSecureContext) return; // the page itself says what to do instead
    this.parts.show('plain', false);
    if (!devices.can.call) { showTrouble(this.parts, devices.words(null, 'both')); return; }
    this.parts.show('lines', true);
    this.begin();
    this.reach();
  }

  mark(line, state, words) {
    const place = this.parts.get(line);
    place.setAttribute('data-state', state);
    place.querySelector('.check__words').textContent = words;
    this.end();
    ibolit.draw(place, { good: 'check', bad: 'alert', wait: 'clock' }[state]);
  }

  // Nothing is looked at any more; whether there was a sound only the person can say.
  end() {
    const isDone = ['camera', 'microphone', 'relay'].map((name) => this.parts.get(name)).every((one) => !one || one.getAttribute('data-state') !== 'wait');
    const link = this.parts.get('end');
    link.textContent = isDone ? 'К консультации' : 'Пропустить';
    link.classList.toggle('button--main', isDone);
  }

  async begin() {
    this.stop();
    this.parts.show('trouble', false);
    if (this.isVideo) this.mark('camera', 'wait', 'Разрешите доступ к камере');
    this.mark('microphone', 'wait', 'Разрешите доступ к микрофону');
    const { audio, video, lacks } = await devices.open({ audio: true, video: this.isVideo });
    this.stream = new MediaStream([audio, video].filter(Boolean));
    if (audio) this.hear(this.stream); else this.mark('microphone', 'bad', devices.words(lacks.audio, 'audio').title);
    if (video) this.see(this.stream);
    else if (this.isVideo) this.mark('camera', 'bad', `${devices.words(lacks.video, 'video').title}${audio ? '. Можно говорить без неё' : ''}`);
    if (lacks.audio || lacks.video) showTrouble(this.parts, devices.wordsOf(lacks));
  }

  see(stream) {
    const picture = this.parts.get('picture');
    picture.srcObject = stream;
    picture.hidden = false;
    picture.play().catch(() => {});
    this.mark('camera', 'good', 'Камера работает');
  }

  hear(stream) {
    const bar = this.parts.get('level');
    bar.parentNode.hidden = false;
    this.loudest = 0;
    this.mark('microphone', 'wait', 'Скажите что-нибудь');
    this.quiet = devices.meter(stream, (loudness) => {
      bar.style.transform = `scaleX(${loudness})`;
      if (loudness > 0.12 && this.loudest <= 0.12) this.mark('microphone', 'good', 'Микрофон вас слышит');
      this.loudest = Math.max(this.loudest, loudness);
    });
    this.waiting = setTimeout(() => {
      if (this.loudest <= 0.12) this.mark('microphone', 'bad', 'Мы вас не слышим: говорите громче или выберите другой микрофон');
    }, 8000);
  }

  beep() {
    devices.beep();
    this.parts.show('heard', true);
    this.parts.show('unheard', true);
  }

  async reach() {
    this.mark('relay', 'wait', 'Проверяем путь до клиники');
    const [found, isOpen] = await Promise.all([devices.reach(this.ice), sockets.canOpen(this.signal)]);
    const way = isOpen ? found : 'sockets';
    this.mark('relay', way === 'relay' || way === 'direct' ? 'good' : 'bad', devices.wayWords(way));
  }

  stop() {
    clearTimeout(this.waiting);
    if (this.quiet) this.quiet();
    if (this.stream) this.stream.getTracks().forEach((track) => track.stop());
    this.quiet = this.stream = null;
  }
}

ibolit.behaviour('check', (main) => {
  const check = new Check(main), leave = () => check.stop(); // or the call could not have the camera
  window.addEventListener('pagehide', leave);
  check.start();
  return () => { window.removeEventListener('pagehide', leave); leave(); };
});
