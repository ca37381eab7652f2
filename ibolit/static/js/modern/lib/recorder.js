// The microphone: begins, tells how loud it is, ends with a file. Knows no page.
import * as timeouts from './timeouts.js';
import { voiceFile } from './voice-file.js';

export const LONGEST = 5 * 60; // seconds; the server refuses more
const KINDS = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus']; // the first that the engine has
const Sound = window.AudioContext || window.webkitAudioContext;
export const canRecord = Boolean(window.MediaRecorder && navigator.mediaDevices && navigator.mediaDevices.getUserMedia && Sound);

function kind() {
  return KINDS.find((one) => MediaRecorder.isTypeSupported && MediaRecorder.isTypeSupported(one)) || '';
}

// told(seconds, loudness 0…1) ten times a second; keep(piece, seconds) once a second.
export async function start(told, keep) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const type = kind(), media = new MediaRecorder(stream, type ? { mimeType: type, audioBitsPerSecond: 32000 } : {});
  const pieces = [], sound = new Sound(), ear = sound.createAnalyser(), heard = new Uint8Array(ear.fftSize);
  const began = Date.now();
  let timer = 0, end = null;

  sound.createMediaStreamSource(stream).connect(ear);
  const file = new Promise((done) => {
    media.ondataavailable = (event) => {
      if (!event.data.size) return;
      pieces.push(event.data);
      keep(event.data, elapsed());
    };
    media.onerror = stop;
    end = () => {
      const own = voiceFile(media.mimeType || type);
      done(new File(pieces, own.name, { type: own.type }));
    };
    media.onstop = end;
  });

  function elapsed() { return Math.min((Date.now() - began) / 1000, LONGEST); }

  function look() {
    ear.getByteTimeDomainData(heard);
    const loudest = heard.reduce((most, one) => Math.max(most, Math.abs(one - 128)), 0);
    told(elapsed(), Math.min(1, loudest / 90));
    if (elapsed() >= LONGEST) stop();
  }

  function stop() {
    clearInterval(timer);
    if (media.state !== 'inactive') media.stop();
    timeouts.within(file, null).then((whole) => { if (!whole) end(); }); // it does not say that it has ended
    stream.getTracks().forEach((track) => track.stop());
    if (sound.state !== 'closed') sound.close();
  }

  stream.getTracks().forEach((track) => { track.onended = stop; }); // a call comes in, the headset goes
  media.start(1000);
  timer = setInterval(look, 100);
  return { stop, elapsed, file };
}
