// Pictures full-screen over a chat or over its files. What it shows is the page of one picture, asked for as a fragment;
// without this script the same links lead to those pages.
import { isForAnotherTab } from '../lib/presses.js';
import { DOUBLE, PRESS, TAPPED, distance, kept, middle, moveBy, pinched, rolled, stillView, zoomAt } from '../lib/zoom.js';

const SWIPE = 60; // px a finger goes to turn to the next picture
const WAITING = '<header class="viewer__bar"><a class="viewer__back" href="#"></a></header>' +
  '<div class="viewer__stage"><div class="viewer__sheet"></div></div>';
const FAILED = '<p class="viewer__failed" role="status">Фото не открылось. Проверьте интернет и попробуйте ещё раз.</p>';

// Fingers and mouse on the stage: zoom, pan, swipe.
class Hands {
  constructor(over, step) {
    this.over = over;
    this.step = step;
    this.tapped = { at: 0, x: 0, y: 0 };
    this.rest();
    const listen = (name, act) => over.addEventListener(name, (event) => this.heed(event, act), { passive: false });
    listen('touchstart', (event) => this.touch(event));
    listen('touchmove', (event) => this.drag(event));
    listen('touchend', (event) => this.release(event));
    listen('touchcancel', () => this.settle());
    listen('mousedown', (event) => this.grab(event));
    listen('dblclick', (event) => this.toggle(this.point(event)));
    listen('wheel', (event) => this.roll(event));
  }

  heed(event, act) {
    if (event.target.closest('.viewer__stage') && !event.target.closest('a')) act(event);
  }

  get stage() { return this.over.querySelector('.viewer__stage').getBoundingClientRect(); }

  // Of what is seen already: the stand-in has the same shape.
  get picture() {
    const drawn = Array.from(this.over.querySelectorAll('.viewer__sheet img')).filter((img) => img.naturalWidth).pop();
    return drawn ? { width: drawn.naturalWidth, height: drawn.naturalHeight } : this.stage;
  }

  point(of) {
    const stage = this.stage;
    return { x: of.clientX - stage.left - stage.width / 2, y: of.clientY - stage.top - stage.height / 2 };
  }

  rest() {
    this.view = stillView();
    this.fingers = null;
  }

