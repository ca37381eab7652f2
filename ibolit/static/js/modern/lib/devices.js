// Microphones, cameras, loudspeakers, and what an engine can do with them. Knows no page; the words are for people.
const devices = (() => {
  const media = navigator.mediaDevices;
  const Sound = window.AudioContext || window.webkitAudioContext;
  const PICTURE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 } };
  const VOICE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const IN_APPS = [
    [/VKAndroidApp|VKClient|com\.vk\.|\bVK\//i, 'VK'], [/Telegram/i, 'Telegram'], [/WhatsApp/i, 'WhatsApp'], [/Instagram/i, 'Instagram'],
    [/FBAN|FBAV|FB_IAB/, 'Facebook'], [/Viber/i, 'Viber'], [/OKApp|odkl/i, 'Одноклассники'], [/YaApp|YandexSearch|YaSearchApp/i, 'Яндекс'],
    [/MailRu|Mail\.Ru/i, 'Почта Mail'], [/\bLine\//, 'Line']
  ];

  const can = {
    get call() { return Boolean(window.RTCPeerConnection && window.WebSocket && media && media.getUserMedia); },
    get speaker() { return 'setSinkId' in HTMLMediaElement.prototype && Boolean(media && media.enumerateDevices); },
    get facing() { return Boolean(media && media.getSupportedConstraints && media.getSupportedConstraints().facingMode); }
  };

  function platform(agent) {
    if (/Android/i.test(agent)) return 'android';
    // iPads of today call themselves Macs.
    return /iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1) ? 'ios' : 'desktop';
  }

  // The app whose window this is, '' for a browser of its own.
  function inApp(agent, isStandalone) {
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

  // Camera and microphone, or the microphone alone when there is no camera to be had: then `lack` says why.
  async function open({ video, facing }) {
    try {
      return { stream: await ask({ audio: true, video, facing }), lack: null };
    } catch (error) {
      if (!video) throw error;
      try {
        return { stream: await ask({ audio: true }), lack: error };
      } catch (second) { // it is the microphone, and that is worse
        throw second;
      }
    }
  }

  async function camera(facing) { return (await ask({ video: true, facing })).getVideoTracks()[0]; }
  async function microphone() { return (await ask({ audio: true })).getAudioTracks()[0]; }

  async function list(kind) {
    if (!media || !media.enumerateDevices) return [];
    return (await media.enumerateDevices()).filter((one) => one.kind === kind);
  }

  const NAMES = { both: 'камере и микрофону', audio: 'микрофону', video: 'камере' };
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

  // What is wrong, and what to press on this phone.
  function words(error, what, agent) {
    const name = error ? error.name : '', where = platform(agent || navigator.userAgent);
    if (!window.isSecureContext || name === 'SecurityError' || !media) {
      return { title: 'На этой странице звонок невозможен', steps: ['Откройте сайт по защищённому адресу: он начинается с https://'] };
    }
    if (name === 'NotAllowedError' || name === 'PermissionDeniedError') {
      return { title: `Нет доступа к ${NAMES[what]}`, steps: ALLOW[where] };
    }
    if (name === 'NotFoundError' || name === 'DevicesNotFoundError' || name === 'OverconstrainedError') {
      const lacking = what === 'video' ? 'Камера не найдена' : what === 'audio' ? 'Микрофон не найден' : 'Камера и микрофон не найдены';
      return { title: lacking, steps: ['Подключите устройство и нажмите «Попробовать снова».', 'Или откройте разговор на телефоне.'] };
    }
    if (name === 'NotReadableError' || name === 'TrackStartError' || name === 'AbortError') {
      return { title: `${{ video: 'Камера занята', audio: 'Микрофон занят' }[what] || 'Камера или микрофон заняты'} другим приложением`, steps: CLOSE };
    }
    return { title: `Не удалось включить ${what === 'audio' ? 'микрофон' : 'камеру и микрофон'}`, steps: CLOSE };
  }

  // told(0…1) ten times a second, until the returned function is called.
  function meter(stream, told) {
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
  function beep() {
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
  function reach(ice, patience) {
    const servers = ice.iceServers || [], hasRelay = servers.some((one) => [].concat(one.urls).some((url) => /^turns?:/.test(url)));
    return new Promise((done) => {
      const pc = new RTCPeerConnection(ice);
      let isRefused = false, isHere = false;
      const end = (result) => { clearTimeout(timer); pc.onicecandidate = pc.onicecandidateerror = null; pc.close(); done(result); };
      const give = () => end(hasRelay ? (isRefused ? 'refused' : 'unreachable') : isHere ? 'direct' : 'unreachable');
      const timer = setTimeout(give, patience || 6000);
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

  return { can, platform, inApp, open, camera, microphone, list, words, meter, beep, reach };
})();
