// Says to a screen reader, politely, what others see appear: a message, what became of a card, of a search, of the network.
// The lists themselves keep silent: a page of the history, or a bubble that got its tick, is no news.
ibolit.behaviour('announcer', (region) => {
  const MOST = 3; // messages at once that are read out; more are counted
  const LINES = '.consultation__state, .consultation__late, .consultation__side, .consultation__reschedule > p, .consultation__reason';
  const banner = document.getElementById('connection');
  let news = [], failed = 0, isLost = false, asked = null, pressed = null;

  function words(element) { return element ? element.textContent.replace(/\s+/g, ' ').trim() : ''; }

  function say(sentence) {
    if (!sentence) return;
    const line = document.createElement('p');
    line.textContent = sentence;
    region.appendChild(line);
    while (region.children.length > 2 * MOST) region.firstChild.remove();
  }

  // A chat that was away for a night hears how many, not all of them.
  function tell() {
    if (news.length > MOST) say(`Новых сообщений: ${news.length}`); else news.forEach(say);
    news = [];
  }

  function hear(sentence) {
    news.push(sentence);
    if (news.length === 1) setTimeout(tell, 200);
  }

  function ofMessage(message) {
    const author = message.getAttribute('data-author') === '0' ? '' : `${words(document.querySelector('.chat__name'))}: `;
    const parts = Array.from(message.querySelectorAll('.message__text, .file__name, .consultation__kind, .consultation__state, .told__title')).map(words);
    const files = [['.picture, .album', 'фото'], ['.voice', 'голосовое сообщение'], ['.video', 'видео']]
      .filter(([what]) => message.querySelector(what)).map(([, word]) => word);
    return author + parts.concat(files).filter(Boolean).join(', ');
  }

  function linesOf(card) { return card ? Array.from(card.querySelectorAll(LINES)).map(words) : []; }

  function ofCard(card, old) {
    const before = linesOf(old);
    return linesOf(card).filter((line) => !before.includes(line)).join('. ');
  }

  // A row is drawn anew for much else: its list was asked for again, a promise has passed.
  function isNews(row, old) { return !old || Number(old.getAttribute('data-key')) < Number(row.getAttribute('data-key')); }

  function isElsewhere(row) { return !document.querySelector(`.chat[data-chat="${row.getAttribute('data-chat')}"]`); }

  function onApplied(event) {
    const { item, old, shown, held } = event.detail, viewer = document.body.getAttribute('data-viewer');
    const card = item.matches('.consultation') ? item : item.querySelector('.consultation');
    if (shown && item.matches('.message') && !old && item.getAttribute('data-author') !== viewer) hear(ofMessage(item));
    else if (shown && old && card) say(ofCard(card, old));
    else if (shown && old && item.matches('.access-bar') && words(item) !== words(old)) say(words(item.querySelector('.access-bar__words')));
    else if (item.matches('.row--unread') && isElsewhere(item) && isNews(item, old)) hear(`Новое сообщение: ${words(item.querySelector('.row__name'))}`);
    const from = held || (old && asked && old.contains(asked) ? asked : null);
    if (shown && from) settle(item, from);
  }

  // The focus stays where the pressed thing was, for keyboards and screen readers.
  function settle(place, held) {
    if (document.activeElement && document.activeElement !== document.body) return;
    const twin = Array.from(place.querySelectorAll(held.tagName)).find((one) => !one.disabled && one.name === held.name && words(one) === words(held));
    const next = twin || place;
    if (!twin) place.setAttribute('tabindex', '-1');
    next.focus({ preventScroll: true });
  }

  // A button that is disabled while its answer is on the way has lost the focus by then.
  function beforeRequest(event) {
    if (event.detail.elt.contains(document.activeElement)) asked = document.activeElement;
  }

  function beforeSwap(event) {
    const { target } = event.detail;
    pressed = [document.activeElement, asked].find((one) => one && target.contains(one)) || null;
  }

  function afterSwap(event) {
    const { target, requestConfig, xhr } = event.detail, place = document.getElementById(target.id) || target;
    if (requestConfig.elt.matches('[role=search]')) {
      const found = place.querySelectorAll('.row, .doctor-card').length;
      say(words(place.querySelector('.empty p')) || `Найдено: ${found}`);
    } else if (xhr.status === 200) say(words(place.querySelector('.saved')) || words(place.querySelector('.field__error')));
    else if (xhr.status >= 400) say(words(place.querySelector('.field__error')));
    if (pressed) settle(place, pressed);
    pressed = null;
  }

  function onResized() {
    const now = document.querySelectorAll('.message--failed').length;
    if (now > failed) say('Сообщение не отправлено');
    failed = now;
    if (banner && banner.hidden && isLost) say('Связь восстановлена'); // that it is lost the banner says by itself
    isLost = Boolean(banner) && !banner.hidden;
  }

  const heard = [['ibolit:applied', onApplied], ['ibolit:resized', onResized], ['htmx:beforeRequest', beforeRequest], ['htmx:beforeSwap', beforeSwap], ['htmx:afterSwap', afterSwap]];
  heard.forEach(([name, act]) => document.body.addEventListener(name, act));
  // In engines without modules it speaks for itself.
  document.querySelectorAll('[role=log]').forEach((log) => log.setAttribute('aria-live', 'off'));
  return () => heard.forEach(([name, act]) => document.body.removeEventListener(name, act));
});
