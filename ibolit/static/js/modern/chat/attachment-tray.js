// The files above the field, from the moment they are picked until their message has them.
import * as fileTypes from '../lib/file-types.js';
import * as photo from '../lib/photo.js';
import { uploader } from '../lib/uploader.js';

ibolit.behaviour('attachment-tray', (tray) => {
  const WORDS = { preparing: 'Готовим…', queued: 'Ждёт очереди', waiting: 'Нет связи, продолжим сами' };
  const BUSY = 'Сервер занят, продолжим сами', OLD = 'Нажмите «Обновить»: файл останется здесь';
  const STOPPED = 'Не все файлы загрузились. Повторите или уберите их, потом отправьте.';
  const form = tray.closest('form'), field = form.querySelector('.composer__text'), send = form.querySelector('.composer__send');
  const chat = tray.getAttribute('data-chat'), most = Number(tray.getAttribute('data-file-max'));
  const files = uploader(chat, { endpoint: tray.getAttribute('data-uploads'), library: tray.getAttribute('data-tus'), most });
  const rows = new Map();
  let isWaiting = false, told = '';

  document.documentElement.classList.add('modern');
  adopt();
  tray.innerHTML = '<ul class="attachment-tray__list" aria-label="Прикреплённые файлы"></ul><div class="attachment-tray__refusals" role="alert"></div>' +
    '<p class="attachment-tray__pending" hidden><span>Отправим, когда файлы загрузятся</span><button class="attachment-tray__wait" type="button">Не отправлять</button></p>' +
    '<p class="sr" role="status"></p>';
  const list = tray.querySelector('.attachment-tray__list'), refusals = tray.querySelector('.attachment-tray__refusals');
  const pending = tray.querySelector('.attachment-tray__pending'), status = tray.querySelector('[role=status]');

  // After a refusal the server says which of the message's files it still has.
  function adopt() {
    const kept = [...tray.querySelectorAll('[name=uploads]')].map((box) => ({
      key: box.value, name: box.getAttribute('data-name'), size: Number(box.getAttribute('data-size')), voice: box.hasAttribute('data-voice')
    }));
    if (!tray.hasAttribute('data-refused')) return;
    const noted = ibolit.drafts.files(chat).filter((note) => (
      !note.key || files.items.some((one) => one.key === note.key) || kept.some((one) => one.key === note.key)
    ));
    const strange = kept.filter((one) => !noted.some((note) => note.key === one.key));
    ibolit.drafts.keepFiles(chat, noted.concat(strange));
  }

  function shown() { return files.items.filter((one) => !one.voice); }

  function facts(item) {
    if (item.state === 'failed') return item.words;
    if (item.state === 'going') return item.sent < item.size ? `${percent(item)}\u00a0% из ${fileTypes.size(item.size)}` : 'Проверяем…';
    if (item.state === 'waiting' && ibolit.isOutdated) return OLD;
    if (item.state === 'waiting' && item.isRefused) return BUSY;
    return WORDS[item.state] || fileTypes.size(item.size);
  }

  function percent(item) { return Math.floor(100 * item.sent / item.size); }

  function rowOf(item) {
    if (rows.has(item.id)) return rows.get(item.id);
    const row = document.createElement('li');
    row.innerHTML = `<span class="attachment-tray__picture">${ibolit.icon(fileTypes.icon(item.name))}</span><span class="attachment-tray__facts"><span class="attachment-tray__name"></span>` +
      `<span class="attachment-tray__state"></span><progress class="attachment-tray__bar" max="100"></progress>` +
      `<button class="attachment-tray__again" type="button">Повторить</button></span><button class="attachment-tray__remove" type="button">${ibolit.icon('close')}</button>`;
    row.querySelector('.attachment-tray__again').addEventListener('click', () => files.retry(item));
    row.querySelector('.attachment-tray__remove').addEventListener('click', () => removeRow(item));
    rows.set(item.id, row);
    return row;
  }

  function removeRow(item) {
    const next = shown()[shown().indexOf(item) + 1], submission = shown().length === 1 && pressed();
    if (submission) drop(submission);
    files.cancel(item);
    if (submission && submission.text) htmx.trigger(form, 'ibolit:files-uploaded', { files: [], id: submission.id }); // the words go alone
    if (next) rows.get(next.id).querySelector('.attachment-tray__remove').focus(); else field.focus();
  }

  function draw(item) {
    const row = rowOf(item), bar = row.querySelector('.attachment-tray__bar'), remove = row.querySelector('.attachment-tray__remove');
    const isMoving = item.state === 'going' || item.state === 'waiting';
    row.className = `attachment-tray__item attachment-tray__item--${item.state}`;
    row.querySelector('.attachment-tray__name').textContent = item.name;
    row.querySelector('.attachment-tray__state').textContent = facts(item);
    row.querySelector('.attachment-tray__again').hidden = item.state !== 'failed' && item.state !== 'waiting';
    bar.hidden = !isMoving;
    bar.value = percent(item);
    bar.setAttribute('aria-label', item.name);
    remove.setAttribute('aria-label', `${item.state === 'done' ? 'Убрать' : 'Отменить'}: ${item.name}`);
    picture(item, row.querySelector('.attachment-tray__picture'));
  }

  function picture(item, box) {
    if (!item.bytes || box.querySelector('img') || !/^image\/(jpeg|png|webp|gif)$/.test(item.bytes.type)) return;
    const image = new Image(), url = URL.createObjectURL(item.bytes);
    image.alt = '';
    image.onload = image.onerror = () => URL.revokeObjectURL(url);
    image.src = url;
    box.textContent = '';
    box.appendChild(image);
  }

  function show(item) {
    if (item) { if (!item.voice) draw(item); return; }
    const here = shown();
    rows.forEach((row, id) => {
      if (here.some((one) => one.id === id)) return;
      row.remove();
      rows.delete(id);
    });
    here.forEach((one) => {
      draw(one);
      if (rowOf(one).parentNode) return;
      list.appendChild(rowOf(one));
      showEnd();
    });
    list.hidden = !here.length;
    tell(here);
    settle(here);
    htmx.trigger(document.body, 'ibolit:resized');
  }

  function showEnd() { tray.scrollTop = tray.scrollHeight; }

  // One sentence a change, not one a percent.
  function tell(here) {
    const done = here.filter((one) => one.state === 'done').length, failed = here.filter((one) => one.state === 'failed').length;
    const sentence = here.length ? `Загружено ${done} из ${here.length}${failed ? `, не загрузилось ${failed}` : ''}` : '';
    if (sentence !== told) status.textContent = told = sentence;
  }

  function refuse(sentences) {
    const shownFirst = sentences.slice(0, 3), rest = sentences.length - shownFirst.length;
    if (rest) shownFirst.push(`Не подошли и другие файлы: ещё ${rest}.`);
    refusals.textContent = '';
    shownFirst.forEach((sentence) => {
      const line = document.createElement('p');
      line.className = 'field__error';
      line.innerHTML = `${ibolit.icon('alert')}<span></span>`;
      line.lastChild.textContent = sentence;
      refusals.appendChild(line);
    });
    showEnd();
    htmx.trigger(document.body, 'ibolit:resized');
  }

  function take(picked) {
    const room = Number(tray.getAttribute('data-files-max')) - shown().length, sentences = [];
    const good = picked.filter((file) => {
      const sentence = fileTypes.refusal(file, most, photo.mayShrink(file));
      if (sentence) sentences.push(sentence);
      return !sentence;
    });
    if (good.length > room) {
      const names = good.slice(room).map((file) => `«${file.name}»`).join(', ');
      sentences.push(`В одном сообщении до ${tray.getAttribute('data-files-max')} файлов. Не поместились: ${names}. Отправьте их следующим.`);
    }
    refuse(sentences);
    good.slice(0, Math.max(room, 0)).forEach(async (file) => {
      if (!await files.add(file)) refuse([fileTypes.refusal(file, most)]);
    });
  }

  // Wherever it was pressed: here, on this page before it was left, in another tab.
  function pressed() { return ibolit.submissions.of(chat, 'files'); }

  function press() {
    ibolit.submissions.keep({
      chat, kind: 'files', id: ibolit.pending.newId(), text: field.value.trim(), uploads: tray.getAttribute('data-uploads'), most
    });
  }

  function wait() {
    const submission = pressed();
    if (submission && !field.value) {
      field.value = submission.text;
      htmx.trigger(field, 'input');
    }
    if (Boolean(submission) === isWaiting) return;
    isWaiting = Boolean(submission);
    pending.hidden = !isWaiting;
    field.readOnly = isWaiting;
    send.disabled = isWaiting;
    form.classList.toggle('composer--pending', isWaiting);
    showEnd();
  }

  // Pressed once, the message goes as soon as the last of its files is there.
  function settle(here) {
    const submission = files.isSynced && pressed();
    wait();
    if (!submission) return;
    if (here.some((one) => one.state === 'failed')) {
      drop(submission);
      refuse([STOPPED]);
    } else if (here.every((one) => one.state === 'done')) {
      drop(submission);
      refuse([]);
      if (!here.length) return; // a page that was left in the middle has sent it, or the device has lost them
      htmx.trigger(form, 'ibolit:files-uploaded', { files: files.described(here), id: submission.id });
      files.release(here);
    }
  }

  function drop(submission) {
    if (submission) ibolit.submissions.drop(submission);
    wait();
  }

  function onSending(event) {
    if (!shown().length) return;
    event.preventDefault();
    refuse([]);
    press();
    settle(shown());
  }

  const sync = () => files.sync(), onFiles = (event) => take(event.detail.files), stop = files.listen(show);
  const stopListening = ibolit.submissions.listen(sync), redraw = () => show();
  form.addEventListener('ibolit:before-send', onSending);
  form.addEventListener('ibolit:files-picked', onFiles);
  form.addEventListener('ibolit:refusal', (event) => refuse(event.detail.sentences));
  form.addEventListener('ibolit:touched', () => files.warm());
  tray.querySelector('.attachment-tray__wait').addEventListener('click', () => { drop(pressed()); field.focus(); });
  document.body.addEventListener('ibolit:returned', sync);
  document.body.addEventListener('ibolit:outdated', redraw);
  sync();
  return () => {
    stop();
    stopListening();
    document.body.removeEventListener('ibolit:returned', sync);
    document.body.removeEventListener('ibolit:outdated', redraw);
  };
});
