// Where unsent files lie with their bytes, so that a reload or a dead battery costs no upload: IndexedDB, or the page's
// memory where that is forbidden or full. `place` is a person's chat: nobody else at the same browser meets them.
const shelf = (() => {
  const NAME = 'ibolit', RECORDS = 'files', BYTES = 'bytes', LASTS = 24 * 3600 * 1000;
  const memory = new Map();
  let opened = null;

  function open() {
    if (!opened) opened = new Promise(connect).catch(() => null);
    return opened;
  }

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

  // A record is written often, its bytes once.
  async function put(record, bytes) {
    const written = await ask('readwrite', (records, all) => {
      if (bytes) all.put(bytes, record.id);
      return records.put(record);
    });
    if (written === undefined || memory.has(record.id)) memory.set(record.id, record);
  }

  async function get(id) {
    return memory.get(id) || await ask('readonly', (records) => records.get(id));
  }

  async function bytes(id) {
    return await ask('readonly', (records, all) => all.get(id)) || null;
  }

  async function remove(id) {
    memory.delete(id);
    await ask('readwrite', (records, all) => {
      all.delete(id);
      return records.delete(id);
    });
  }

  async function of(place) {
    const all = [...memory.values(), ...await ask('readonly', (records) => records.getAll()) || []];
    const fresh = all.filter((one) => one.at > Date.now() - LASTS);
    all.filter((one) => !fresh.includes(one)).forEach((one) => remove(one.id));
    return fresh.filter((one) => one.place === place).sort((one, other) => one.at - other.at);
  }

  return { put, get, bytes, remove, of };
})();