  show(view, smoothly) {
    const sheet = this.over.querySelector('.viewer__sheet');
    this.view = view;
    this.over.classList.toggle('viewer--settles', Boolean(smoothly));
    this.over.classList.toggle('viewer--zoomed', view.scale > 1);
    sheet.style.transform = view.scale === 1 && !view.x && !view.y ? '' : `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  }

  settle() {
    this.fingers = null;
    this.show(this.view.scale < 1.05 ? stillView() : kept(this.view, this.stage, this.picture), true);
  }

  zoom(point, scale, smoothly) { this.show(kept(zoomAt(this.view, point, scale), this.stage, this.picture), smoothly); }

  toggle(point) { this.zoom(point, this.view.scale > 1 ? 1 : TAPPED, true); }

  roll(event) {
    event.preventDefault();
    this.show(kept(rolled(this.view, this.point(event), event.deltaY), this.stage, this.picture), false);
  }

  grab(event) {
    if (event.button) return;
    event.preventDefault();
    let { clientX: x, clientY: y } = event;
    const move = (moved) => {
      if (this.view.scale > 1) this.show(kept(moveBy(this.view, moved.clientX - x, moved.clientY - y), this.stage, this.picture));
      [x, y] = [moved.clientX, moved.clientY];
    };
    const up = () => {
      window.removeEventListener('mousemove', move);
      window.removeEventListener('mouseup', up);
    };
    window.addEventListener('mousemove', move);
    window.addEventListener('mouseup', up);
  }

  touch(event) {
    const [one, two] = Array.from(event.touches).map((finger) => this.point(finger));
    const wasOne = this.fingers;
    this.fingers = { start: one, view: this.view, at: event.timeStamp, apart: two ? distance(one, two) : 0, middle: two && middle(one, two) };
    this.fingers.single = !two && !(wasOne && wasOne.apart);
  }

  drag(event) {
    if (!this.fingers) return;
    event.preventDefault();
    const { start, view, apart, middle: from } = this.fingers;
    const [one, two] = Array.from(event.touches).map((finger) => this.point(finger));
    if (two && apart) this.show(pinched(view, apart, from, one, two));
    else if (view.scale > 1) this.show(moveBy(view, one.x - start.x, one.y - start.y));
    else if (this.fingers.single) this.show(moveBy(view, one.x - start.x, 0));
  }

  release(event) {
    if (!this.fingers) return;
    event.preventDefault(); // else the browser makes clicks of it
    if (event.touches.length) { this.touch(event); this.fingers.single = false; return; }
    const { start, at, single } = this.fingers;
    const end = this.point(event.changedTouches[0]);
    if (single && distance(start, end) < PRESS && event.timeStamp - at < DOUBLE) this.tap(end, event.timeStamp);
    else if (single && this.view.scale === 1 && Math.abs(end.x - start.x) > SWIPE) this.step(end.x < start.x ? 'next' : 'prev');
    else { this.settle(); return; }
    this.fingers = null;
  }

  tap(point, at) {
    const isSecond = at - this.tapped.at < DOUBLE && distance(point, this.tapped) < 4 * PRESS;
    this.tapped = { at: isSecond ? 0 : at, x: point.x, y: point.y };
    if (isSecond) this.toggle(point);
  }
}

class Viewer {
  constructor(link) {
    this.link = link;
    this.pages = new Map();
    this.over = document.createElement('section');
    this.over.className = 'viewer viewer--over';
    this.over.tabIndex = -1;
    [['role', 'dialog'], ['aria-modal', 'true'], ['aria-label', 'Просмотр фото']].forEach(([name, value]) => this.over.setAttribute(name, value));
    this.hands = new Hands(this.over, (way) => this.step(way));
    this.heard = [[document, 'keydown', (event) => this.press(event)], [window, 'popstate', () => this.end()],
      [window, 'resize', () => this.hands.settle()]];
    this.over.addEventListener('click', (event) => this.click(event));
  }

  open() {
    this.heard.forEach(([target, name, act]) => target.addEventListener(name, act));
    document.documentElement.classList.add('viewer-is-open');
    document.querySelector('.frame').setAttribute('inert', '');
    document.body.appendChild(this.over);
    this.draw(WAITING);
    this.standIn(this.link.querySelector('img').src);
    this.over.focus();
    history.pushState({ viewer: true }, '');
    this.go(this.link.getAttribute('href'));
  }

  // By Back: the entry of the history is gone already.
  end() {
    if (!this.over.parentNode) return;
    this.heard.forEach(([target, name, act]) => target.removeEventListener(name, act));
    document.documentElement.classList.remove('viewer-is-open');
    document.querySelector('.frame').removeAttribute('inert');
    this.over.remove();
    const link = document.contains(this.link) ? this.link : linkTo(this.link.getAttribute('href'));
    if (link) link.focus({ preventScroll: true });
  }

  close() {
    this.end();
    if (history.state && history.state.viewer) history.back();
  }

  draw(html) {
    this.over.innerHTML = html;
    this.hands.rest();
    this.over.classList.remove('viewer--settles', 'viewer--zoomed');
    const back = this.over.querySelector('.viewer__back');
    back.innerHTML = ibolit.icon('close');
    back.appendChild(document.createTextNode(this.link.getAttribute('data-viewer')));
  }

  standIn(src) {
    const image = new Image();
    image.className = 'viewer__stand-in';
    image.alt = '';
    image.src = src;
    this.over.querySelector('.viewer__sheet').appendChild(image);
  }

  ask(url, done) {
    if (this.pages.has(url)) { done(this.pages.get(url)); return; }
    ibolit.ask('GET', url, null, (status, html) => {
      const box = document.createElement('div');
      box.innerHTML = status === 200 ? html : '';
      const page = box.querySelector('.viewer');
      if (page) this.pages.set(url, page.innerHTML);
      done(page && page.innerHTML);
    });
  }

  go(url) {
    this.wanted = url;
    this.ask(url, (html) => {
      if (!this.over.parentNode || this.wanted !== url) return; // closed, or turned on, meanwhile
      if (!html) { this.fail(); return; }
      const focused = this.over.contains(document.activeElement) && document.activeElement.rel;
      this.draw(html);
      (this.way(focused) || this.over).focus();
      ['prev', 'next'].forEach((rel) => this.prepare(rel));
    });
  }

  // Only the words and the small copy: the picture itself is noted in the audit log as seen.
  prepare(rel) {
    if (!this.way(rel)) return;
    this.ask(this.way(rel).getAttribute('href'), (html) => {
      const small = /<img class="viewer__stand-in" src="([^"]+)"/.exec(html || '');
      if (small) new Image().src = small[1];
    });
  }

  fail() {
    const old = this.over.querySelector('.viewer__failed');
    if (old) old.remove();
    this.hands.settle();
    this.over.querySelector('.viewer__stage').insertAdjacentHTML('beforeend', FAILED);
  }

  way(rel) { return rel ? this.over.querySelector(`a[rel="${rel}"]`) : null; }

  step(rel) {
    const link = this.way(rel);
    if (!link) { this.hands.settle(); return; }
    this.hands.show({ scale: 1, x: (rel === 'next' ? -1 : 1) * this.hands.stage.width, y: 0 }, true);
    this.go(link.getAttribute('href'));
  }

  press(event) {
    const act = { Escape: () => this.close(), ArrowLeft: () => this.step('prev'), ArrowRight: () => this.step('next'), Tab: () => this.turn(event),
      '+': () => this.larger(1.5), '=': () => this.larger(1.5), '-': () => this.larger(1 / 1.5) }[event.key];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key !== 'Tab') event.preventDefault();
    act();
  }

  larger(times) { this.hands.zoom({ x: 0, y: 0 }, this.hands.view.scale * times, true); }

  // Tab walks round inside.
  turn(event) {
    const links = Array.from(this.over.querySelectorAll('a[href]')).filter((link) => link.offsetParent);
    const at = links.indexOf(document.activeElement);
    const isLeaving = event.shiftKey ? at <= 0 : at === links.length - 1;
    if (!isLeaving) return;
    event.preventDefault();
    links[event.shiftKey ? links.length - 1 : 0].focus();
  }

  click(event) {
    const link = event.target.closest('a');
    if (!link || isForAnotherTab(event)) return;
    if (link.classList.contains('viewer__back')) { event.preventDefault(); this.close(); }
    if (link.rel === 'prev' || link.rel === 'next') { event.preventDefault(); this.step(link.rel); }
    if (link.classList.contains('viewer__place')) { event.preventDefault(); this.toMessage(link); }
  }

  toMessage(link) {
    const message = document.getElementById(link.hash.slice(1));
    if (!message) { location.replace(link.href); return; } // in place of the viewer's entry of the history
    this.close();
    message.scrollIntoView({ block: 'center' });
  }
}

function linkTo(href) { return document.querySelector(`a[data-viewer][href="${href}"]`); }

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-viewer]');
  if (!link || event.defaultPrevented || isForAnotherTab(event)) return;
  event.preventDefault();
  new Viewer(link).open();
});
