// What a doctor types is kept at the server a second after he stops, so that a reload or another device has it. A template
// fills the field only while nothing was written in it.
ibolit.behaviour('autosave', function (form) {
  'use strict';
  var PAUSE = 1000, RETRY = 5000;
  var field = form.elements.text, state = form.querySelector('[data-state]'), url = form.getAttribute('data-draft');
  var saved = field.value, timer = null, isAsking = false, isSending = false;

  function body() {
    return ibolit.form({ text: field.value, seen: form.elements.seen.value, template: form.elements.template.value });
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
      else state.textContent = 'Черновик пока не сохранён: нет связи. Повторяем…';
      if (status === 422 || status === 409) return; // repeating would not help; the next letter tries again
      if (field.value !== saved) timer = setTimeout(save, status === 200 ? PAUSE : RETRY);
    });
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  }

  // The rest of the last second, when the page goes. A line of text: what a form's data stand in goes with the page.
  function leave() { // asks first: sendBeacon
    if (isSending || field.value === saved || !navigator.sendBeacon) return;
    var words = body() + '&' + ibolit.form({ csrf_token: form.elements.csrf_token.value });
    navigator.sendBeacon(url, new Blob([words], { type: 'application/x-www-form-urlencoded' }));
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
  field.addEventListener('change', save); // when the field is left: perhaps for a link
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
