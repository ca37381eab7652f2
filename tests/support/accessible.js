// What axe does not look at, asked of one screen as it stands. Each answer is a list of sentences; empty is good.
(() => {
  const all = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const box = (element) => element.getBoundingClientRect();
  const words = (element) => (element.textContent || '').replace(/\s+/g, ' ').trim().slice(0, 50);

  // Rows that may end in an ellipsis: what they cut stands whole one press further.
  const CUT_ON_PURPOSE = '.row__text, .row__name, .call__name, .composer__text, .replies__text, .chat__name, .chat__presence, .attachment-tray__name, .viewer__name, .avatar, .connection';

  function name(element) {
    const label = element.getAttribute && (element.getAttribute('aria-label') || element.getAttribute('name'));
    return `<${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ''}.${String(element.className.baseVal || element.className || '')
      .replace(/ /g, '.')}> «${label || words(element)}»`;
  }

  function isShown(element) {
    if (!element.getClientRects().length || getComputedStyle(element).visibility !== 'visible') return false;
    return element.checkVisibility ? element.checkVisibility() : true;
  }

  const isForReaders = (element) => {
    const large = element.closest('.sr-large');
    return Boolean(element.closest('.sr')) || Boolean(large && getComputedStyle(large).position === 'absolute');
  };

  // With a dialog open the rest of the page is not there.
  const scene = () => all('[aria-modal=true]').filter(isShown).pop() || document.body;

  // The nearest box that floats over others: what lies in two of them may share a place.
  function layer(element) {
    let one = element;
    while (one && !['fixed', 'sticky', 'absolute'].includes(getComputedStyle(one).position)) one = one.parentElement;
    return one;
  }

  function scroller(element, axis) {
    let one = element.parentElement;
    while (one && one !== document.body && !['auto', 'scroll'].includes(getComputedStyle(one)[`overflow${axis}`])) one = one.parentElement;
    return one === document.body ? null : one;
  }

  function isScrolledAway(holder, rect) {
    const edge = ['auto', 'scroll'].includes(getComputedStyle(holder).overflowY) ? holder : scroller(holder, 'Y');
    if (!edge) return false;
    const { top, bottom } = box(edge);
    return rect.top < top - 1 || rect.bottom > bottom + 1;
  }

  function lines() {
    const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode, holder = text.parentElement;
      if (!text.data.trim() || holder.closest('script, noscript, option, textarea, svg') || isForReaders(holder) || !isShown(holder)) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      Array.from(range.getClientRects()).map(({ left, top, width, height }) => new DOMRect(left, top, width, height)).forEach((rect) => {
        const cut = holder.closest(CUT_ON_PURPOSE);
        if (cut) rect.width = Math.min(rect.width, box(cut).right - rect.left);
        if (rect.width > 1 && rect.height > 1 && !isScrolledAway(holder, rect)) found.push({ holder, rect });
      });
    }
    return found;
  }

  function structure() {
    const told = [], ids = {};
    all('[id]').forEach((element) => { ids[element.id] = (ids[element.id] || 0) + 1; });
    Object.keys(ids).filter((id) => ids[id] > 1).forEach((id) => told.push(`${ids[id]} elements have the id ${id}`));
    if (document.documentElement.lang !== 'ru') told.push('the page is not said to be Russian');
    if (!document.title.trim()) told.push('no title');
    const heads = all('h1', scene()).filter(isShown);
    if (heads.length > 1 || !all('h1, h2').filter(isShown).length) told.push(`${heads.length} first headings: ${heads.map(words)}`);
    if (all('main').filter(isShown).length !== 1) told.push('not one main landmark');
    ['aria-describedby', 'aria-labelledby', 'aria-controls'].forEach((role) => all(`[${role}]`).forEach((element) => {
      element.getAttribute(role).split(/\s+/).filter((id) => !document.getElementById(id))
        .forEach((id) => told.push(`${name(element)} points by ${role} to ${id}, which is not there`));
    }));
    all('.field__error').filter(isShown).forEach((error) => {
      const field = error.closest('.field, fieldset'), control = field && all('input:not([type=hidden]), textarea, select, [role=radiogroup]', field).concat(field)
        .find((one) => (one.getAttribute('aria-describedby') || '').split(/\s+/).includes(error.id));
      const isSaid = error.closest('[role=alert], [role=status], [aria-live]');
      if (field && !control) told.push(`nothing points to its error: ${words(error)}`);
      else if (control && !all('[aria-invalid=true]', field).length && !control.matches('[aria-invalid=true]')) told.push(`not said to be wrong: ${name(control)}`);
      else if (!field && !isSaid && !all('[aria-describedby]').some((one) => one.getAttribute('aria-describedby').split(/\s+/).includes(error.id)))
        told.push(`an error that nobody hears: ${words(error)}`);
    });
    return told;
  }

  // 48 by 48, ours; a word within a sentence is as high as its line. What a label makes larger is as large as the label.
  function targets() {
    const told = [];
    all('a[href], button, summary, select, textarea, input:not([type=hidden]), [role=option], [tabindex="0"]', scene()).forEach((element) => {
      if (!isShown(element) || isForReaders(element) || element.closest('[aria-hidden=true]')) return;
      const label = element.labels && element.labels[0];
      const isWord = element.tagName === 'A' && getComputedStyle(element).display === 'inline' && !element.querySelector('svg');
      const one = box(element), around = label && element.type !== 'text' ? box(label) : one;
      const size = { width: Math.max(one.width, around.width), height: Math.max(one.height, around.height) };
      const least = isWord ? 0 : element.matches(':disabled') ? 0 : 47.5;
      if (size.width < least || size.height < least) told.push(`${name(element)} is ${Math.round(size.width)} by ${Math.round(size.height)}`);
    });
    return told;
  }

  function fit() {
    const told = [], page = document.scrollingElement, wide = document.documentElement.clientWidth, text = lines();
    text.forEach((one) => { one.layer = layer(one.holder); });
    if (page.scrollWidth > wide + 1) told.push(`the page is ${page.scrollWidth} wide in ${wide}`);
    all('body *').forEach((element) => {
      const style = getComputedStyle(element);
      if (style.overflow === 'visible' || !isShown(element) || isForReaders(element) || element.closest('svg') || !words(element)) return;
      if (element.matches('select, input, progress') || element.matches(CUT_ON_PURPOSE)) return;
      const cutsX = ['hidden', 'clip'].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
      const cutsY = ['hidden', 'clip'].includes(style.overflowY) && element.scrollHeight > element.clientHeight + 1;
      if (!cutsX && !cutsY) return;
      const edge = box(element);
      const lost = text.find((one) => element.contains(one.holder) && scrollerWithin(one.holder, element) === null && !one.holder.closest(CUT_ON_PURPOSE) &&
        ((cutsX && (one.rect.right > edge.right + 1 || one.rect.left < edge.left - 1)) || (cutsY && one.rect.bottom > edge.bottom + 1)));
      if (lost) told.push(`${name(element)} cuts «${words(lost.holder)}»`);
    });
    text.forEach((one) => {
      if ((one.rect.right > wide + 1 || one.rect.left < -1) && !scroller(one.holder, 'X') && !one.holder.closest(CUT_ON_PURPOSE)) told.push(`beyond the edge: «${words(one.holder)}»`);
      const button = one.holder.closest('.button, .chip, .pill, .notice, .card, .tabs__link, .access-bar__action, .message__bubble');
      if (button && !one.holder.closest(CUT_ON_PURPOSE)) {
        const edge = box(button);
        if (one.rect.right > edge.right + 1 || one.rect.left < edge.left - 1 || one.rect.bottom > edge.bottom + 2) told.push(`out of its ${button.className}: «${words(one.holder)}»`);
      }
    });
    return told.concat(overlaps(text), liesOver(text), halves());
  }

  // What is chosen beforehand has been seen before the button that sends it: both in sight, or the button further down.
  function choice() {
    const told = [], rooms = all('*', scene()).filter((element) => element.scrollTop);
    rooms.concat(document.scrollingElement).forEach((element) => { element.scrollTop = 0; });
    all('[type=submit]', scene()).filter((element) => isShown(element) && isInSight(element)).forEach((button) => {
      const form = button.form, boxes = form ? all('input[type=radio]:checked', form).map((box) => box.labels[0] || box) : [];
      boxes.filter((label) => isShown(label) && !isInSight(label)).forEach((label) => told.push(`${name(button)} is seen before «${words(label)}», which it sends`));
    });
    return told;
  }

  function isInSight(element) {
    const { left, top, width, height } = box(element), hit = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 24));
    return Boolean(hit) && (element.contains(hit) || hit.contains(element));
  }

  // What stays put while one reads – head, strip, tabs, the foot of a chat – takes half of what is visible at the most.
  function room() {
    const high = window.innerHeight, chat = document.querySelector('.chat__scroll');
    if (scene() !== document.body || document.querySelector('.page--call')) return [];
    const stays = chat && isShown(chat) ? [[0, high - box(chat).height]] : all('body *').filter((element) => ['fixed', 'sticky'].includes(getComputedStyle(element).position) &&
      isShown(element) && !isForReaders(element) && !element.closest('[aria-hidden=true]')).map((element) => box(element))
      .filter(({ width, top, bottom }) => width > innerWidth / 2 && bottom > 0 && top < high).map(({ top, bottom }) => [Math.max(top, 0), Math.min(bottom, high)]);
    const taken = stays.reduce((sum, [top, bottom]) => sum + bottom - top, 0);
    return taken > high / 2 + 1 ? [`${Math.round(high - taken)} of ${high} are left to what one reads`] : [];
  }

  // A word is parted where it has a hyphen; a sum nowhere. Addresses and what people named themselves may be longer than any line.
  function whole() {
    const told = new Set(), walker = document.createTreeWalker(scene(), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode, holder = text.parentElement;
      if (!text.data.trim() || holder.closest('script, noscript, option, textarea, svg, select') || holder.closest(CUT_ON_PURPOSE) || isForReaders(holder) || !isShown(holder)) continue;
      const said = text.data.replace(/\S+:\/\/\S+/g, (address) => ' '.repeat(address.length));
      for (const found of said.matchAll(/[А-Яа-яЁё]{2,}|(?<!\d)\d{2,8}(?!\d)/g)) {
        const range = document.createRange();
        range.setStart(text, found.index);
        range.setEnd(text, found.index + found[0].length);
        const rects = Array.from(range.getClientRects()).filter(({ width }) => width > 0);
        if (new Set(rects.map(({ top }) => Math.round(top))).size > 1) told.add(`«${found[0]}» is broken in ${name(holder)}`);
      }
    }
    return Array.from(told);
  }

  function scrollerWithin(element, outer) {
    let one = element;
    while (one && one !== outer) {
      const style = getComputedStyle(one);
      if (['auto', 'scroll'].includes(style.overflowX) || ['auto', 'scroll'].includes(style.overflowY)) return one;
      one = one.parentElement;
    }
    return null;
  }

  function overlaps(text) {
    const told = [];
    text.forEach((one, index) => text.slice(index + 1).forEach((other) => {
      if (one.holder === other.holder || one.layer !== other.layer) return;
      const right = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left);
      const down = Math.min(one.rect.bottom, other.rect.bottom) - Math.max(one.rect.top, other.rect.top);
      if (right > 3 && down > Math.min(one.rect.height, other.rect.height) * 0.4) told.push(`«${words(one.holder)}» lies over «${words(other.holder)}»`);
    }));
    return told;
  }

  // What floats may cover what it floats over, with a ground of its own: words over words cannot be read.
  function liesOver(text) {
    const told = new Set(), hearing = new CSSStyleSheet(), worn = document.adoptedStyleSheets;
    hearing.replaceSync('* { pointer-events: auto !important }'); // a shade that lets presses through is seen all the same
    document.adoptedStyleSheets = [...worn, hearing];
    const floating = text.filter((one) => one.layer), top = scene();
    floating.forEach((one) => text.forEach((other) => {
      if (one.layer === other.layer || !top.contains(one.holder) || !top.contains(other.holder) || other.holder.closest('.sr-large, .avatar') || one.holder.closest('.avatar, .badge')) return;
      const left = Math.max(one.rect.left, other.rect.left), right = Math.min(one.rect.right, other.rect.right);
      const above = Math.max(one.rect.top, other.rect.top), below = Math.min(one.rect.bottom, other.rect.bottom);
      if (right - left <= 3 || below - above <= Math.min(one.rect.height, other.rect.height) * 0.4) return;
      const stack = document.elementsFromPoint((left + right) / 2, (above + below) / 2);
      const places = [stack.findIndex((element) => one.holder.contains(element)), stack.findIndex((element) => other.holder.contains(element))];
      if (Math.min(...places) < 0) return;
      if (!stack.slice(0, Math.max(...places)).some(isOpaque)) told.add([one, other].map(({ holder }) => `«${words(holder)}»`).sort().join(' and ') + ' lie over each other');
    }));
    document.adoptedStyleSheets = worn;
    return Array.from(told);
  }

  function isOpaque(element) {
    const style = getComputedStyle(element), alpha = (/rgba\(.*, ([\d.]+)\)/.exec(style.backgroundColor) || [0, 1])[1];
    return style.opacity >= 0.9 && alpha >= 0.9 || element.matches('img, video, canvas');
  }

  // A low room that scrolls cuts no line through the middle: what is hidden is not seen to be there.
  function halves() {
    return all('body *', scene()).filter((element) => {
      const { overflowY } = getComputedStyle(element), { height } = box(element);
      return ['auto', 'scroll'].includes(overflowY) && element.scrollHeight > element.clientHeight + 1 && height < window.innerHeight / 3 && isShown(element);
    }).filter((element) => !element.matches('textarea, select, .chat__scroll')).flatMap((element) => {
      element.scrollTop = 0;
      const edge = box(element).bottom, walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), told = [];
      while (walker.nextNode()) {
        const text = walker.currentNode, range = document.createRange();
        range.selectNodeContents(text);
        if (!text.data.trim() || isForReaders(text.parentElement) || !isShown(text.parentElement)) continue;
        if (Array.from(range.getClientRects()).some((rect) => rect.top < edge - 3 && rect.bottom > edge + 3)) told.push(`${name(element)} cuts a line of «${words(text.parentElement)}»`);
      }
      return told;
    });
  }

  // Scrolled to, it can be pressed: nothing that stays put lies over it.
  function reach() {
    const top = scene();
    return all('.button--main, [type=submit], .composer__text, .clip__button, .bottom-sheet__close, .tabs__link, .field__input', top)
      .filter((element) => isShown(element) && !isForReaders(element) && !element.closest('[aria-hidden=true]')).filter((element) => {
        element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
        const { left, top: above, width, height } = box(element);
        const hit = document.elementFromPoint(left + width / 2, above + height / 2);
        if (hit && hit.closest('.clip__panel, .replies, .call__menu')) return false; // a press beside it closes what lies above
        return !hit || !(element.contains(hit) || hit.contains(element) || (element.labels && Array.from(element.labels).some((one) => one.contains(hit))));
      }).map((element) => `${name(element)} cannot be reached`);
  }

  // Nothing moves for longer than a millisecond once a person asked for stillness.
  function movement() {
    const told = [], longest = (list) => Math.max(...list.split(',').map((one) => parseFloat(one) * (one.trim().endsWith('ms') ? 1 : 1000)));
    all('*').forEach((element) => ['', '::before', '::after'].forEach((part) => {
      const style = getComputedStyle(element, part || null);
      if (longest(style.transitionDuration) > 1) told.push(`${name(element)}${part} moves for ${style.transitionDuration}`);
      if (style.animationName !== 'none' && longest(style.animationDuration) > 1) told.push(`${name(element)}${part} is animated for ${style.animationDuration}`);
    }));
    return told;
  }

  // In forced colours grounds and shadows are gone: what may be pressed keeps an edge.
  function edges() {
    const told = [];
    all('.button, .field__input, .chip, .composer__text, .search__input, .pill, .card, .message__bubble, .bottom-sheet__panel, .kinds__words, .tariff__frame', scene())
      .filter((element) => isShown(element) && !element.matches('.button--quiet, .message--note *')).forEach((element) => {
        const style = getComputedStyle(element);
        const line = ['Top', 'Right', 'Bottom', 'Left'].some((side) => parseFloat(style[`border${side}Width`]) && style[`border${side}Style`] !== 'none');
        if (!line && parseFloat(style.outlineWidth) === 0) told.push(`${name(element)} has no edge`);
      });
    return told;
  }

  const painted = () => new Promise((done) => requestAnimationFrame(done));

  // A sheet made by a script is no inline style: the policy lets it pass. Waits until letters are as large as was asked.
  async function dress(style, letters) {
    const sheet = new CSSStyleSheet(), until = performance.now() + 15000;
    sheet.replaceSync(`* { ${style.split('; ').filter(Boolean).map((one) => `${one} !important`).join('; ')} }`);
    document.adoptedStyleSheets = [sheet];
    while (Math.abs(parseFloat(getComputedStyle(document.documentElement).fontSize) - 1.0625 * letters) >= 0.1) {
      if (performance.now() > until) throw new Error(`letters are never ${letters} px`);
      await painted();
    }
    return [];
  }

  // What stands over a chat leaves while one reads on. An event of scrolling comes before the next frame.
  async function readOn() {
    const scroll = document.querySelector('.chat__scroll');
    for (const moved of scroll ? [-100, scroll.scrollHeight] : []) {
      scroll.scrollTop += moved;
      await painted();
      await painted();
    }
    return [];
  }

  // Whether somebody may write here and has not begun.
  function writing() {
    const field = document.querySelector('.composer__text'), isCovered = all('[aria-modal=true]').some(isShown);
    return field && isShown(field) && !isCovered && !field.value ? ['may begin'] : [];
  }

  window.accessible = { structure, targets, fit, choice, room, whole, reach, movement, edges, dress, readOn, writing };
})();
