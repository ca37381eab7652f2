// What is said of a window or a picture that is shown in a call: nothing is claimed to be seen that is not.
import assert from 'node:assert';
import test from 'node:test';

globalThis.window = globalThis.navigator = {};
const { StatusLine } = await import('../../ibolit/static/js/modern/call/status-line.js');

const HERE = { isMuted: false, isSoundOnly: false, isAskedForSound: false, isWeak: false, shares: '', lacks: {} };

function line(otherSide, { theirs = {}, local = {}, ...more } = {}) {
  const localMedia = Object.assign({}, HERE, local);
  return new StatusLine(Object.assign({ data: { otherSide }, theirs, localMedia, isConnected: true, isPresent: true, isVideo: true }, more));
}

test('the doctor reads what is seen, and why nothing is', () => {
  const said = (local, more) => line('patient', Object.assign({ local: Object.assign({ shares: 'window' }, local) }, more)).sharing;
  assert.equal(said({ shares: '' }), '');
  assert.equal(said({}), 'Пациент видит это окно');
  assert.equal(said({ shares: 'tab' }), 'Пациент видит эту вкладку');
  assert.equal(said({ shares: 'screen' }), 'Пациент видит весь экран');
  assert.equal(said({ shares: 'picture' }), 'Пациент видит картинку');
  assert.equal(said({ isWeak: true }), 'Связь слабая: пациент пока не видит окно');
  assert.equal(said({ isAskedForSound: true }), 'Пациент просит только звук и не видит окно');
  assert.equal(said({ isSoundOnly: true }), 'У вас только звук: пациент не видит окно');
  assert.equal(said({}, { isConnected: false }), 'Пациент пока не видит окно: связи нет');
  assert.equal(said({}, { isConnected: false, isPresent: false }), 'Пациент пока не видит окно: нет в разговоре');
});

test('the patient reads what the doctor shows in place of the camera', () => {
  const said = (theirs, more) => line('doctor', Object.assign({ theirs }, more)).marks;
  assert.equal(said({ video: true, shares: 'window' }), 'Врач показывает окно');
  assert.equal(said({ video: true, shares: 'picture' }, { isVideo: false }), 'Врач показывает картинку');
  assert.equal(said({ video: false, weak: true, shares: 'tab' }), 'Врач показывает вкладку, но связь слабая: пока не видно');
  assert.equal(said({ video: false, soundOnly: true, shares: 'tab' }), 'собеседник просит только звук');
  assert.equal(said({ video: false, shares: '' }), 'камера собеседника выключена');
  assert.equal(said({ video: true, shares: 'window' }, { isConnected: false }), '');
});

test('who may show nothing is not said to show anything', () => {
  assert.equal(line('patient', { theirs: { video: true, shares: 'window' } }).isShown, false);
  assert.equal(line('doctor', { theirs: { video: true, shares: 'toString' } }).isShown, false);
});
