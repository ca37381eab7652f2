// The field one writes in: grows, keeps its draft on this device, says that somebody types, sends by Enter on a desktop.
// What it sends goes by the send queue; chosen files that nobody took over go with the form itself, as without scripts.
(function () {
  'use strict';
  var LINES = 6, hasKeyboard = !!window.matchMedia && matchMedia('(hover: hover) and (pointer: fine)').matches;
  var PATIENCE = '<p class="notice">Отправляем файлы. Не закрывайте страницу, пока она не обновится.</p>';
  var REPEATED = 'Этот текст уже отправлен или изменён в другом окне. Отправить его?';

  ibolit.behaviour('composer', function (form) {
    var field = form.querySelector('.composer__text'), chat = form.getAttribute('data-chat');
    ibolit.writingFor(form, field);
    var draft = ibolit.draft(chat, field, grow), told = 0, sendQueue = ibolit.sendQueue(form);
    var urgent = ibolit.urgentCard(form, words, submit);

    // Half of what a keyboard leaves of the screen is the messages'; the form keeps its height while the field is measured.
    function grow() {
      var line = parseFloat(getComputedStyle(field).lineHeight) || 24;
      var spare = document.querySelector('.chat__scroll').offsetHeight + field.offsetHeight - window.innerHeight / 2;
      form.style.minHeight = form.offsetHeight + 'px';
      field.style.height = 'auto';
      field.style.height = Math.min(field.scrollHeight + field.offsetHeight - field.clientHeight, LINES * line + 26,
        Math.max(spare, line + 26)) + 'px';
      form.style.minHeight = '';
      htmx.trigger(document.body, 'ibolit:resized');
    }

    function tellTyping() {
      var now = new Date().getTime();
      if (!field.value || now - told < 3000) return;
      told = now;
      ibolit.ask('POST', form.getAttribute('data-typing'), 'typing=1', function () {});
    }

    // For what one writes, or sends with it, other things make room where there is little (chat.css).
    function makeRoom() {
      var classes = document.querySelector('.chat').classList, hasFiles = !!form.querySelector('.attachment-tray__item, .urgent:not([hidden])');
      classes[hasFiles ? 'add' : 'remove']('chat--files');
      classes[hasFiles || document.activeElement === field ? 'add' : 'remove']('chat--writing');
    }

    function onFocus() {
      makeRoom();
      htmx.trigger(document.body, 'ibolit:resized');
    }

    function words() { return field.value.replace(/^\s+|\s+$/g, ''); }

    function hasChosenFiles() {
      return [].some.call(form.elements, function (one) {
        return one.type === 'file' ? one.files && one.files.length : one.name === 'uploads' && one.checked;
      });
    }

    function noteThatItPosts() { ibolit.drafts.postedByForm(chat, form.elements.client_id.value, field.value); }

    // The draft stays until the message is seen to be there.
    function post() {
      var button = form.querySelector('.composer__send');
      noteThatItPosts();
      document.getElementById('notices').innerHTML = PATIENCE;
      setTimeout(function () { button.disabled = true; }, 0);
    }

    function onShow() { form.querySelector('.composer__send').disabled = false; }

    function submit(event) {
      if (urgent.asks()) { event.preventDefault(); return; }
      if (hasChosenFiles()) {
        post();
        if (event.type !== 'submit') { event.preventDefault(); form.submit(); }
        return;
      }
      event.preventDefault();
      if (!htmx.trigger(form, 'ibolit:before-send')) return; // a tray of files has taken it over
      if (words() && mayRepeat()) deliver([]); else field.focus();
    }

    function mayRepeat() { return !draft.isGoneElsewhere() || confirm(REPEATED); }

    function deliver(files, id) {
      var text = words();
      clearFailure();
      sendQueue.send(text, id || ibolit.pending.newId(), files, ibolit.drafts.quote(chat), urgent.isWarned(text));
      draft.sent();
      ibolit.drafts.keepQuote(chat, null);
      htmx.trigger(document.body, 'ibolit:quote-left');
      ibolit.drafts.forgetPosted(chat);
      told = 0;
      if (text || hasKeyboard) field.focus(); // who sent a photo alone wants no keyboard over it
    }

    // Files that have arrived, with the words in the field; what was spoken goes without them.
    function onFilesUploaded(event) {
      var told = event.detail;
      if (!told.alone) { deliver(told.files, told.id); return; }
      clearFailure();
      sendQueue.send('', told.id, told.files);
    }

    // Errors of the text before are taken away.
    function clearFailure() {
      ibolit.each(form.querySelectorAll('.composer > .field__error'), function (error) { form.removeChild(error); });
      field.removeAttribute('aria-invalid');
      document.getElementById('notices').innerHTML = '';
    }

    form.setAttribute('novalidate', '');
    field.addEventListener('input', function () {
      draft.keep();
      grow();
      tellTyping();
    });
    field.addEventListener('focus', onFocus);
    field.addEventListener('blur', onFocus);
    field.addEventListener('keydown', function (event) {
      if (!hasKeyboard || event.keyCode !== 13 || event.shiftKey || event.isComposing) return;
      submit(event);
    });
    form.addEventListener('submit', submit);
    form.addEventListener('ibolit:files-uploaded', onFilesUploaded);
    window.addEventListener('pageshow', onShow);
    window.addEventListener('resize', grow);
    document.body.addEventListener('ibolit:returned', draft.refill);
    document.body.addEventListener('ibolit:resized', makeRoom);
    form.parentNode.setAttribute('data-state', 'open'); // with its sentence it is still the one somebody types into
    ibolit.drafts.seeIfPosted(chat);
    if (words() && !ibolit.drafts.words(chat)) noteThatItPosts(); // pressed before this script came, perhaps
    draft.refill();
    if (hasKeyboard && document.activeElement === document.body) field.focus();
    return function () {
      window.removeEventListener('pageshow', onShow);
      window.removeEventListener('resize', grow);
      document.body.removeEventListener('ibolit:returned', draft.refill);
      document.body.removeEventListener('ibolit:resized', makeRoom);
      urgent.stop();
      draft.stop();
      sendQueue.stop();
    };
  });

  // In a closed chat the typed text is still shown, and said which files wait.
  ibolit.behaviour('kept-draft', function (label) {
    var area = label.querySelector('textarea'), chat = label.getAttribute('data-chat'), line = document.createElement('span');
    function show() {
      var names = ibolit.drafts.files(chat).map(function (file) { return file.voice ? 'голосовое сообщение' : file.name; });
      area.value = ibolit.drafts.words(chat) || area.value;
      area.hidden = !area.value;
      line.textContent = names.length ? 'Файлы не отправлены и хранятся сутки: ' + names.join(', ') : '';
      label.firstChild.textContent = area.value ? 'Ваш текст не отправлен и сохранён:' : '';
      label.hidden = !area.value && !names.length;
    }
    label.appendChild(line);
    document.body.addEventListener('ibolit:returned', show);
    show();
    return function () { document.body.removeEventListener('ibolit:returned', show); };
  });
})();
