// The small own picture: carried by a finger or a mouse, it settles in the nearest corner; a press moves it to the next.
export class SelfView {
  constructor(button, room) {
    this.button = button;
    this.room = room;
    this.corner = 'top-right';
    this.held = null;
    const hear = (name, act, options) => button.addEventListener(name, act, options);
    // Safari 11 has no pointer events.
    hear('touchstart', (event) => this.take(event.changedTouches[0]), { passive: true });
    hear('touchmove', (event) => { event.preventDefault(); this.carry(event.changedTouches[0]); }, { passive: false });
    hear('touchend', () => this.drop());
    hear('touchcancel', () => this.drop());
    hear('mousedown', (event) => this.hold(event));
    hear('click', () => this.press());
    this.settle(this.corner);
  }

  hold(event) {
    const move = (moved) => this.carry(moved), up = () => {
      document.removeEventListener('mousemove', move);
      document.removeEventListener('mouseup', up);
      this.drop();
    };
    document.addEventListener('mousemove', move);
    document.addEventListener('mouseup', up);
    event.preventDefault();
    this.take(event);
  }

  take(at) {
    this.held = { x: at.clientX, y: at.clientY };
    this.isCarried = false;
  }

  carry(at) {
    if (!this.held) return;
    const x = at.clientX - this.held.x, y = at.clientY - this.held.y;
    if (!this.isCarried && Math.abs(x) + Math.abs(y) < 8) return;
    this.isCarried = true;
    this.button.classList.add('call__own--held');
    this.button.style.transform = `translate(${x}px, ${y}px)`;
  }

  drop() {
    if (this.held && this.isCarried) {
      const own = this.button.getBoundingClientRect(), room = this.room.getBoundingClientRect();
      const isLeft = own.left + own.width / 2 < room.left + room.width / 2, isTop = own.top + own.height / 2 < room.top + room.height / 2;
      this.settle(`${isTop ? 'top' : 'bottom'}-${isLeft ? 'left' : 'right'}`);
    }
    this.held = null;
    this.button.classList.remove('call__own--held');
    this.button.style.transform = '';
  }

  press() {
    const corners = ['top-right', 'bottom-right', 'bottom-left', 'top-left'];
    if (!this.isCarried) this.settle(corners[(corners.indexOf(this.corner) + 1) % corners.length]);
    this.isCarried = false;
  }

  settle(corner) {
    this.button.classList.remove(`call__own--${this.corner}`);
    this.button.classList.add(`call__own--${corner}`);
    this.corner = corner;
  }
}
