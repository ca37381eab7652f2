// «Пишу за»: the words of the field go to the other chat with the press, and are no draft of this one when they are there.
(function () {
  'use strict';

  // The page has brought words from another chat: they come after what was begun here, and leave the draft there.
  function takeBrought(form, field) {
    var from = form.getAttribute('data-brought-from'), chat = form.getAttribute('data-chat'), kept = ibolit.drafts.words(chat);
    if (!from) return;
    form.removeAttribute('data-brought-from');
    ibolit.drafts.leave(from, field.value);
    if (kept && kept.indexOf(field.value) < 0) field.value = kept + '\n' + field.value;
    ibolit.drafts.keep(chat, field.value);
    if (window.history.replaceState) history.replaceState(history.state, '', form.getAttribute('data-address'));
  }

  function add(form, name, value) {
    var field = document.createElement('textarea');
    field.name = name;
    field.value = value;
    form.appendChild(field);
  }

  // A form of its own: that of the composer is the send queue's.
  function press(composer, button) {
    var form = document.createElement('form');
    form.method = 'post';
    form.action = button.getAttribute('formaction');
    form.hidden = true;
    add(form, 'csrf_token', composer.elements.csrf_token.value);
    add(form, 'subject', button.value);
    add(form, 'text', composer.querySelector('.composer__text').value);
    document.body.appendChild(form);
    form.submit();
  }

  ibolit.writingFor = function (composer, field) {
    function onClick(event) {
      var button = event.target;
      if (!button.getAttribute || !button.getAttribute('formaction')) return;
      event.preventDefault();
      press(composer, button);
    }
    takeBrought(composer, field);
    composer.addEventListener('click', onClick);
  };
})();
