// What the doctor shows, made larger and moved by the patient: by fingers, mouse, wheel and a button. A face is left as it is.
import { DOUBLE, PRESS, TAPPED, distance, fitted, kept, middle, moveBy, pinched, rolled, stillView, zoomAt } from '../lib/zoom.js';

export class Enlarging {
  constructor(call) {
    this.call = call;
    this.video = call.remote;
    this.heard = [];
    this.view = stillView();
    this.tapped = 0;
    const listen = (name, act) => {
      const hear = (event) => { if (this.isOn) act(event); };
      this.video.addEventListener(name, hear, { passive: false });
      this.heard.push([name, hear]);
    };
    listen('dblclick', (event) => this.toggle(this.point(event)));
    listen('wheel', (event) => this.roll(event));
    listen('mousedown', (event) => this.grab(event));
    listen('touchstart', (event) => this.touch(event));
    listen('touchmove', (event) => this.drag(event));
    listen('touchend', (event) => this.release(event));
    call.parts.on('enlarge', () => this.toggle({ x: 0, y: 0 }));
  }

  get isOn() { return this.call.main.classList.contains('call--shown'); }

  get stage() { return { width: this.video.clientWidth, height: this.video.clientHeight }; }

  get picture() { return this.video.videoWidth ? { width: this.video.videoWidth, height: this.video.videoHeight } : this.stage; }

  // From the middle of the stage, however large the picture is drawn.
  point(of) {
    const room = this.video.offsetParent.getBoundingClientRect(), { offsetLeft, offsetTop } = this.video, { width, height } = this.stage;
    return { x: of.clientX - room.left - offsetLeft - width / 2, y: of.clientY - room.top - offsetTop - height / 2 };
  }

  show() {
    const { parts, main } = this.call;
    if (!this.isOn && this.view.scale !== 1) this.put(stillView());
    parts.show('enlarge', this.isOn);
    main.classList.toggle('call--enlarged', this.view.scale > 1);
    parts.buttons('enlarge').forEach((button) => { button.querySelector('span').textContent = this.view.scale > 1 ? 'Уменьшить' : 'Увеличить'; });
  }

  put(view) {
    this.view = view.scale < 1.05 ? stillView() : kept(view, this.stage, this.picture);
    const { scale, x, y } = this.view;
    this.video.style.transform = scale === 1 ? '' : `translate(${x}px, ${y}px) scale(${scale})`;
    this.show();
  }

  toggle(point) { this.put(this.view.scale > 1 ? stillView() : zoomAt(this.view, point, this.reading)); }

  // So that a window of a desktop fills a phone that is held upright; at least as much as a double tap elsewhere.
  get reading() {
    const whole = fitted(this.stage, this.picture);
    return Math.max(TAPPED, Math.min(this.stage.height / whole.height, this.stage.width / whole.width));
  }

  roll(event) {
    event.preventDefault();
    this.put(rolled(this.view, this.point(event), event.deltaY));
  }

  grab(event) {
    if (event.button || this.view.scale === 1) return;
    event.preventDefault();
    let { clientX: x, clientY: y } = event;
    const move = (moved) => {
      this.put(moveBy(this.view, moved.clientX - x, moved.clientY - y));
      [x, y] = [moved.clientX, moved.clientY];
    };
    const drop = () => {
      window.removeEventListener('mousemove', move);
      window.removeEventListener('mouseup', drop);
    };
    window.addEventListener('mousemove', move);
    window.addEventListener('mouseup', drop);
  }

  touch(event) {
    const [one, two] = Array.from(event.touches).map((finger) => this.point(finger));
    this.fingers = { one, view: this.view, at: event.timeStamp, apart: two ? distance(one, two) : 0, middle: two && middle(one, two) };
  }

  drag(event) {
    if (!this.fingers) return;
    event.preventDefault();
    const { view, apart, middle: from, one: start } = this.fingers, [one, two] = Array.from(event.touches).map((finger) => this.point(finger));
    if (two && apart) this.put(pinched(view, apart, from, one, two));
    else if (view.scale > 1) this.put(moveBy(view, one.x - start.x, one.y - start.y));
  }

  release(event) {
    if (!this.fingers) return;
    if (event.touches.length) { this.touch(event); return; }
    const end = this.point(event.changedTouches[0]), isTap = !this.fingers.apart && distance(this.fingers.one, end) < PRESS;
    this.fingers = null;
    if (!isTap) return;
    event.preventDefault(); // else the browser makes a double click of two, as well
    const isSecond = event.timeStamp - this.tapped < DOUBLE;
    this.tapped = isSecond ? 0 : event.timeStamp;
    if (isSecond) this.toggle(end);
  }

  stop() { this.heard.forEach(([name, hear]) => this.video.removeEventListener(name, hear)); }
}
