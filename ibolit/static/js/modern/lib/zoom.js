// Where a picture stands that is made larger and moved: its scale and its shift from the middle of the stage, in px.
// Points are counted from the middle, too. Knows no page.
export const LARGEST = 20; // a screen that was scrolled is a thread at first
export const TAPPED = 2.5; // what a double tap makes of it

export function stillView() { return { scale: 1, x: 0, y: 0 }; }

// The point under the finger stays under it.
export function zoomAt(view, point, wanted) {
  const scale = Math.min(Math.max(wanted, 1), LARGEST);
  const times = scale / view.scale;
  return { scale, x: point.x - (point.x - view.x) * times, y: point.y - (point.y - view.y) * times };
}

export function moveBy(view, dx, dy) { return { scale: view.scale, x: view.x + dx, y: view.y + dy }; }

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
