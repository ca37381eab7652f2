// What a form may say is said over the page's open socket, when it is known to be well: it is quicker and costs less.
// done(status, html) is told what the form would have been answered; status 0 when no acknowledgement came in time, or
// the socket went. Whoever asks sends the form then, with the same client id.
(function () {
  'use strict';
  // ms; and characters: what is longer the server does not hear out
  var PATIENCE = 4000, LONGEST = 16000, ACK = /^<i data-ack="([^"]*)" data-status="(\d+)" hidden><\/i>/;
  var asked = {}, isDeaf = false;

  ibolit.bySocket = function (frame, done) {
    var words = JSON.stringify(frame), id = frame.client_id, timer;
    if (isDeaf || words.length > LONGEST || !ibolit.say(words)) return false;
    asked[id] = function (status, html) {
      clearTimeout(timer);
      delete asked[id];
      done(status, html);
    };
    timer = setTimeout(function () {
      isDeaf = true; // until something is heard in it again
      asked[id](0, '');
    }, PATIENCE);
    return true;
  };

  function giveUp() {
    Object.keys(asked).forEach(function (id) { asked[id](0, ''); });
  }

  document.body.addEventListener('htmx:wsBeforeMessage', function (event) {
    var words = event.detail.message, ack = ACK.exec(words);
    isDeaf = false;
    if (!ack) return;
    event.preventDefault();
    event.stopPropagation(); // it is placed by whoever asked
    if (asked[ack[1]]) asked[ack[1]](Number(ack[2]), words.slice(ack[0].length));
  });
  document.body.addEventListener('htmx:wsClose', giveUp);
  document.body.addEventListener('htmx:wsConnecting', giveUp); // in place of one that was taken for dead
})();
