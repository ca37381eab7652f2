// Where unsent files lie with their bytes, so that a reload or a dead battery costs no upload: IndexedDB, or the page's
// memory where that is forbidden, full or silent. `place` is a person's chat: nobody else at the same browser meets them.
import * as timeouts from './timeouts.js';

const NAME = 'ibolit', RECORDS = 'files', BYTES = 'bytes', LASTS = 24 * 3600 * 1000;
const memory = new Map();
let opened = null, isSilent = false;

function open() {
  if (!opened) opened = new Promise(connect).catch(() => null);
  return opened;
}

// Undefined when the disk does not answer in time. A disk that was silent is not waited for again until it has answered.
async function soon(asked) {
  asked.then(() => {
    if (isSilent) htmx.trigger(document.body, 'ibolit:disk-answered');
    isSilent = false;
  });
  const silence = {}, answer = await timeouts.within(asked, silence, isSilent ? 0 : undefined);
  if (answer !== silence) return answer;
  isSilent = true;
  return undefined;
}

// So that whoever waits for something else meanwhile does not wait twice.
export function warm() { soon(ask('readonly', (records) => records.count())); }

function connect(done, failed) {
  const asked = indexedDB.open(NAME, 1);
  asked.onupgradeneeded = () => {
    asked.result.createObjectStore(RECORDS, { keyPath: 'id' });
    asked.result.createObjectStore(BYTES);
  };
  asked.onerror = asked.onblocked = failed;
  asked.onsuccess = () => {
    const base = asked.result;
    base.onversionchange = () => { base.close(); opened = null; }; // signing out in another tab wipes it
    done(base);
  };
}

// Undefined when the disk has failed us.
async function ask(mode, question) {
  const base = await open();
  if (!base) return undefined;
  try {
    return await new Promise((done, failed) => {
      const deal = base.transaction([RECORDS, BYTES], mode);
      const asked = question(deal.objectStore(RECORDS), deal.objectStore(BYTES));
      deal.oncomplete = () => done(asked.result || null);
      deal.onerror = deal.onabort = failed;
    });
  } catch (error) {
    return undefined;
  }
}

// What grows lies in pieces until it is whole.
function piecesOf(id) { return IDBKeyRange.bound(`${id}/`, `${id}0`); }

// False when the disk has not taken it.
export async function append(record, number, piece) {
  const written = await soon(ask('readwrite', (records, all) => {
    all.put(piece, `${record.id}/${String(number + 1e6).slice(1)}`);
    return records.put(record);
  }));
  return written !== undefined;
}

// A record is written often, its bytes once. False when only this page has it.
export async function put(record, bytes) {
  const written = await soon(ask('readwrite', (records, all) => {
    if (bytes) all.put(bytes, record.id);
    if (bytes) all.delete(piecesOf(record.id));
    return records.put(record);
  }));
  if (written === undefined || memory.has(record.id)) memory.set(record.id, record);
  return written !== undefined;
}

// Null when it is not there, undefined when nobody knows.
export async function get(id) {
  return memory.get(id) || soon(ask('readonly', (records) => records.get(id)));
}

export async function bytes(id) {
  let asked = null;
  const whole = await soon(ask('readonly', (records, all) => {
    asked = all.getAll(piecesOf(id)); // at once: a page that is being left may make them whole in between
    return all.get(id);
  }));
  if (whole || whole === undefined) return whole;
  const pieces = asked.result || [];
  return pieces.length ? new Blob(pieces, { type: pieces[0].type }) : null;
}

export async function remove(id) {
  memory.delete(id);
  await ask('readwrite', (records, all) => {
    all.delete(id);
    all.delete(piecesOf(id));
    return records.delete(id);
  });
}

// Not `isWhole` when the disk does not say what it has.
export async function of(place) {
  const stored = await soon(ask('readonly', (records) => records.getAll()));
  const all = [...memory.values(), ...(stored || []).filter((one) => !memory.has(one.id))];
  const fresh = all.filter((one) => one.at > Date.now() - LASTS);
  all.filter((one) => !fresh.includes(one)).forEach((one) => remove(one.id));
  const records = fresh.filter((one) => one.place === place).sort((one, other) => one.at - other.at);
  return { records, isWhole: stored !== undefined };
}

export function newId() { return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`; }

// Two tabs of one chat have the same files: one works on a file, the other waits and finds it done.
export function exclusively(id, work) { return timeouts.alone(`ibolit-file-${id}`, work); }
