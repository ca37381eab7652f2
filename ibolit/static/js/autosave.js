// What a doctor types – a conclusion, his notes of a patient – is kept at the server a second after he stops, so that a
// reload or another device has it. A template fills the field only while nothing was written in it.
ibolit.behaviour('autosave', function (form) {
  'use strict';
  var PAUSE = 1000, RETRY = 5000, FIELDS = ['text', 'seen', 'template', 'pen'];
  var field = form.elements.text, state = form.querySelector('[data-state]'), url = form.getAttribute('data-draft');
  var saved = field.value, timer = null, isAsking = false, isSending = false;

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
    ibolit.ask('POST', url, body(), function (status, html) {
      isAsking = false;
      if (isSending) return;
      if (status === 200) saved = text;
      if (status === 200 || status === 422 || status === 409) state.innerHTML = html;
      else state.textContent = 'Пока не сохранено: нет связи. Повторяем…';
      if (status === 422 || status === 409) return; // repeating would not help; the next letter tries again
      if (field.value !== saved) timer = setTimeout(save, status === 200 ? PAUSE : RETRY);
    });
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  function leave() { // asks first: sendBeacon
    if (isSending || field.value === saved || !navigator.sendBeacon) return;
    var data = new FormData();
    FIELDS.concat('csrf_token').forEach(function (name) { if (form.elements[name]) data.append(name, form.elements[name].value); });
    navigator.sendBeacon(url, data);
  }

  function isUntouched() {
    var words = field.value.replace(/\s+/g, ' ').trim();
    return !words || [].some.call(form.querySelectorAll('[data-text]'), function (one) {
      return one.getAttribute('data-text').replace(/\s+/g, ' ').trim() === words;
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
  form.addEventListener('submit', submit);
  window.addEventListener('pagehide', leave);
  window.addEventListener('pageshow', onShow);
  window.addEventListener('online', save);
  return function () {
    leave();
    clearTimeout(timer);
    window.removeEventListener('pagehide', leave);
    window.removeEventListener('pageshow', onShow);
    window.removeEventListener('online', save);
  };
});
