// What a doctor types – a conclusion, notes of a patient – is kept at the server a second after typing stops, so that a
// reload or another device has it. A template fills the field only while nothing was written in it.
ibolit.behaviour('autosave', function (form) {
  'use strict';
  var PAUSE = 1000, RETRY = 5000, FIELDS = ['text', 'seen', 'template', 'pen', 'expected'];
  var field = form.elements.text, state = form.querySelector('[data-state]'), url = form.getAttribute('data-draft');
  var key = 'written:' + document.body.getAttribute('data-viewer') + ':' + url;
  var saved = form.hasAttribute('data-refused') ? null : field.defaultValue, asked = saved;
  var timer = null, isAsking = false, isSending = false;

  function words(text) { return (text || '').replace(/\s+/g, ' ').trim(); }

  function remember() {
    ibolit.setItem(key, field.value === saved ? '' : JSON.stringify({ text: field.value, saved: saved, asked: asked }));
  }

  // Where somebody wrote elsewhere meanwhile, what was never saved here stands below, until it is taken or dropped.
  function recall() {
    var kept = JSON.parse(ibolit.getItem(key) || 'null'), here = words(field.value), lost = ibolit.getItem(key + ':lost') || '';
    if (kept && (here === words(kept.saved) || here === words(kept.asked))) field.value = kept.text;
    else if (kept && here.indexOf(words(kept.text)) < 0) lost = kept.text;
    ibolit.setItem(key + ':lost', lost);
    if (lost) offer(lost);
    remember();
    if (field.value !== saved) later();
  }

  function offer(lost) {
    var box = document.createElement('div'), presses;
    box.innerHTML = '<p class="field__label">Набрано здесь раньше и не сохранено:</p><p class="field__theirs prewrap"></p>' +
      '<button class="button button--small" type="button">Добавить в конец</button> ' +
      '<button class="button button--small" type="button">Не нужно</button>';
    box.querySelector('.field__theirs').textContent = lost;
    presses = box.querySelectorAll('button');
    function settle(event) {
      if (event.currentTarget === presses[0]) field.value += (field.value ? '\n\n' : '') + lost;
      ibolit.setItem(key + ':lost', '');
      form.removeChild(box);
      field.focus();
      later();
    }
    ibolit.each(presses, function (press) { press.addEventListener('click', settle); });
    form.appendChild(box);
  }

  function body() {
    var kept = {};
    FIELDS.forEach(function (name) { if (form.elements[name]) kept[name] = form.elements[name].value; });
    return ibolit.form(kept);
  }

  function save() {
    var text = field.value;
    clearTimeout(timer);
    if (isAsking || isSending || text === saved) return;
    isAsking = true;
    asked = text;
    remember();
    ibolit.ask('POST', url, body(), function (status, html) {
      isAsking = false;
      if (isSending) return;
      if (status === 200) saved = text;
      remember();
      if (status === 200 || status === 422 || status === 409) state.innerHTML = html;
      else state.textContent = 'Пока не сохранено: нет связи. Повторяем…';
      if (status === 422 || status === 409) return; // repeating would not help; the next keystroke tries again
      if (field.value !== saved) timer = setTimeout(save, status === 200 ? PAUSE : RETRY);
    });
  }

  function later() {
    remember();
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  // The text of another window was read, and this one shall take its place.
  function over(event) {
    var press = event.target;
    if (!press.hasAttribute || !press.hasAttribute('data-over')) return;
    form.elements[press.getAttribute('data-over')].value = press.getAttribute('data-value');
    saved = null;
    save();
  }

  function isUntouched() {
    return !words(field.value) || [].some.call(form.querySelectorAll('[data-text]'), function (one) {
      return words(one.getAttribute('data-text')) === words(field.value);
    });
  }

  function choose(event) {
    var link = event.target;
    if (!link.hasAttribute || !link.hasAttribute('data-text')) return;
    event.preventDefault();
    if (!isUntouched()) {
      state.textContent = 'Шаблон не вставлен: в поле уже есть текст. Сначала сотрите его.';
      return;
    }
    field.value = link.getAttribute('data-text');
    form.elements.template.value = link.getAttribute('data-template');
    ibolit.each(form.querySelectorAll('[data-text]'), function (one) {
      one.className = 'chip' + (one === link ? ' chip--on' : '');
    });
    field.focus();
    field.setSelectionRange(field.value.indexOf('\n') + 1, field.value.indexOf('\n') + 1);
    later();
  }

  function submit() { isSending = true; clearTimeout(timer); }
  function onShow() { isSending = false; }

  field.addEventListener('input', later);
  form.addEventListener('click', choose);
  form.addEventListener('click', over);
  form.addEventListener('submit', submit);
  window.addEventListener('pageshow', onShow);
  window.addEventListener('online', save);
  recall();
  return function () {
    clearTimeout(timer);
    window.removeEventListener('pageshow', onShow);
    window.removeEventListener('online', save);
  };
});
