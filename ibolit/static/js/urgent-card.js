// «Похоже на неотложное состояние»: the words are looked at on pressing send, without a network too, and the card asks once.
// The list is fetched when somebody begins to write, or a while after the page; what is sent sooner goes, and the server
// shows the card after it.
(function () {
  'use strict';
  var LATER = 8000, isAsked = false;  // milliseconds in which the page itself has come

  function fetchWords(form) {
    var script = document.createElement('script'), more = form.getAttribute('data-urgent-more');
    if (isAsked || !form.getAttribute('data-urgent-words')) return;
    isAsked = true;
    script.src = form.getAttribute('data-urgent-words');
    script.onload = function () { if (more) ibolit.urgentWords.add(JSON.parse(more)); };
    script.onerror = function () { isAsked = false; };
    document.head.appendChild(script);
  }

  // Under a message that was sent: it goes with the first answer that comes to this page.
  ibolit.behaviour('urgent-sent', function (card) {
    function onApplied(event) {
      var item = event.detail.item, by = item.getAttribute('data-author');
      if (!item.classList.contains('message') || by === '0' || by === document.body.getAttribute('data-viewer')) return;
      if (Number(item.getAttribute('data-key')) > Number(card.getAttribute('data-seq'))) ibolit.remove(card);
    }
    document.body.addEventListener('ibolit:applied', onApplied);
    return function () { document.body.removeEventListener('ibolit:applied', onApplied); };
  });

  // `words` says what is in the field now; `send` is what «Всё равно отправить» does.
  ibolit.urgentCard = function (form, words, send) {
    var card = form.querySelector('.urgent'), field = form.querySelector('.composer__text'), accepted = '';
    if (!card) return { asks: function () { return false; }, isWarned: function () { return false; }, stop: function () {} };
    var lines = card.querySelector('.urgent__lines'), button = card.querySelector('.urgent__send button');

    function groups() { return ibolit.urgentWords ? ibolit.urgentWords.groupsIn(words()) : []; }

    function toggle(isShown) {
      card.hidden = !isShown;
      htmx.trigger(document.body, 'ibolit:resized');
    }

    function asks() {
      var found = accepted && accepted === words() ? [] : groups();
      if (found.length) lines.hidden = found.indexOf('suicide') < 0;
      toggle(!!found.length);
      if (found.length) card.querySelector('.urgent__words').focus();
      return !!found.length;
    }

    // For the case that the browser posts the form by itself, with files.
    function sayWarned() {
      var told = form.querySelector('input[name=warned]') || document.createElement('input');
      told.type = 'hidden';
      told.name = 'warned';
      told.value = '1';
      form.appendChild(told);
    }

    function accept(event) {
      accepted = words();
      sayWarned();
      toggle(false);
      send(event);
    }

    function onFocus() { fetchWords(form); }

    function onInput() { if (!card.hidden && ibolit.urgentWords && !groups().length) toggle(false); }

    button.addEventListener('click', accept);
    field.addEventListener('input', onInput);
    field.addEventListener('focus', onFocus);
    // A draft may be sent as it is.
    var timer = setTimeout(onFocus, field.value || document.activeElement === field ? 0 : LATER);
    return {
      asks: asks,
      isWarned: function (text) { return !!text && text === accepted; },
      stop: function () {
        clearTimeout(timer);
        field.removeEventListener('focus', onFocus);
        field.removeEventListener('input', onInput);
      }
    };
  };
})();
