// Sound and film: one recording plays at a time, a voice message has a player of ours, and what an engine cannot play is
// offered to be kept.
(function () {
  'use strict';
  var STEP = 5, SPEEDS = { '1': ['1×', 'обычная'], '1.5': ['1,5×', 'полтора раза быстрее'], '2': ['2×', 'вдвое быстрее'] };
  var LOST_NETWORK = 2;

  // What is live – a call, one's own camera – has no address: it neither interrupts a recording nor is interrupted.
  function isLive(media) { return !media.src && !media.querySelector('source'); }

  document.addEventListener('play', function (event) {
    if (isLive(event.target)) return;
    ibolit.each(document.querySelectorAll('audio, video'), function (other) {
      if (other !== event.target && !isLive(other)) other.pause();
    });
  }, true);

  function two(number) { return (number < 10 ? '0' : '') + number; }
  function clock(seconds) {
    var whole = Math.round(seconds);
    return Math.floor(whole / 60) + ':' + two(whole % 60);
  }

  function plays(media, type) { return !!media.canPlayType && media.canPlayType(type) !== ''; }

  function speed() { return SPEEDS[ibolit.getItem('speed')] ? ibolit.getItem('speed') : '1'; }

  ibolit.behaviour('voice', function (box) {
    var audio = box.querySelector('audio'), bar = box.querySelector('.voice__bar'), done = box.querySelector('.voice__done');
    var play = box.querySelector('.voice__play'), pace = box.querySelector('.voice__speed'), cannot = box.querySelector('.voice__cannot');
    var told = Number(box.getAttribute('data-seconds')), wanted = null, drags = false;

    if (!plays(audio, 'audio/mp4; codecs="mp4a.40.2"')) {
      audio.hidden = true;
      cannot.hidden = false;
      return null;
    }

    function length() { return (isFinite(audio.duration) && audio.duration) || told; }
    function place() { return wanted === null ? audio.currentTime : wanted; }

    function draw() {
      var at = Math.min(place(), length()), words = clock(at) + ' из ' + clock(length());
      done.style.width = (length() ? 100 * at / length() : 0) + '%';
      bar.setAttribute('aria-valuenow', Math.round(at));
      bar.setAttribute('aria-valuetext', words);
      box.querySelector('.voice__time').textContent = at || !audio.paused ? words : clock(length());
      box.classList.toggle('voice--plays', !audio.paused);
      play.setAttribute('aria-label', audio.paused ? 'Слушать' : 'Пауза');
    }

    function drawSpeed() {
      audio.defaultPlaybackRate = audio.playbackRate = Number(speed());
      pace.textContent = SPEEDS[speed()][0];
      pace.setAttribute('aria-label', 'Скорость ' + SPEEDS[speed()][0] + ': ' + SPEEDS[speed()][1]);
    }

    // Nothing is loaded before somebody listens: until then the place is only remembered.
    function settle() {
      if (wanted !== null && !drags && audio.readyState > 0) {
        audio.currentTime = wanted;
        wanted = null;
      }
      draw();
    }

    function seek(seconds) {
      wanted = Math.max(0, Math.min(length(), seconds));
      settle();
    }

    function seekTo(point) {
      var line = bar.getBoundingClientRect();
      seek(length() * (point.clientX - line.left) / line.width);
    }

    function toggle() {
      var started;
      if (!audio.paused) { audio.pause(); return; }
      if (audio.error) { wanted = place(); audio.load(); }
      cannot.hidden = true;
      box.classList.add('voice--waits');
      started = audio.play();
      if (started && started['catch']) started['catch'](draw); // what went wrong is told by the event
    }

    function fail() {
      audio.pause();
      box.classList.remove('voice--waits');
      cannot.querySelector('span').textContent = 'Запись не открылась. Попробуйте ещё раз или скачайте её.';
      cannot.hidden = false;
      draw();
      htmx.trigger(document.body, 'ibolit:resized');
    }

    function onKey(event) {
      var ways = { 37: place() - STEP, 39: place() + STEP, 40: place() - STEP, 38: place() + STEP, 36: 0, 35: length() };
      if (ways[event.keyCode] === undefined) return;
      event.preventDefault();
      seek(ways[event.keyCode]);
    }

    function onPress(event) {
      if (event.button) return;
      drags = true;
      seekTo(event);
    }

    function onDrag(event) {
      if (!drags) return;
      event.preventDefault();
      seekTo(event);
    }

    function onRelease() {
      if (!drags) return;
      drags = false;
      settle();
    }

    audio.hidden = true;
    box.querySelector('.voice__player').hidden = false;
    play.addEventListener('click', toggle);
    pace.addEventListener('click', function () {
      ibolit.setItem('speed', { '1': '1.5', '1.5': '2', '2': '' }[speed()]);
      htmx.trigger(document.body, 'ibolit:speed');
    });
    bar.addEventListener('keydown', onKey);
    bar.addEventListener('mousedown', onPress);
    document.addEventListener('mousemove', onDrag);
    document.addEventListener('mouseup', onRelease);
    bar.addEventListener('touchstart', function (event) { onPress(event.touches[0]); });
    bar.addEventListener('touchmove', function (event) { event.preventDefault(); seekTo(event.touches[0]); });
    bar.addEventListener('touchend', onRelease);
    bar.addEventListener('touchcancel', onRelease);
    ['timeupdate', 'play', 'pause', 'durationchange'].forEach(function (name) { audio.addEventListener(name, draw); });
    ['playing', 'pause'].forEach(function (name) {
      audio.addEventListener(name, function () { box.classList.remove('voice--waits'); });
    });
    audio.addEventListener('loadedmetadata', settle);
    audio.addEventListener('loadedmetadata', drawSpeed); // old WebKit forgets it with every load
    audio.addEventListener('ended', function () {
      audio.pause(); // old WebKit stays as if it played
      seek(0);
    });
    audio.addEventListener('error', fail);
    document.body.addEventListener('ibolit:speed', drawSpeed);
    drawSpeed();
    draw();
    return function () {
      audio.pause();
      document.removeEventListener('mousemove', onDrag);
      document.removeEventListener('mouseup', onRelease);
      document.body.removeEventListener('ibolit:speed', drawSpeed);
    };
  });

  ibolit.behaviour('video', function (box) {
    var video = box.querySelector('video');
    if (!video) return;
    if (!plays(video, 'video/mp4')) give();
    function give() {
      if (video.error && video.error.code === LOST_NETWORK) return;
      box.querySelector('.video__cannot').hidden = false;
      htmx.trigger(document.body, 'ibolit:resized');
    }
    video.addEventListener('error', give);
    // Sound without a picture is what an engine makes of a film it knows half of.
    video.addEventListener('loadedmetadata', function () { if (!video.videoWidth) give(); });
  });
})();
