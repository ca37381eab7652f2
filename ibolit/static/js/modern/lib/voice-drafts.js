// A voice message while it is spoken: stored every second, so that leaving the page loses nothing of it.
// The tab that records holds its lock; who gets the lock finds what was left behind.
import * as fileStore from './file-store.js';
import { voiceFile } from './voice-file.js';

const FRESH = 5000; // ms: engines without locks tell by the last piece
const recovering = new Set();

export function begin(place) {
  const record = { id: fileStore.newId(), place, at: Date.now(), voice: true, recording: true, seconds: 0 };
  let count = 0, end = null, isSafe = true;
  const closed = new Promise((done) => { end = done; });
  fileStore.exclusively(record.id, () => closed);

  async function keep(piece, seconds) {
    Object.assign(record, voiceFile(piece.type), { seconds: Math.round(seconds), heard: Date.now() });
    count += 1;
    isSafe = await fileStore.append(Object.assign({}, record), count, piece);
  }

  return { id: record.id, keep, close: end, drop: () => { end(); fileStore.remove(record.id); }, isSafe: () => isSafe };
}

// True when what a page left behind has become a file like any other.
export async function recover(record) {
  if (recovering.has(record.id) || (!navigator.locks && Date.now() - record.heard < FRESH)) return false;
  recovering.add(record.id);
  try {
    return await fileStore.exclusively(record.id, () => finish(record.id));
  } finally {
    recovering.delete(record.id);
  }
}

async function finish(id) {
  const record = await fileStore.get(id);
  if (!record || !record.recording) return Boolean(record);
  const bytes = await fileStore.bytes(id);
  if (bytes === null) await fileStore.remove(id);
  if (!bytes) return false;
  const file = new File([bytes], record.name, { type: record.type });
  delete record.recording;
  await fileStore.put(Object.assign(record, { size: file.size, seconds: Math.max(record.seconds, 1) }), file);
  return true;
}
