// Where a picture stands that is made larger and moved: its scale and its shift from the middle of the stage, in px.
// Points are counted from the middle, too. Knows no page.
export const LARGEST = 20; // a screen that was scrolled is a thread at first
export const TAPPED = 2.5; // what a double tap makes of it
export const DOUBLE = 300; // ms between two taps that are one
export const PRESS = 10; // px a finger may tremble in a tap

export function stillView() { return { scale: 1, x: 0, y: 0 }; }

// The point under the finger stays under it.
export function zoomAt(view, point, wanted) {
  const scale = Math.min(Math.max(wanted, 1), LARGEST);
  const times = scale / view.scale;
  return { scale, x: point.x - (point.x - view.x) * times, y: point.y - (point.y - view.y) * times };
}

export function moveBy(view, dx, dy) { return { scale: view.scale, x: view.x + dx, y: view.y + dy }; }

export function distance(one, two) { return Math.hypot(one.x - two.x, one.y - two.y); }
export function middle(one, two) { return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 }; }

// Two fingers that were so far apart, with this middle, when the picture stood so: what they make of it where they are now.
export function pinched(view, apart, from, one, two) {
  const now = middle(one, two);
  return zoomAt(moveBy(view, now.x - from.x, now.y - from.y), now, view.scale * distance(one, two) / apart);
}

// By so many pixels of a wheel.
export function rolled(view, point, down) { return zoomAt(view, point, view.scale * Math.exp(-down * 0.002)); }

// As large as the stage allows, whole.
export function fitted(stage, picture) {
  const times = Math.min(stage.width / picture.width, stage.height / picture.height);
  return { width: picture.width * times, height: picture.height * times };
}

// No edge of the picture comes further in than to the edge of the stage.
export function kept(view, stage, picture) {
  const whole = fitted(stage, picture);
  const room = (side) => Math.max(0, (whole[side] * view.scale - stage[side]) / 2);
  const between = (value, most) => Math.min(Math.max(value, -most), most);
  return { scale: view.scale, x: between(view.x, room('width')), y: between(view.y, room('height')) };
}
