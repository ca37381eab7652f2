// What is going on, in words: under the name, above the buttons, and once, politely, for who cannot see it.
import * as devices from '../lib/devices.js';

const SHOWN = new Map([['window', 'окно'], ['tab', 'вкладку'], ['screen', 'экран'], ['picture', 'картинку']]); // it may be anything
const POINTED = { window: 'это окно', tab: 'эту вкладку', screen: 'весь экран' };

export class StatusLine {
  constructor(call) {
    this.call = call;
    this.side = call.data.otherSide === 'doctor' ? { who: 'Врач', whom: 'врача' } : { who: 'Пациент', whom: 'пациента' };
    this.gone = '';      // how the other side went: closed, vanished
    this.passing = '';   // a hint that is not bound to what is lacking
    this.told = '';
  }

  // What the other side shows in place of its camera: only doctors do.
  get isShown() { return this.call.data.otherSide === 'doctor' && SHOWN.has(this.call.theirs.shares); }

  // Whether the patient sees what is shared here, and why not.
  get sharing() {
    const { localMedia, isConnected, isPresent } = this.call, what = SHOWN.get(localMedia.shares);
    if (!what) return '';
    if (!isConnected) return `${this.side.who} пока не видит ${what}: ${isPresent ? 'связи нет' : 'нет в разговоре'}`;
    if (localMedia.isAskedForSound) return `${this.side.who} просит только звук и не видит ${what}`;
    if (localMedia.isSoundOnly) return `У вас только звук: ${this.side.who.toLowerCase()} не видит ${what}`;
    if (localMedia.isWeak) return `Связь слабая: ${this.side.who.toLowerCase()} пока не видит ${what}`;
    return `${this.side.who} видит ${POINTED[localMedia.shares] || what}`;
  }

  get status() {
    const { call } = this;
    if (call.joining.waits === 'asking') return call.joining.wantsCamera ? 'Разрешите доступ к камере и микрофону' : 'Разрешите доступ к микрофону';
    if (call.isConnected) return this.whenConnected;
    if (call.isLost) return 'Нет связи с клиникой. Переподключаемся';
    if (!call.isPresent) return this.absence;
    if (call.theirs.waits === 'asking') return `${this.side.who} разрешает доступ к микрофону`;
    if (call.theirs.waits) return this.lackOf('audio');
    return call.peer && call.peer.state === 'lost' ? 'Переподключаемся' : 'Соединяем';
  }

  get whenConnected() {
    const { call } = this;
    if (call.isSilent) return 'Связь прерывается…';
    if (call.isLost) return 'Нет связи с клиникой. Разговор продолжается';
    return call.localMedia.state.weak ? 'Связь слабая: видео выключено, вас слышно' : '';
  }

  get absence() {
    const waits = `Ждём ${this.side.whom}`;
    return { closed: `Страница закрыта. ${waits}`, vanished: `${this.side.who} не на связи. Ждём` }[this.gone] || waits;
  }

  // Why nothing comes from the other side; '' when it is their own wish, or nothing is wrong.
  lackOf(kind) {
    const { whom } = this.side, isSound = kind === 'audio';
    return {
      refused: `У ${whom} ${isSound ? 'не разрешён микрофон' : 'не разрешена камера'}`,
      missing: `У ${whom} нет ${isSound ? 'микрофона' : 'камеры'}`,
      busy: `У ${whom} ${isSound ? 'микрофон занят' : 'камера занята'} другим приложением`,
      lost: `У ${whom} ${isSound ? 'пропал микрофон' : 'пропала камера'}`,
      broken: `У ${whom} не включается ${isSound ? 'микрофон' : 'камера'}`
    }[(this.call.theirs.lacks || {})[kind]] || '';
  }

  get marks() {
    const { theirs, localMedia, isConnected, isVideo } = this.call, marks = [];
    if (!isConnected) return '';
    if (theirs.audio === false) marks.push(this.lackOf('audio') || 'микрофон собеседника выключен');
    if (this.isShown && !theirs.soundOnly) marks.push(`${this.side.who} показывает ${SHOWN.get(theirs.shares)}${theirs.weak ? ', но связь слабая: пока не видно' : ''}`);
    else if (isVideo && theirs.video === false) {
      const chosen = theirs.weak ? 'у собеседника слабая связь: видео выключено' : theirs.soundOnly ? 'собеседник просит только звук' : 'камера собеседника выключена';
      marks.push(this.lackOf('video') || chosen);
    }
    if (localMedia.isSoundOnly) marks.push('у вас только звук');
    return marks.join(' · ');
  }

  // What is lacking here stays said as long as it is so.
  get hint() {
    const { lacks } = this.call.localMedia, lines = [];
    if (lacks.audio) lines.push(`${devices.title(lacks.audio, 'audio')}: вас не слышно`);
    if (lacks.video) lines.push(`${devices.title(lacks.video, 'video')}${lacks.audio ? ': вас не видно' : '. Вас слышно, но не видно.'}`);
    if (this.passing) lines.push(this.passing);
    return lines.join('. ');
  }

  // A hint of the moment, gone as soon as `isSo` is so no more.
  hintOnce(words, isSo) {
    this.passing = words;
    this.isSo = isSo || (() => true);
    this.show();
  }

  // … or after 8 seconds.
  hintForAWhile(words) {
    let isOver = false;
    this.hintOnce(words, () => !isOver);
    setTimeout(() => { isOver = true; this.call.show(); }, 8000);
  }

  show() {
    const { parts } = this.call;
    if (this.passing && !this.isSo()) this.passing = '';
    const { status, marks, hint } = this;
    parts.say('status', status);
    parts.say('marks', marks);
    parts.say('hint', hint);
    parts.show('hint', Boolean(hint));
    this.announce([status || `${this.side.who} в разговоре`, marks].filter(Boolean).join('. '));
  }

  // What lasts less than 700 ms is not announced.
  announce(words) {
    clearTimeout(this.speaking);
    if (words !== this.told) this.speaking = setTimeout(() => { this.told = words; this.call.parts.say('told', words); }, 700);
  }
}
