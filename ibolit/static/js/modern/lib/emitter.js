// Whoever has something to tell, and whoever listens: on(name, hear), emit(name, …what).
class Emitter {
  constructor() { this.listeners = {}; }

  on(name, hear) {
    (this.listeners[name] = this.listeners[name] || []).push(hear);
    return this;
  }

  emit(name, ...what) { (this.listeners[name] || []).forEach((hear) => hear(...what)); }
}
