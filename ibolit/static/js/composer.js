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
    var field = form.querySelector('.composer__text'), draft = 'draft:' + form.getAttribute('data-draft'), told = 0;
    var outbox = ibolit.outbox(form, refused);

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
      outbox.send(text, newId());
      write('');
      told = 0;
      field.focus();
    }

    function refused(text, html) {
      write(field.value ? text + '\n' + field.value : text);
      ibolit.place(html);
    }

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
    if (!field.value) field.value = ibolit.kept(draft);
    grow();
    return outbox.stop;
  });

  // In a closed chat the typed text is still shown.
  ibolit.behaviour('kept', function (label) {
    var text = ibolit.kept('draft:' + label.getAttribute('data-draft'));
    label.hidden = !text;
    label.querySelector('textarea').value = text;
  });
})();
