// The field one writes in: grows, keeps its draft on this device, says that somebody types, sends by Enter on a desktop.
(function () {
  'use strict';
  var LINES = 6, hasKeyboard = !!window.matchMedia && matchMedia('(hover: hover) and (pointer: fine)').matches;

  function newId() {
    var id = '', i;
    for (i = 0; i < 24; i += 1) id += Math.floor(Math.random() * 16).toString(16);
    return id;
  }

  ibolit.behaviour('composer', function (form) {
    var field = form.querySelector('.composer__text'), draft = ibolit.letters.draft(form.getAttribute('data-chat'));
    var told = 0, outbox = ibolit.outbox(form);

    // Never more than 40 % of what a keyboard leaves of the screen; the form keeps its height while the field is measured.
    function grow() {
      var line = parseFloat(getComputedStyle(field).lineHeight) || 24;
      form.style.minHeight = form.offsetHeight + 'px';
      field.style.height = 'auto';
      field.style.height = Math.min(field.scrollHeight + field.offsetHeight - field.clientHeight, LINES * line + 26,
        Math.max(window.innerHeight * 0.4, 2 * line + 26)) + 'px';
      form.style.minHeight = '';
      htmx.trigger(document.body, 'ibolit:grown');
    }

    function tellTyping() {
      var now = new Date().getTime();
      if (!field.value || now - told < 3000) return;
      told = now;
      ibolit.ask('POST', form.getAttribute('data-typing'), 'typing=1', function () {});
    }

    function write(text) {
      field.value = text;
      ibolit.keep(draft, text);
      grow();
    }

    function submit(event) {
      var text = field.value.replace(/^\s+|\s+$/g, '');
      event.preventDefault();
      if (!text) { field.focus(); return; }
      forgive();
      outbox.send(text, newId());
      write('');
      told = 0;
      field.focus();
    }

    // What the server said of the text before concerns this one no more.
    function forgive() {
      var error = form.querySelector('.field__error');
      if (error) form.removeChild(error);
      field.removeAttribute('aria-invalid');
      document.getElementById('notices').innerHTML = '';
    }

    function refill() { write(ibolit.kept(draft) || field.value); }

    form.setAttribute('novalidate', '');
    field.addEventListener('input', function () {
      ibolit.keep(draft, field.value);
      grow();
      tellTyping();
    });
    field.addEventListener('keydown', function (event) {
      if (!hasKeyboard || event.keyCode !== 13 || event.shiftKey || event.isComposing) return;
      submit(event);
    });
    form.addEventListener('submit', submit);
    document.body.addEventListener('ibolit:taken-back', refill);
    form.parentNode.setAttribute('data-state', 'open'); // with its sentence it is still the one somebody types into
    refill();
    if (hasKeyboard && document.activeElement === document.body) field.focus();
    return function () {
      document.body.removeEventListener('ibolit:taken-back', refill);
      outbox.stop();
    };
  });

  // In a closed chat the typed text is still shown.
  ibolit.behaviour('kept', function (label) {
    var area = label.querySelector('textarea'), draft = ibolit.letters.draft(label.getAttribute('data-chat'));
    function show() {
      area.value = ibolit.kept(draft) || area.value;
      label.hidden = !area.value;
    }
    document.body.addEventListener('ibolit:taken-back', show);
    show();
    return function () { document.body.removeEventListener('ibolit:taken-back', show); };
  });
})();
