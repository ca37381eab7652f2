// Microphones, cameras, loudspeakers, and what an engine can do with them. Knows no page; the words are for people.
const media = navigator.mediaDevices;
const Sound = window.AudioContext || window.webkitAudioContext;
const PICTURE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 } };
const VOICE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const IN_APPS = [
  [/VKAndroidApp|VKClient|com\.vk\.|\bVK\//i, 'VK'], [/Telegram/i, 'Telegram'], [/WhatsApp/i, 'WhatsApp'], [/Instagram/i, 'Instagram'],
  [/FBAN|FBAV|FB_IAB/, 'Facebook'], [/Viber/i, 'Viber'], [/OKApp|odkl/i, 'Одноклассники'], [/YaApp|YandexSearch|YaSearchApp/i, 'Яндекс'],
  [/MailRu|Mail\.Ru/i, 'Почта Mail'], [/\bLine\//, 'Line']
];

export const can = {
  get call() { return Boolean(window.RTCPeerConnection && window.WebSocket && media && media.getUserMedia); },
  get speaker() { return 'setSinkId' in HTMLMediaElement.prototype && Boolean(media && media.enumerateDevices); },
  get facing() { return Boolean(media && media.getSupportedConstraints && media.getSupportedConstraints().facingMode); }
};

export function platform(agent) {
  if (/Android/i.test(agent)) return 'android';
  // iPads of today call themselves Macs.
  return /iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1) ? 'ios' : 'desktop';
}

// The app whose window this is, '' for a browser of its own.
export function inApp(agent, isStandalone) {
  const known = IN_APPS.find(([mark]) => mark.test(agent));
  if (known) return known[1];
  if (window.TelegramWebviewProxy || window.TelegramWebview) return 'Telegram';
  const isView = /; wv\)/.test(agent) || (/iPhone|iPad|iPod/.test(agent) && !/Safari\//.test(agent) && !isStandalone);
  return isView ? 'другого приложения' : '';
}

function ask({ audio, video, facing }) {
  return media.getUserMedia({
    audio: audio ? VOICE : false,
    video: video ? Object.assign({ facingMode: facing || 'user' }, PICTURE) : false
  });
}

// What can be had of camera and microphone; `lacks` says by an error what cannot, and why. When both together cannot, the
// microphone is tried alone; the camera alone only if nobody has said no, for every trial may be a question on the screen.
export async function open({ audio, video, facing }) {
  const found = { audio: null, video: null, lacks: { audio: null, video: null } };
  const get = async (kind) => {
    try {
      found[kind] = (await ask({ [kind]: true, facing })).getTracks()[0];
    } catch (error) { found.lacks[kind] = error; }
  };
  if (audio && video) {
    try {
      const stream = await ask({ audio, video, facing });
      return Object.assign(found, { audio: stream.getAudioTracks()[0], video: stream.getVideoTracks()[0] });
    } catch (error) {
      await get('audio');
      const isNo = reason(error) === 'refused' && !(await isAllowed('camera'));
      if (found.audio || isNo) found.lacks.video = error; else await get('video');
      return found;
    }
  }
  if (audio) await get('audio');
  if (video) await get('video');
  return found;
}

// Known without a question on the screen; not every engine tells it.
async function isAllowed(name) {
  try {
    return (await navigator.permissions.query({ name })).state === 'granted';
  } catch (error) { return false; }
}

export async function camera(facing) { return (await ask({ video: true, facing })).getVideoTracks()[0]; }
export async function microphone() { return (await ask({ audio: true })).getAudioTracks()[0]; }

export async function list(kind) {
  if (!media || !media.enumerateDevices) return [];
  return (await media.enumerateDevices()).filter((one) => one.kind === kind);
}

const ALLOW = {
  ios: [
    'Нажмите «аА» или значок слева от адреса страницы, затем «Настройки веб-сайта».',
    'Разрешите микрофон и камеру и обновите страницу.',
    'Если не помогло: «Настройки» телефона → «Приложения» → Safari → «Камера» и «Микрофон» → «Разрешить».'
  ],
  android: [
    'Нажмите значок слева от адреса страницы, затем «Разрешения».',
    'Включите микрофон и камеру и обновите страницу.',
    'Если не помогло: «Настройки» телефона → «Приложения» → ваш браузер → «Разрешения».'
  ],
  desktop: [
    'Нажмите значок слева от адреса страницы.',
    'Разрешите микрофон и камеру и обновите страницу.'
  ]
};
const CLOSE = ['Закройте другие приложения и вкладки, где идёт звонок или запись.', 'Затем нажмите «Попробовать снова».'];

const REASONS = {
  NotAllowedError: 'refused', PermissionDeniedError: 'refused', SecurityError: 'refused',
  NotFoundError: 'missing', DevicesNotFoundError: 'missing', OverconstrainedError: 'missing',
  NotReadableError: 'busy', TrackStartError: 'busy', AbortError: 'busy'
};
const TITLES = {
  refused: { audio: 'Нет доступа к микрофону', video: 'Нет доступа к камере', both: 'Нет доступа к камере и микрофону' },
  missing: { audio: 'Микрофон не найден', video: 'Камера не найдена', both: 'Камера и микрофон не найдены' },
  busy: { audio: 'Микрофон занят другим приложением', video: 'Камера занята другим приложением', both: 'Камера и микрофон заняты другим приложением' },
  lost: { audio: 'Микрофон пропал', video: 'Камера пропала' },
  broken: { audio: 'Не удалось включить микрофон', video: 'Не удалось включить камеру', both: 'Не удалось включить камеру и микрофон' }
};

export function reason(error) { return REASONS[error && error.name] || 'broken'; }

// `what` is audio, video or both.
export function title(why, what) { return TITLES[why][what]; }

// What is wrong, and what to press on this phone.
export function words(error, what, agent) {
  const why = reason(error);
  if (!window.isSecureContext || (error && error.name === 'SecurityError') || !media) {
    return { title: 'На этой странице звонок невозможен', steps: ['Откройте сайт по защищённому адресу: он начинается с https://'] };
  }
  const steps = {
    refused: ALLOW[platform(agent || navigator.userAgent)],
    missing: ['Подключите устройство и нажмите «Попробовать снова».', 'Или откройте разговор на телефоне.']
  };
  return { title: title(why, what), steps: steps[why] || CLOSE };
}

// Of what open() has found lacking: each by its own name.
export function wordsOf({ audio, video }) {
  if (!audio || !video || reason(audio) === reason(video)) return words(audio || video, audio ? (video ? 'both' : 'audio') : 'video');
  const { title: first, steps } = words(audio, 'audio');
  return { title: `${first}. ${title(reason(video), 'video')}`, steps };
}

// What reach() has found, for people.
export function wayWords(found) {
  return {
    relay: 'Связь с клиникой есть',
    direct: 'Связь есть',
    refused: 'Сервер связи не пускает клинику. Напишите в поддержку, а поговорить можно по телефону',
    unreachable: 'Сервер связи недоступен: попробуйте другую сеть, например мобильный интернет вместо Wi-Fi',
    sockets: 'Эта сеть не пропускает разговор: попробуйте другую, например мобильный интернет вместо Wi-Fi'
  }[found];
}

// told(0…1) ten times a second, until the returned function is called.
export function meter(stream, told) {
  if (!Sound) return () => {};
  const sound = new Sound(), ear = sound.createAnalyser(), heard = new Uint8Array(ear.fftSize);
  sound.createMediaStreamSource(stream).connect(ear);
  if (sound.resume) sound.resume();
  const timer = setInterval(() => {
    ear.getByteTimeDomainData(heard);
    told(Math.min(1, heard.reduce((most, one) => Math.max(most, Math.abs(one - 128)), 0) / 80));
  }, 100);
  return () => { clearInterval(timer); sound.close(); };
}

// Two soft tones; to be called from a press.
export function beep() {
  const sound = new Sound(), loudness = sound.createGain(), begin = sound.currentTime + 0.05;
  loudness.connect(sound.destination);
  loudness.gain.value = 0;
  [[660, 0], [880, 0.35]].forEach(([pitch, after]) => {
    const tone = sound.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(loudness);
    loudness.gain.setTargetAtTime(0.4, begin + after, 0.02);
    loudness.gain.setTargetAtTime(0, begin + after + 0.25, 0.03);
    tone.start(begin + after);
    tone.stop(begin + after + 0.4);
  });
  setTimeout(() => sound.close(), 1500);
}

// Can a call reach the other side from here? `relay`, `direct`, `refused` (the relay does not believe us) or `unreachable`.
export function reach(ice, timeout) {
  const servers = ice.iceServers || [], hasRelay = servers.some((one) => [].concat(one.urls).some((url) => /^turns?:/.test(url)));
  const pc = opened(ice);
  return pc ? tried(pc, hasRelay, timeout || 6000) : Promise.resolve('unreachable');
}

// Firefox takes no address whose port it thinks is another service's.
function opened(ice) {
  try {
    return new RTCPeerConnection(ice);
  } catch (error) { return null; }
}

function tried(pc, hasRelay, timeout) {
  return new Promise((done) => {
    let isRefused = false, isHere = false;
    const end = (result) => { clearTimeout(timer); pc.onicecandidate = pc.onicecandidateerror = null; pc.close(); done(result); };
    const give = () => end(hasRelay ? (isRefused ? 'refused' : 'unreachable') : isHere ? 'direct' : 'unreachable');
    const timer = setTimeout(give, timeout);
    pc.onicecandidateerror = (event) => { isRefused = isRefused || event.errorCode === 401 || event.errorCode === 403; };
    pc.onicecandidate = (event) => {
      const line = event.candidate ? event.candidate.candidate : '';
      if (!event.candidate) give();
      else if (/ typ relay/.test(line)) end('relay');
      else if (line) { isHere = true; if (!hasRelay) end('direct'); }
    };
    pc.createOffer({ offerToReceiveAudio: true }).then((offer) => pc.setLocalDescription(offer)).catch(() => end('unreachable'));
  });
}
