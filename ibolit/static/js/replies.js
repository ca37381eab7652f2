// «/» at the beginning of a doctor's message, or a button, opens the list of reply templates; what is typed after «/» looks for one.
// What is chosen takes the place of that, or stands where the cursor is; a sign for which no value is known is selected.
ibolit.behaviour('replies', function (form) {
  'use strict';
  var field = form.querySelector('.composer__text'), url = form.getAttribute('data-replies');
  var box = null, isAsking = false, isRefused = false, isPressed = false, chosen = null;

  function lines() { return Array.prototype.slice.call(box.querySelectorAll('.replies__one')); }
  function plain(words) { return words.toLowerCase().replace(/ё/g, 'е'); }
  function isOpen() { return !!box && !box.hidden; }
  function looksFor() { return /^\/[^\n]*$/.test(field.value); }
  function wanted() { return looksFor() ? plain(field.value.slice(1)).trim() : isPressed ? '' : null; }

  function choose(line) {
    if (chosen) chosen.setAttribute('aria-selected', 'false');
    chosen = line || null;
    if (!chosen) { field.removeAttribute('aria-activedescendant'); return; }
    chosen.setAttribute('aria-selected', 'true');
    field.setAttribute('aria-activedescendant', chosen.id);
    var list = chosen.parentNode;
    if (chosen.offsetTop < list.scrollTop) list.scrollTop = chosen.offsetTop;
    else if (chosen.offsetTop + chosen.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = chosen.offsetTop + chosen.offsetHeight - list.clientHeight;
  }

  function close() {
    isPressed = false;
    if (box) box.hidden = true;
    if (box) choose(null);
  }

  function show() {
    var words = wanted(), fitting, called;
    if (words === null) { isRefused = false; close(); return; }
    if (isRefused) return;
    if (!box) { ask(); return; }
    fitting = lines().filter(function (line) {
      line.hidden = plain(line.textContent).indexOf(words) < 0;
      return !line.hidden;
    });
    if (words && !fitting.length) { close(); return; }
    box.hidden = false;
    called = fitting.filter(function (line) { return plain(line.querySelector('.replies__name').textContent).indexOf(words) >= 0; });
    choose(called[0] || fitting[0]); // by its name sooner than by a word of its text
  }

  function ask() {
    if (isAsking) return;
    isAsking = true;
    ibolit.ask('GET', url, null, function (status, html) {
      var old = document.getElementById('replies-choice');
      isAsking = false;
      if (status !== 200 || !form.parentNode) return; // the next keystroke tries again
      if (old) old.parentNode.removeChild(old);
      form.querySelector('.composer__row').insertAdjacentHTML('afterbegin', html);
      box = document.getElementById('replies-choice');
      box.addEventListener('mousedown', keep);
      box.addEventListener('click', tap);
      field.setAttribute('aria-controls', 'replies-list');
      show();
    });
  }

  function insert(line) {
    var told = document.createEvent('Event'), text = line.getAttribute('data-text'), from = looksFor() ? 0 : field.selectionStart;
    var before = field.value.slice(0, from), unknown = /\{[^{}\n]+\}/.exec(text), at;
    field.value = before + text + (looksFor() ? '' : field.value.slice(field.selectionEnd));
    isRefused = true; // a text that itself begins with «/»
    noteUse(line);
    close();
    told.initEvent('input', true, false); // the composer grows, and keeps its draft
    field.dispatchEvent(told);
    field.focus();
    at = before.length + (unknown ? unknown.index : text.length);
    field.setSelectionRange(at, at + (unknown ? unknown[0].length : 0));
  }

  // On top of the list from now on, here too.
  function noteUse(line) {
    ibolit.ask('POST', form.getAttribute('data-replies-used'), ibolit.form({ template: line.getAttribute('data-key') }), function () {});
    line.parentNode.insertBefore(line, line.parentNode.firstChild);
  }

  function onPress(event) {
    var link = event.target, clip;
    while (link && link !== form && !link.hasAttribute('data-opens-replies')) link = link.parentNode;
    if (!link || link === form || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    clip = form.querySelector('.clip[open]');
    if (clip) clip.removeAttribute('open');
    if (isOpen()) { close(); return; }
    isPressed = true;
    isRefused = false;
    field.focus();
    show();
  }

  function step(by) {
    var shown = lines().filter(function (line) { return !line.hidden; });
    choose(shown[(shown.indexOf(chosen) + by + shown.length) % shown.length]);
  }

  // Before the composer hears it, which sends by Enter.
  function onKey(event) {
    var key = event.keyCode;
    if (!isOpen() || event.target !== field || event.isComposing) return;
    if (key === 27) { isRefused = true; close(); }
    else if (key === 38 && chosen) step(-1);
    else if (key === 40 && chosen) step(1);
    else if ((key === 13 || key === 9) && chosen && !event.shiftKey) insert(chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function keep(event) { if (event.target.tagName !== 'A') event.preventDefault(); } // the field keeps its keyboard

  function tap(event) {
    var line = event.target;
    while (line !== box && !line.hasAttribute('data-text')) line = line.parentNode;
    if (line !== box) insert(line);
  }

  field.setAttribute('aria-autocomplete', 'list');
  field.setAttribute('aria-haspopup', 'listbox');
  field.addEventListener('input', show);
  form.addEventListener('keydown', onKey, true);
  form.addEventListener('submit', close);
  form.addEventListener('click', onPress);
});
