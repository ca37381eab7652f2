// A spoken message in place of the send button while there is nothing to send: hold and let go, or tap and tap again;
// then it is listened to, and sent or deleted.
import * as recorder from '../lib/recorder.js';
import * as timeouts from '../lib/timeouts.js';
import { uploader } from '../lib/uploader.js';
import * as voiceDrafts from '../lib/voice-drafts.js';

ibolit.behaviour('recorder', (tray) => {
  const HELD = 500, CANCELS = 80, SHORTEST = 1; // ms of a press that is held, px to the left, seconds
  const WAITS = 'Разрешите микрофон, если браузер спрашивает. Если не спрашивает, нажмите ещё раз.';
  const SENTENCES = {
    NotAllowedError: matchMedia('(display-mode: standalone)').matches
      ? 'Микрофон запрещён. Разрешите его в настройках телефона: «Приложения», iBolit, «Микрофон».'
      : 'Микрофон запрещён. Нажмите значок слева от адреса сайта, разрешите микрофон и попробуйте ещё раз.',
    NotFoundError: 'Микрофон не найден. Подключите его или напишите текстом.'
  };
  SENTENCES.OverconstrainedError = SENTENCES.NotFoundError; // so WebKitGTK says it, of a wish for any microphone
  const BUSY = 'Микрофон занят. Закройте другие приложения с ним и попробуйте ещё раз.';
  const TOO_SHORT = 'Слишком коротко. Удерживайте кнопку, пока говорите, или нажмите один раз, чтобы начать, и ещё раз в конце.';
  if (!recorder.canRecord) return undefined;

  const form = tray.closest('form'), row = form.querySelector('.composer__row'), field = form.querySelector('.composer__text');
  const send = form.querySelector('.composer__send'), files = uploader(tray.getAttribute('data-chat'));
  const button = document.createElement('button'), panel = document.createElement('div'), audio = new Audio();
  const chat = tray.getAttribute('data-chat');
  let state = 'idle', recording = null, notes = null, isCancelled = false, pressed = null, hasPointer = false, drawn = null;
  let isOverdue = false; // whoever is asked for the microphone has not answered, and may be asked again

  button.type = 'button';
  button.className = 'composer__voice';
  panel.className = 'recorder';
  panel.setAttribute('role', 'group');
  panel.setAttribute('aria-label', 'Голосовое сообщение');
  panel.innerHTML = `<button class="recorder__delete" type="button">${ibolit.icon('trash')}</button>` +
    `<button class="recorder__play" type="button" aria-label="Прослушать">${ibolit.icon('play')}</button>` +
    '<span class="recorder__facts"><span class="recorder__line"><span class="recorder__time"></span><span class="recorder__hint"></span></span>' +
    '<span class="recorder__bar"><i class="recorder__level"></i></span></span>' +
    `<button class="recorder__send" type="button" aria-label="Отправить голосовое сообщение">${ibolit.icon('send')}</button>` +
    '<span class="sr" role="status"></span>';
  const [remove, play, time, hint, level, go, status] = ['.recorder__delete', '.recorder__play', '.recorder__time', '.recorder__hint',
    '.recorder__level', '.recorder__send', '[role=status]'].map((one) => panel.querySelector(one));
  row.appendChild(panel);
  row.appendChild(button);

  function clock(seconds) {
    const whole = Math.floor(seconds);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
  }

  function spoken() { return files.items.find((one) => one.voice); }

  // «Отправить» was pressed on what is here now: on this page, or before it was left.
  function submission() {
    const one = ibolit.submissions.of(chat, 'voice'), item = spoken();
    return one && item && one.file === item.id ? one : null;
  }

  function say(sentences) { htmx.trigger(form, 'ibolit:refusal', { sentences }); }

  function fill(share) { level.style.transform = `scaleX(${Math.min(1, share)})`; }

  function show() {
    const item = spoken(), isHere = Boolean(item) && state === 'idle', isOn = state === 'recording';
    const isEmpty = !field.value.trim() && !files.items.some((one) => !one.voice);
    form.classList.toggle('composer--recording', isOn);
    form.classList.toggle('composer--recorded', isHere);
    panel.hidden = !isOn && !isHere;
    button.hidden = isHere || (!isOn && !isEmpty);
    send.hidden = !button.hidden || isHere;
    play.hidden = go.hidden = !isHere;
    remove.setAttribute('aria-label', isOn ? 'Отменить запись' : 'Удалить запись');
    const words = isOn ? 'Остановить запись' : 'Записать голосовое сообщение';
    if (button.getAttribute('aria-label') !== words) {
      button.setAttribute('aria-label', words);
      button.innerHTML = ibolit.icon(isOn ? 'stop' : 'mic');
    }
    if (isHere) showSpoken(item);
    else if (drawn) { audio.pause(); drawn = null; }
  }

  function showSpoken(item) {
    play.hidden = !item.bytes;
    go.disabled = Boolean(submission()) && item.state !== 'failed';
    if (drawn !== item && item.bytes) {
      drawn = item;
      audio.src = URL.createObjectURL(item.bytes);
      status.textContent = `Запись готова, ${clock(item.seconds || 0)}`;
    }
    if (audio.paused) time.textContent = clock(item.seconds || 0);
    hint.textContent = stateOf(item);
    if (submission()) settle(item);
  }

  function stateOf(item) {
    if (item.state === 'failed') return item.words;
    if (item.state === 'waiting') return `${item.isRefused ? 'Сервер занят' : 'Нет связи'}, продолжим сами`;
    if (submission()) return 'Отправляем…';
    return item.bytes ? 'Прослушайте и отправьте' : 'Отправьте или удалите';
  }

  function settle(item) {
    const sent = submission();
    if (item.state === 'failed' || item.state === 'done') ibolit.submissions.drop(sent);
    if (item.state !== 'done') return;
    htmx.trigger(form, 'ibolit:files-uploaded', { files: files.described([item]), alone: true, id: sent.id });
    files.release([item]);
    button.focus();
  }

  async function begin() {
    if (state === 'recording' || (state === 'asking' && !isOverdue)) return;
    state = 'asking';
    isCancelled = isOverdue = false;
    say([]);
    const own = voiceDrafts.begin(files.place), asked = recorder.start(follow, own.keep);
    timeouts.within(asked.then(() => true, () => true), false).then((isAnswered) => {
      if (isAnswered || state !== 'asking') return;
      isOverdue = true;
      say([WAITS]);
    });
    try {
      const begun = await asked;
      if (state !== 'asking') { begun.stop(); own.drop(); return; } // asked twice, and answered twice
      recording = begun;
      notes = own;
    } catch (error) {
      own.drop();
      if (state !== 'asking') return;
      state = 'idle';
      say([SENTENCES[error.name] || BUSY]);
      show();
      return;
    }
    state = 'recording';
    say([]);
    time.textContent = clock(0);
    status.textContent = 'Идёт запись';
    show();
    suggest();
    if (isCancelled) recording.stop();
    const file = await recording.file, seconds = recording.elapsed();
    state = 'idle';
    recording = pressed = null;
    const isLong = seconds >= SHORTEST && file.size;
    if (isLong && !isCancelled) files.add(file, { id: notes.id, voice: true, seconds: Math.round(seconds) }).then(notes.close);
    else notes.drop();
    if (!isLong && !isCancelled) say([TOO_SHORT]);
    fill(0);
    show();
    if (document.activeElement === document.body && !panel.hidden) go.focus();
  }

  function follow(seconds, loudness) {
    time.textContent = clock(seconds);
    fill(loudness);
  }

  function suggest() {
    hint.textContent = pressed ? '← Влево – отменить' : 'Нажмите ещё раз, чтобы закончить';
  }

  function stop() { if (recording) recording.stop(); }

  function cancel() {
    isCancelled = true;
    stop();
    status.textContent = 'Запись отменена';
  }

  function onDown(event) {
    hasPointer = true;
    if (event.button) return;
    if (state === 'recording') { stop(); return; }
    pressed = { x: event.clientX, at: Date.now() };
    button.setPointerCapture(event.pointerId);
    begin();
  }

  function onMove(event) {
    if (!pressed || state !== 'recording' || pressed.x - event.clientX < CANCELS) return;
    pressed = null;
    cancel();
  }

  // A short press is a tap: the recording goes on until the next one. So it does when the engine asked for leave meanwhile.
  function onUp() {
    if (!pressed) return;
    const isHeld = Date.now() - pressed.at > HELD && state === 'recording';
    pressed = null;
    if (isHeld) stop(); else if (state === 'recording') suggest();
  }

  // Keyboards and screen readers click without a pointer.
  function onClick() {
    if (hasPointer) { hasPointer = false; return; }
    if (state === 'recording') stop(); else begin();
  }

  function onKey(event) {
    if (event.keyCode !== 27 || state !== 'recording') return;
    cancel();
    button.focus();
  }

  function onRemove() {
    if (state === 'recording') cancel();
    else if (spoken()) {
      if (submission()) ibolit.submissions.drop(submission());
      files.cancel(spoken());
    }
    show();
    button.focus();
  }

  function onPlay() { if (audio.paused) audio.play(); else audio.pause(); }

  function onAudio() {
    play.setAttribute('aria-label', audio.paused ? 'Прослушать' : 'Пауза');
    play.innerHTML = ibolit.icon(audio.paused ? 'play' : 'pause');
  }

  function onTime() {
    const item = spoken();
    if (!item) return;
    fill(audio.ended ? 0 : audio.currentTime / (item.seconds || 1));
    time.textContent = clock(audio.ended ? item.seconds : audio.currentTime);
  }

  function onSend() {
    const item = spoken();
    ibolit.submissions.keep({
      chat, kind: 'voice', id: ibolit.pending.newId(), text: '', file: item.id, uploads: tray.getAttribute('data-uploads'), most: files.options.most
    });
    if (item.state === 'failed' || item.state === 'waiting') files.retry(item);
    show();
  }

  // What no disk takes is lost with the page.
  function onBeforeLeave(event) { if (state === 'recording' && !notes.isSafe()) event.preventDefault(); }

  const leave = files.listen((item) => { if (!item || item.voice) show(); });
  button.addEventListener('pointerdown', onDown);
  button.addEventListener('pointermove', onMove);
  button.addEventListener('pointerup', onUp);
  button.addEventListener('pointercancel', onUp);
  button.addEventListener('click', onClick);
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  remove.addEventListener('click', onRemove);
  play.addEventListener('click', onPlay);
  go.addEventListener('click', onSend);
  ['play', 'pause', 'ended'].forEach((name) => audio.addEventListener(name, onAudio));
  ['timeupdate', 'ended'].forEach((name) => audio.addEventListener(name, onTime));
  document.addEventListener('keydown', onKey);
  document.body.addEventListener('ibolit:resized', show);
  document.body.addEventListener('ibolit:before-leave', onBeforeLeave);
  show();
  return () => {
    leave();
    stop(); // what was said so far is kept with the other unsent files
    audio.pause();
    document.removeEventListener('keydown', onKey);
    document.body.removeEventListener('ibolit:resized', show);
    document.body.removeEventListener('ibolit:before-leave', onBeforeLeave);
  };
});
