// A picture that is made larger and moved by fingers: what lies under the finger stays there, and no edge comes in too far.
import assert from 'node:assert';
import test from 'node:test';

import { LARGEST, distance, fitted, kept, middle, moveBy, pinched, rolled, stillView, zoomAt } from '../../ibolit/static/js/modern/lib/zoom.js';

const STAGE = { width: 400, height: 800 }, WIDE = { width: 4000, height: 2000 };

function under(view, point) { return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale }; }

test('the point under the finger stays under it', () => {
  const moved = moveBy(stillView(), 13, -40);
  for (const point of [{ x: 0, y: 0 }, { x: 150, y: -300 }, { x: -199, y: 12 }]) {
    for (const scale of [1.3, 2.5, 6]) assert.deepEqual(rounded(under(zoomAt(moved, point, scale), point)), rounded(under(moved, point)));
  }
});

test('what lies under two fingers stays under them', () => {
  const view = zoomAt(moveBy(stillView(), 13, -40), { x: 50, y: 60 }, 1.5), from = [{ x: -40, y: 10 }, { x: 60, y: 90 }];
  for (const to of [[{ x: -80, y: -22 }, { x: 120, y: 138 }], [{ x: -30, y: 30 }, { x: 70, y: 110 }]]) {
    const now = pinched(view, distance(...from), middle(...from), ...to);
    to.forEach((finger, i) => assert.deepEqual(rounded(under(now, finger)), rounded(under(view, from[i]))));
  }
});

test('a wheel makes it larger and smaller under the mouse', () => {
  const point = { x: 90, y: -30 }, near = rolled(stillView(), point, -500);
  assert.deepEqual(rounded(under(near, point)), [90, -30]);
  assert.equal(Math.round(near.scale * 1000), 2718);
  assert.equal(rolled(near, point, 500).scale, 1);
});

test('it is never smaller than whole nor larger than the largest', () => {
  assert.equal(zoomAt(stillView(), { x: 9, y: 9 }, 0.2).scale, 1);
  assert.equal(zoomAt(stillView(), { x: 9, y: 9 }, 50).scale, LARGEST);
});

test('a whole picture lies in the middle, however it was moved', () => {
  assert.deepEqual(fitted(STAGE, WIDE), { width: 400, height: 200 });
  assert.deepEqual(kept(moveBy(stillView(), 70, -70), STAGE, WIDE), { scale: 1, x: 0, y: 0 });
});

test('no edge comes further in than to the edge of the stage', () => {
  const twice = { scale: 2, x: 0, y: 0 }; // 800 wide and 400 high: 200 to either side, nothing up or down
  assert.deepEqual(kept(moveBy(twice, 5000, 5000), STAGE, WIDE), { scale: 2, x: 200, y: 0 });
  assert.deepEqual(kept(moveBy(twice, -120, -5000), STAGE, WIDE), { scale: 2, x: -120, y: 0 });
});

function rounded({ x, y }) { return [x, y].map((one) => Math.round(one * 1e6) / 1e6 + 0); }
