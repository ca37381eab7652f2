// What is said of a file before a byte of it is sent.
import assert from 'node:assert';
import test from 'node:test';

import { icon, isMovingWebp, refusal, size } from '../../ibolit/static/js/modern/lib/file-types.js';
import { voiceFile } from '../../ibolit/static/js/modern/lib/voice-file.js';

const MOST = 20 * 1024 * 1024;
const KINDS = {
  taken: { image: 'jpg png', 'file-text': 'pdf docx', 'file-table': 'xlsx', scan: 'dcm dicom' },
  refused: [['exe apk', 'программы здесь не открыть.'], ['rar 7z', 'соберите архив как ZIP.']]
};
globalThis.document = { querySelector: (what) => (what === '[data-kinds]' ? { getAttribute: () => JSON.stringify(KINDS) } : null) };

test('sizes are said as they are shown elsewhere', () => {
  assert.deepEqual([1, 1023, 1024, 1500, 1023999, 1048576, 1.5 * 1048576].map(size), [
    '1\u00a0Б', '1023\u00a0Б', '1\u00a0КБ', '2\u00a0КБ', '1000\u00a0КБ', '1\u00a0МБ', '1,5\u00a0МБ'
  ]);
});

test('the icon goes by the name, in letters of either size', () => {
  assert.deepEqual(['Снимок.JPG', 'Анализ.pdf', 'таблица.xlsx', 'КТ.dcm', 'IM0001', 'том.1', 'вирус.exe'].map(icon), [
    'image', 'file-text', 'file-table', 'scan', 'file', 'file', 'file'
  ]);
});

test('only what is hopeless is refused, in a sentence that says what to do', () => {
  assert.equal(refusal({ name: 'Анализ.pdf', size: 0 }, MOST), '«Анализ.pdf»: файл пустой.');
  assert.equal(refusal({ name: 'игра.EXE', size: 5 }, MOST), '«игра.EXE»: программы здесь не открыть.');
  assert.equal(refusal({ name: 'снимки.rar', size: 5 }, MOST), '«снимки.rar»: соберите архив как ZIP.');
  assert.match(refusal({ name: 'КТ.zip', size: MOST + 1 }, MOST), /: 20\u00a0МБ – больше 20\u00a0МБ\. Сожмите файл или отправьте по частям\.$/);
  for (const name of ['IM0001', 'том.1', 'MRI.Smith', 'Анализ.pdf']) assert.equal(refusal({ name, size: MOST }, MOST), '');
});

test('a large photo may still be made smaller', () => {
  assert.equal(refusal({ name: 'Снимок.jpg', size: MOST + 1 }, MOST, true), '');
  assert.notEqual(refusal({ name: 'Снимок.jpg', size: MOST + 1 }, MOST, false), '');
});

test('a voice message is named by what the engine calls its sound', () => {
  assert.deepEqual(['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus', ''].map((sound) => voiceFile(sound)), [
    { name: 'voice.webm', type: 'audio/webm' }, { name: 'voice.m4a', type: 'audio/mp4' }, { name: 'voice.ogg', type: 'audio/ogg' },
    { name: 'voice.webm', type: 'audio/webm' }
  ]);
});

test('a WebP that moves is known by its head', () => {
  const head = (kind, flags) => Uint8Array.from([...'RIFF....WEBP', ...kind].map((one) => one.charCodeAt(0)).concat(10, 0, 0, 0, flags));
  assert.deepEqual([head('VP8X', 0x12), head('VP8X', 0x10), head('VP8 ', 0x12)].map(isMovingWebp), [true, false, false]);
});
