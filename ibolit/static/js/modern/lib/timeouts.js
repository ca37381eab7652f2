// A promise of the browser may never settle: a disk hangs, a worker does not start, locks are held by nobody. Whoever
// writes, speaks or sends waits for such a promise this long, and then goes on without it.
const MOST = 2000; // ms

// A rejection is the caller's to handle.
export function within(promise, otherwise, most = MOST) {
  let timer = 0;
  const late = new Promise((done) => { timer = setTimeout(done, most, otherwise); });
  const end = () => clearTimeout(timer);
  promise.then(end, end);
  return Promise.race([promise, late]);
}

// One at a time among all pages; locks that do not even say who holds them are none.
export async function alone(name, work) {
  const isAble = navigator.locks && await within(navigator.locks.query().catch(() => null), null);
  return isAble ? navigator.locks.request(name, work) : work();
}
