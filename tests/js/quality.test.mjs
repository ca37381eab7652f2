// The link as it is in life: its width and its loss walk at random, and what the engine believes of it lags behind. Whatever
// the walk, the picture comes back soon after the link is good again, does not flap, and yields to the voice.
import assert from 'node:assert';
import test from 'node:test';

const quality = await import(process.env.QUALITY || '../../ibolit/static/js/modern/lib/quality.js');
const WALKS = ['', '0', undefined].includes(process.env.LONG_TESTS) ? 300 : 5000;
const LOOK = quality.EVERY / 1000, VOICE = 40000; // seconds; bits a second
const { STEPS, OFF } = quality;

// mulberry32: the same walks every time.
function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6D2B79F5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

class Link {
  constructor(random) {
    Object.assign(this, { random, width: 1500000, loss: 0.005, believed: 300000, lag: 0.05, calm: 9 });
  }

  between(low, high) { return low + (high - low) * this.random(); }

  // One look at it: `isGood` narrows the walk to what carries a call; even so one look in ten finds a hiccup, never two together.
  step(isGood, sending, worst = 0.05) {
    const wide = isGood ? [700000, 3000000] : [15000, 400000], lossy = isGood ? [0, 0.02] : [worst, 0.6];
    const walk = (value, [low, high], by) => Math.min(high, Math.max(low, value * this.between(1 - by, 1 + by)));
    this.width = walk(this.width, wide, 0.5);
    this.loss = walk(Math.max(this.loss, 0.002), lossy, 0.7);
    const sent = VOICE + (sending === OFF ? 0 : STEPS[sending].bitrate), excess = Math.max(0, 1 - this.width / sent);
    const hiccup = isGood && this.calm > 1 && this.random() < 0.12 ? this.between(0.1, 0.3) : 0;
    this.calm = hiccup ? 0 : this.calm + 1;
    // The estimate falls at once, grows by a tenth a second, and never far beyond what is really sent.
    const seen = Math.min(this.width, this.believed * 1.1 ** LOOK, 1.5 * Math.min(sent, this.width) + 10000);
    this.believed = Math.max(10000, this.loss + hiccup + excess > 0.1 ? Math.min(seen, this.believed * 0.7) : seen);
    this.lag = this.between(0.03, 0.2) + excess + (isGood ? 0 : this.between(0, 1));
    return { loss: Math.min(1, this.loss + hiccup + excess), rtt: this.lag, room: this.tellsRoom ? this.believed : null };
  }
}

// What happened at every look of one walk through bad and good spells.
function walked(seed, plan, worst) {
  const link = new Link(dice(seed)), told = [];
  let state = quality.fresh();
  link.tellsRoom = seed % 4 !== 0; // every fourth engine does not
  plan(link).forEach(([isGood, looks]) => {
    for (let look = 0; look < looks; look += 1) {
      state = quality.decide(state, link.step(isGood, state.step, worst));
      told.push({ isGood, since: look + 1, step: state.step });
    }
  });
  return told;
}

const spells = (link) => Array.from({ length: 12 }, (_, i) => [i % 2 === 0, Math.round(link.between(2, 30))]);

test('within 20 seconds of a good link the picture is back', () => {
  for (let seed = 1; seed <= WALKS; seed += 1) {
    walked(seed, spells).forEach((one, i, all) => {
      if (!one.isGood || one.since * LOOK < 20) return;
      const wasBack = all.slice(i - one.since + 1, i + 1).some((look) => look.step < OFF);
      assert.ok(wasBack, `walk ${seed}: still dark ${one.since * LOOK} s into a good spell`);
    });
  }
});

test('the picture goes at most once in 30 seconds', () => {
  for (let seed = 1; seed <= WALKS; seed += 1) {
    let gone = -Infinity;
    walked(seed, spells).forEach((one, i, all) => {
      if (one.step !== OFF || !i || all[i - 1].step === OFF) return;
      assert.ok((i - gone) * LOOK >= 30, `walk ${seed}: gone twice within ${(i - gone) * LOOK} s`);
      gone = i;
    });
  }
});

test('a link that stays bad carries the voice alone, and a good one everything', () => {
  for (let seed = 1; seed <= WALKS; seed += 1) {
    const lossy = walked(seed, () => [[true, 30], [false, 20]], 0.25).pop();
    assert.equal(lossy.step, OFF, `walk ${seed}: a picture at the cost of the voice`);
  }
  const clear = { loss: 0, rtt: 0.05, room: null };
  let state = quality.fresh();
  for (let look = 0; look < 100; look += 1) state = quality.decide(state, clear);
  assert.equal(state.step, 0);
});

const GOOD = { loss: 0, rtt: 0.05, room: null }, BAD = { loss: 0.12, rtt: 0.1, room: null }, AWFUL = { loss: 0.4, rtt: 0.1, room: null };
const times = (count, sample) => Array(count).fill(sample);
const after = (samples, state = quality.fresh()) => samples.reduce(quality.decide, state);

test('down fast and up slowly, slower after a mistake', () => {
  assert.equal(after([GOOD, BAD, GOOD, BAD, GOOD]).step, 0);
  assert.equal(after(times(2, BAD)).step, 1);
  assert.equal(after(times(4, BAD)).step, 2);
  const off = after(times(4, AWFUL)), back = after(times(5, GOOD), off);
  assert.equal(off.step, OFF);
  assert.equal(after(times(4, GOOD), off).step, OFF);
  assert.equal(back.step, OFF - 1);
  assert.equal(after(times(15, GOOD), off).step, 0);
  assert.equal(after(times(4, AWFUL), back).step, OFF - 1, 'gone again so soon would be a flicker');
  assert.equal(after(times(12, AWFUL), back).step, OFF, 'what stays awful is the voice alone');
  const risen = after(times(5, GOOD), after(times(2, BAD))), fallen = after(times(2, BAD), risen);
  assert.deepEqual([risen.step, fallen.step, after(times(9, GOOD), fallen).step, after(times(10, GOOD), fallen).step], [0, 1, 1, 0]);
});

test('a narrow or slow link is seen without loss, and what an engine does not tell is no harm', () => {
  assert.equal(after(times(20, { loss: 0, rtt: 0.05, room: 150000 })).step, 2);
  assert.equal(after(times(2, { loss: 0, rtt: 1, room: null })).step, 1);
  assert.equal(after(times(20, { loss: 0, rtt: null, room: null })).step, 0);
});

test('a window keeps all its pixels as long as the link carries them', async () => {
  const told = [], sender = { getParameters: () => ({ encodings: [{}] }), setParameters: async ({ encodings: [one] }) => { told.push(one); } };
  for (const step of STEPS.keys()) await quality.apply(sender, { enabled: true }, step, true);
  assert.deepEqual(told.map((one) => [one.active, one.scaleResolutionDownBy, one.maxFramerate]),
    [[true, 1, 5], [true, 1, 3], [true, 2, 2], [false, undefined, undefined]]);
  assert.deepEqual(told.slice(0, OFF).map((one) => one.maxBitrate), STEPS.slice(0, OFF).map((one) => one.bitrate));
});

test('a shared window is never asked to become smaller itself', async () => {
  const asked = [], track = { enabled: true, applyConstraints: async (wanted) => { asked.push(wanted); } };
  await quality.apply({}, track, 1, true);
  assert.deepEqual([asked, track.enabled], [[], true]);
});
